"""The estimate of memory: its count is the posterior's, and it refuses before anything is sampled."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.fit import memory
from hierlm.fit.memory import COPIES, STATISTICS, available_memory, check_memory, stored_values
from hierlm.samplers import Settings
from tests.synthetic import synthetic_fit
from tests.unit.posterior.test_predict import MODELS, table


@pytest.mark.parametrize("name", MODELS)
def test_the_count_is_that_of_the_posterior(name: str):
    formula, arguments = MODELS[name]
    fit = synthetic_fit(hl.Model(formula, table(), **arguments), chains=1, draws=1)
    assert stored_values(fit.model) == sum(v.size for v in fit.posterior.data_vars.values())


def model(levels: int = 20) -> hl.Model:
    rng = np.random.default_rng(1)
    data = {"y": rng.normal(size=3 * levels), "x": rng.normal(size=3 * levels), "g": np.repeat(np.arange(levels), 3)}
    return hl.Model("y ~ x + (x | g)", pd.DataFrame(data))


@pytest.mark.parametrize(
    ("reduce", "size"),
    [(True, "9 values need"), (False, "49 values (most are effects of 'g') need")],
    ids=["effects drawn later", "effects kept"],
)
def test_refused_at_once_with_the_sizes_and_the_remedy(reduce: bool, size: str):
    start = time.process_time()
    with pytest.raises(hl.SamplingError) as caught:
        model().fit(draws=10**10, seed=1, reduce=reduce)
    assert time.process_time() - start < 1
    text = str(caught.value)
    assert f"4 chains of 10,000,000,000 draws of {size}" in text
    fitting = int(re.search(r"Up to draws=([\d,]+) would fit", text)[1].replace(",", ""))
    assert 0 < fitting < 10**10


@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize("draws", [999, 1000, 1001])
def test_the_limit(draws: int, graph: bool, monkeypatch: pytest.MonkeyPatch):
    """Exactly the free memory is enough, and what the message says would fit does."""
    free = int(COPIES * 8 * (49 * (2 if graph else 1) + STATISTICS) * 4 * 1000)
    monkeypatch.setattr(memory, "available_memory", lambda: free)
    if draws <= 1000:
        check_memory(model(), Settings(draws=draws), graph=graph)
        return
    with pytest.raises(hl.SamplingError, match="draws=1,000 would fit"):
        check_memory(model(), Settings(draws=draws), graph=graph)


def test_not_even_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 100)
    with pytest.raises(hl.SamplingError, match="Not even one draw"):
        check_memory(model(), Settings(draws=1), graph=False)


def test_what_is_not_known_refuses_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory, "available_memory", lambda: None)
    check_memory(model(), Settings(draws=10**15), graph=True)


CASES: dict[str, tuple[dict[str, Any], int]] = {
    "a container": ({"memory.max": "3000", "memory.current": "1000", "memory.stat": "anon 5\ninactive_file 500"}, 2500),
    "a full container": ({"memory.max": "3000", "memory.current": "3500", "memory.stat": "inactive_file 0"}, 0),
}


@pytest.mark.parametrize("case", CASES)
def test_a_container_counts(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    files, expected = CASES[case]
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    assert available_memory() == expected


def test_no_limit_is_no_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    before = available_memory()
    for name, text in {"memory.max": "max", "memory.current": "1", "memory.stat": "inactive_file 0"}.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    after = available_memory()
    assert before is not None and after is not None
    assert after > 0.5 * before


def test_where_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for place in ("CGROUP", "MACHINE", "PROCESS"):
        monkeypatch.setattr(memory, place, tmp_path / "none")
    monkeypatch.setattr(memory.os, "sysconf", lambda name: (_ for _ in ()).throw(ValueError(name)))
    assert available_memory() is None
