"""The page of coverage: shares, what misses the goal, and what was not measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.coverage import page
from tests.coverage.__main__ import main
from tests.coverage.measure import ROOT, TESTS, summary

REPORT = {
    "totals": {"num_statements": 50, "covered_lines": 49, "num_branches": 20, "covered_branches": 18},
    "files": {
        "hierlm/links/b.py": {"missing_branches": [[3, -1], [7, 9]]},
        "hierlm/links/a.py": {"missing_branches": []},
    },
}


def test_every_package_has_tests_of_its_own() -> None:
    packages = {f.parent.name for f in (ROOT / "hierlm").glob("*/__init__.py")}
    assert set(TESTS) == packages - {"kernels", "testing"}
    assert all((ROOT / test).exists() for tests in TESTS.values() for test in tests)


def test_what_is_kept_of_a_report() -> None:
    found = summary(REPORT)
    assert (found["branches"], found["branches_run"]) == (20, 18)
    assert found["missing"] == {"hierlm/links/b.py": [[3, 0], [7, 9]]}


def test_the_page_says_what_misses_and_what_is_missing(tmp_path: Path) -> None:
    file, made = tmp_path / "coverage.json", tmp_path / "coverage.md"
    good = summary(REPORT) | {"passed": True, "commit": "aaaaaaa", "seconds": 1}
    page.store("links", good, file)
    page.store("priors", good | {"branches_run": 20, "missing": {}, "passed": False}, file)
    assert page.below(page.read(file)) == ["links"]
    text = page.write_page(file, made).read_text(encoding="utf-8")
    assert "| `links` | 50 | 98.0% | 20 | 90.0% | aaaaaaa |" in text
    assert "| `priors` | 50 | 98.0% | 20 | 100.0% | aaaaaaa, its tests failed |" in text
    assert "| **all** | 100 | 98.0% | 40 | **95.0%** | |" in text
    assert "Below the goal: `links`. Not measured: `correlations`," in text
    assert "| `hierlm/links/b.py` | 2 |" in text
    page.store("links", good | {"branches_run": 20}, file)
    assert page.below(page.read(file)) == []


def test_an_unknown_package_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["kernels"])
    assert "no such package: kernels" in capsys.readouterr().err
