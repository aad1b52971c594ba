"""The page on reports from elsewhere names tests that exist, for every row of the project's list."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHORT = {"elsewhere": "tests/badinput/test_reported_elsewhere.py"}


def rows() -> dict[int, str]:
    page = (ROOT / "docs" / "trust" / "reported-elsewhere.md").read_text(encoding="utf-8")
    return {int(n): cells for n, cells in re.findall(r"^\| (\d+) \| (.*) \|$", page, re.MULTILINE)}


def test_every_test_exists() -> None:
    for number, cells in rows().items():
        named = re.findall(r"`([\w/.]+)::(test_\w+)`", cells)
        assert named, f"row {number} names no test"
        for file, test in named:
            text = (ROOT / SHORT.get(file, file)).read_text(encoding="utf-8")
            assert f"\ndef {test}(" in text, f"row {number}: {file}::{test}"


def test_every_numbered_test_is_named() -> None:
    text = (ROOT / SHORT["elsewhere"]).read_text(encoding="utf-8")
    named = " ".join(rows().values())
    assert [t for t in re.findall(r"\ndef (test_\d+\w+)\(", text) if f"::{t}`" not in named] == []


def test_every_report_of_the_list_has_a_row(shared: Path) -> None:
    text = (shared / "design" / "bugs-elsewhere.md").read_text(encoding="utf-8")
    assert sorted(rows()) == sorted(int(n) for n in re.findall(r"^\| (\d+) \|", text, re.MULTILINE))
