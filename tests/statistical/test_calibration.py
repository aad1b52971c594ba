"""Simulation-based calibration of every way to sample: truths drawn from the prior are uniform among the draws.

Cook, Gelman & Rubin (2006); Talts et al. (2018), arXiv:1804.06788; the log-likelihood as a quantity: Modrák et al.
(2023), arXiv:2211.02383.  The simulators are NumPy code of their own.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from scipy import stats

import hierlm as hl
from tests.statistical.simulators import CASES, Case, Replication

RANKS = 50
"""Of a truth among 49 draws."""

MISS = 1e-4
"""Probability that one of the two tests of one quantity fails by chance."""


def _quantities(case: Case, made: Replication, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Every parameter, one effect and the sum of all effects a grouping, the log-likelihood; ``values`` are (…, *shape)."""
    found: dict[str, np.ndarray] = {}
    x, eta = made.frame["x"], values["b"][..., :1] + values["b"][..., 1:] * made.frame["x"]
    for name, value in values.items():
        if name.startswith("r_"):
            codes = np.unique(made.frame[name[2:]], return_inverse=True)[1]
            eta = eta + value[..., codes, 0]
            if value.shape[-1] == 2:
                eta = eta + value[..., codes, 1] * x
                found[f"{name}[0, x]"] = value[..., 0, 1]
            found[f"{name}[0]"], found[f"Σ {name}"] = value[..., 0, 0], value[..., 0].sum(axis=-1)
        elif name.startswith("cor"):
            found[name] = value[..., 0, 1]
        elif name == "sigma":
            found[name] = value
        else:
            found |= {f"{name}[{i}]": value[..., i] for i in range(value.shape[-1])}
    return found | {"log-likelihood": case.log_likelihood(made.frame, eta, values)}


def _ranks(case: Case, seed: int) -> dict[str, float]:
    """The rank of every truth among thinned draws, between 0 and 1."""
    made = case.simulate(np.random.default_rng([11, seed]))
    model = hl.Model(case.formula, made.frame, case.family, priors=case.priors)
    assert model.plan().name == case.plan
    posterior = model.fit(draws=100, chains=2, seed=seed, progress=False).posterior
    drawn = {
        name: posterior[name].to_numpy()[:, ::4].reshape(-1, *posterior[name].shape[2:])[1:] for name in made.truth
    }
    truths, draws = _quantities(case, made, made.truth), _quantities(case, made, drawn)
    assert all(values.shape == (RANKS - 1,) for values in draws.values())
    return {name: (np.sum(draws[name] < truths[name]) + 0.5) / RANKS for name in truths}


@pytest.mark.slow
@pytest.mark.statistical
@pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")
@pytest.mark.parametrize("name", CASES)
def test_ranks_are_uniform(name: str) -> None:
    """A χ² test in 10 bins and a test of Σz² for every quantity; by chance it fails once in about 500 runs."""
    case, started = CASES[name], time.perf_counter()
    found: dict[str, list[float]] = {}
    for replication in range(case.replications):
        for quantity, rank in _ranks(case, replication).items():
            found.setdefault(quantity, []).append(rank)
    print(f"\n{name}: {case.replications} replications in {time.perf_counter() - started:.0f} s")
    for quantity, ranks in found.items():
        _check_uniform(quantity, np.array(ranks))


def _check_uniform(quantity: str, ranks: np.ndarray) -> None:
    counts = np.histogram(ranks, bins=10, range=(0, 1))[0]
    every = stats.norm.ppf((np.arange(RANKS) + 0.5) / RANKS)
    squares = np.sum(stats.norm.ppf(ranks) ** 2) / np.mean(every**2)
    upper, lower = stats.chi2.isf([MISS / 2, 1 - MISS / 2], len(ranks))
    p = float(stats.chisquare(counts).pvalue)
    print(f"  {quantity:20s} p = {p:.3f}, var z = {squares / len(ranks):.3f}, mean rank = {ranks.mean():.3f}, {counts}")
    assert p > MISS, quantity
    assert lower < squares < upper, quantity


MODELS: dict[str, tuple[str, str]] = {
    "poisson": ("y ~ x + (1 | g)", "poisson"),
    "bernoulli, crossed": ("y ~ x + (1 | g) + (1 | h)", "bernoulli"),
    "poisson, one effect a row": ("y ~ x + (1 | g)", "poisson"),
}


@pytest.mark.slow
@pytest.mark.statistical
@pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")
@pytest.mark.parametrize("name", MODELS)
def test_the_graph_has_the_same_posterior(name: str) -> None:
    """Means and sds of everything, with default priors, within 4.5 Monte-Carlo errors of joint NUTS on the PyMC graph."""
    formula, family = MODELS[name]
    frame = CASES[name].simulate(np.random.default_rng(5)).frame
    model = hl.Model(formula, frame, family)
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
