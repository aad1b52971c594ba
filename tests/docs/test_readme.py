"""The README: its figures are those of the page they come from."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def table(text: str, title: str) -> list[list[str]]:
    """Cells of the first table after a heading, without its header."""
    lines = re.search(r"(?:^\|.*\n)+", text.split(f"## {title}\n")[1], re.MULTILINE)
    assert lines is not None
    return [[c.strip() for c in line.strip("|\n").split("|")] for line in lines[0].splitlines()[2:]]


def test_seconds_and_sample_sizes_are_those_of_the_panel():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "sampling.md").read_text(encoding="utf-8")
    panel = {row[0]: row[1:] for row in table(page, "Beside Bambi and nutpie")}
    rows = table(readme, "How long it takes")
    assert len(rows) >= 5
    for name, ours, theirs in rows:
        key = name.split(",")[0]
        key = "sleepstudy-us" if key == "sleepstudy" else key
        seconds, ess = re.fullmatch(r"([\d.]+) s, ([\d,]+)", ours).groups()
        assert panel[key][0].startswith(f"{seconds} s ("), name
        assert f"), {ess}, " in panel[key][0], name
        peer = re.match(r"[\d.]+ s, [\d,]+", theirs)[0]
        assert panel[key][1].startswith(f"{peer}, "), name


def test_it_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 140
