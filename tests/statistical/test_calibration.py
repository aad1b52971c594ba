"""Simulation-based calibration of every way to sample, a few cells of the grid of tests/trust; ``make trust`` has all.

Cook, Gelman & Rubin (2006); Talts et al. (2018), arXiv:1804.06788; the log-likelihood as a quantity: Modrák et al.
(2023), arXiv:2211.02383.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

import hierlm as hl
from tests.trust.cells import CELLS
from tests.trust.judge import judge
from tests.trust.replicate import replicate

MARGINAL, WHITENED, FROZEN = "gaussian marginal", "whitened effects", "effects whitened at the mode"

CASES = {
    ("gaussian/slope us", "default"): MARGINAL,
    ("gaussian/crossed", "default"): MARGINAL,
    ("poisson/slope us", "default"): WHITENED,
    ("bernoulli/crossed", "default"): WHITENED,
    ("binomial/nested", "default"): WHITENED,
    ("negbinomial/slope idh", "default"): WHITENED,
    ("poisson/observation", "default"): WHITENED,
    ("poisson/crossed", "frozen"): FROZEN,
    ("gaussian/nested", "frozen"): FROZEN,
}
REPLICATIONS = 200
MISS = 1e-4
"""Probability that all of these cells together fail by chance."""


@pytest.mark.slow
@pytest.mark.statistical
@pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")
@pytest.mark.parametrize(("name", "path"), CASES)
def test_ranks_are_uniform(name: str, path: str) -> None:
    """Both tests of every quantity; no fit fails.  All cases together fail by chance once in 10,000 runs."""
    started = time.perf_counter()
    records = [replicate(CELLS[name], path, number) for number in range(REPLICATIONS)]
    assert not [r["error"] for r in records if "error" in r]
    assert {r["plan"] for r in records} == {CASES[name, path]}
    print(f"\n{name}: {REPLICATIONS} replications in {time.perf_counter() - started:.0f} s")
    tests = 2 * len(CASES) * 16  # no cell has more than 16 quantities
    for quantity in records[0]["ranks"]:
        found = judge([r["ranks"][quantity] for r in records])
        print(f"  {quantity:20s} p = {found.p_ecdf:.3f}, var z = {found.variance_z:.3f}, mean z = {found.mean_z:.3f}")
        assert min(found.p_ecdf, found.p_z) * tests > MISS, quantity


@pytest.mark.slow
@pytest.mark.statistical
@pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")
@pytest.mark.parametrize("name", ["poisson/intercept", "bernoulli/crossed", "poisson/observation"])
def test_the_graph_has_the_same_posterior(name: str) -> None:
    """Means and sds of everything, with default priors, within 4.5 Monte-Carlo errors of joint NUTS on the PyMC graph."""
    cell = CELLS[name]
    model = hl.Model(cell.formula, cell.simulate(5).table, cell.response.text)
    options: dict[str, Any] = {"draws": 2000, "chains": 4, "seed": 8, "progress": False}
    ours, theirs = (model.fit(reduce=reduce, **options).posterior for reduce in (True, False))
    from arviz_stats.base import array_stats

    for variable in theirs.data_vars:
        for index in np.ndindex(*theirs[variable].shape[2:]):
            pair = [p[variable].to_numpy()[(..., *index)] for p in (ours, theirs)]
            for method, statistic in (("mean", np.mean), ("sd", np.std)):
                errors = [float(array_stats.mcse(v, method=method, chain_axis=0, draw_axis=1)) for v in pair]
                off = abs(statistic(pair[0]) - statistic(pair[1]))
                assert off <= 4.5 * np.hypot(*errors), (variable, index, method, off, errors)
