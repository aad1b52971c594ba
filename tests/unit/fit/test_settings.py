"""What fit() is asked for: refused with the argument, its value and a remedy, or passed on as it is."""

from __future__ import annotations

import os
import sys
from typing import Any

import numpy as np
import pytest

import hierlm as hl
from hierlm.fit.settings import ELSEWHERE, GRAPH, check_options, checked_settings
from hierlm.samplers import Settings

USUAL: dict[str, Any] = {
    "draws": 1000,
    "tune": None,
    "chains": 4,
    "cores": None,
    "seed": 1,
    "target_accept": None,
    "max_treedepth": 10,
    "progress": False,
}


def checked(**given: Any) -> Settings:
    return checked_settings(GRAPH, **(USUAL | given))


@pytest.mark.parametrize(
    ("name", "values", "remedy"),
    [
        ("draws", [0, -1, 10.0, "10", True, None], "draws=1000"),
        ("tune", [-1, 5.0, False], "tune=1000"),
        ("chains", [0, 2.0, True], "chains=4"),
        ("max_treedepth", [0, "10", True], "max_treedepth=10"),
        ("cores", [0, 1.0, True, "all"], "Leave it out"),
        ("target_accept", [0, 1, 1.5, -0.1, True, "0.9", float("nan")], "Try 0.9"),
        ("seed", [-1, 2**32, 1.0, True, "1"], "seed=1"),
        ("progress", [1, "yes", 0], "Leave it out"),
    ],
)
def test_arguments_out_of_range(name: str, values: list[Any], remedy: str) -> None:
    for value in values:
        with pytest.raises(hl.SamplingError) as caught:
            checked(**{name: value})
        assert f"{name}={value!r}" in caught.value.message
        assert remedy in str(caught.value.hint)


def test_what_is_passed_on() -> None:
    found = checked(draws=np.int64(7), tune=np.int32(3), seed=np.uint32(2**32 - 1), chains=2, cores=8, progress=True)
    assert found == Settings(7, 3, 2, 2, 2**32 - 1, GRAPH.target_accept, 10, True)
    assert (checked().tune, checked().target_accept) == (GRAPH.tune, GRAPH.target_accept)
    assert checked(target_accept=0.5).target_accept == 0.5
    assert checked(cores=None).cores == min(4, os.cpu_count() or 1)


def test_a_seed_of_its_own_each_time() -> None:
    seeds = {checked(seed=None).seed for _ in range(20)}
    assert len(seeds) > 15
    assert all(0 <= s < 2**31 for s in seeds)


@pytest.mark.parametrize(("notebook", "terminal"), [(False, False), (False, True), (True, False)])
def test_progress_is_shown_where_someone_watches(
    notebook: bool, terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if notebook:
        monkeypatch.setitem(sys.modules, "ipykernel", sys)
    else:
        monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    assert checked(progress=None).progress == (notebook or terminal)


def test_options_by_the_names_of_other_packages() -> None:
    check_options(["draws", "seed"], ["draws", "seed"])
    for name, ours in ELSEWHERE.items():
        with pytest.raises(hl.SamplingError, match=f"no option '{name}'") as caught:
            check_options([name], ["draws", "tune", "chains"])
        assert caught.value.hint == f"hierlm calls it {ours}=."
    with pytest.raises(hl.SamplingError, match="no option 'drwas'") as caught:
        check_options(["drwas"], ["draws", "tune", "chains"])
    assert "draws" in str(caught.value.hint)
