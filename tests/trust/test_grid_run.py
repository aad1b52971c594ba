"""The run over the grid of densities: it goes on where it was, tells what differs, and states what was not tried."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.trust import grid_run
from tests.trust.grid import GRID, MIXED

SOME = [
    ("poisson", "log", "us", "centered"),
    ("poisson", "log", "idh", "noncentered"),
    ("beta", "logit", "us", "centered"),
]


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Three points of the grid, without models; the last differs."""
    found: list[tuple[str, ...]] = []

    def check(*point: str) -> tuple[float, float]:
        found.append(point)
        if point[0] == "beta":
            raise AssertionError("not\nequal")
        return 1e-12 * len(found), 2e-9

    monkeypatch.setattr(grid_run, "MIXED", SOME)
    monkeypatch.setattr(grid_run, "check", check)
    return found


def test_every_point_is_in_the_run() -> None:
    assert sorted(MIXED) == sorted(GRID)
    assert len(set(map(grid_run.label, GRID))) == len(GRID)


def test_it_goes_on_where_it_was(checked: list[tuple[str, ...]], tmp_path: Path) -> None:
    assert grid_run.run(tmp_path, minutes=1e-9) == 3
    assert not checked
    assert grid_run.run(tmp_path) == 0
    with (tmp_path / "densities.jsonl").open("a", encoding="utf-8") as out:
        out.write('{"point": "half')
    assert grid_run.run(tmp_path) == 0
    assert checked == SOME


def test_what_is_said(checked: list[tuple[str, ...]], tmp_path: Path) -> None:
    grid_run.run(tmp_path)
    result = grid_run.summarise(tmp_path)
    assert result["failed"] == {"beta/logit/us/centered": "AssertionError: not equal"}
    assert result["off"]["poisson/log/idh/noncentered"] == [2e-12, 2e-9]
    grid_run.write(result, tmp_path / "density.json", tmp_path / "page.md")
    assert json.loads((tmp_path / "density.json").read_text(encoding="utf-8")) == json.loads(json.dumps(result))
    text = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert f"**2 of {len(GRID)} combinations agree**; {len(GRID) - 3} have not been tried" in text
    assert "* beta/logit/us/centered: `AssertionError: not equal`" in text
    of_poisson = sum(p[:2] == ("poisson", "log") for p in GRID)
    assert f"| `poisson` | log | 2 of {of_poisson} | 2.0e-12 | 2.0e-09 |" in text


def test_records_of_other_sources_are_set_aside(
    checked: list[tuple[str, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid_run.run(tmp_path)
    monkeypatch.setattr(grid_run, "_fingerprints", lambda: {"code": "another", "meaning": grid_run.digest([])})
    assert not grid_run.known(tmp_path, any_code=True)


def test_what_is_known_of_a_difference_is_said() -> None:
    assert set(grid_run.EXPLAINED) <= set(map(grid_run.label, GRID))
    (name, reason), *_ = grid_run.EXPLAINED.items()
    assert grid_run._failure(name, "AssertionError") == f"{name}: `AssertionError` {reason}."
    assert grid_run._failure("beta/logit/us/centered", "E") == "beta/logit/us/centered: `E`"


def test_points_of_other_code_may_count_and_the_page_says_so(
    checked: list[tuple[str, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grid_run, "commit", lambda: "aaaaaaa")
    monkeypatch.setattr(grid_run, "MIXED", SOME[:1])
    grid_run.run(tmp_path)
    here = grid_run._fingerprints()
    monkeypatch.setattr(grid_run, "_fingerprints", lambda: here | {"code": "another"})
    monkeypatch.setattr(grid_run, "commit", lambda: "bbbbbbb")
    monkeypatch.setattr(grid_run, "MIXED", SOME)
    assert not grid_run.known(tmp_path)
    grid_run.run(tmp_path, any_code=True)
    assert checked == SOME
    assert "commits bbbbbbb (2), aaaaaaa (1)," in grid_run.text(grid_run.summarise(tmp_path, any_code=True))
    assert "commit bbbbbbb," in grid_run.text(grid_run.summarise(tmp_path))
