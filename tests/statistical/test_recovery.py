"""Every family, sampled for real on data from an independent simulator: the truth is inside the posterior."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hierlm as hl

Rng = np.random.Generator
LEVELS, ROWS = 30, 20
TRUTH = {"b[Intercept]": 0.4, "b[x]": 0.5, "sd_g[Intercept]": 0.6}


def _expit(eta: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-eta))


def _beta(rng: Rng, mean: np.ndarray, phi: float) -> np.ndarray:
    return np.clip(rng.beta(mean * phi, (1 - mean) * phi), 1e-12, 1 - 1e-12)


def _inverse_gaussian(rng: Rng, eta: np.ndarray) -> np.ndarray:
    return rng.wald(np.exp(eta), 4.0)


# family → (left side, its other parameters, simulator of y given η)
CASES: dict[str, tuple[str, dict[str, float], Callable[[Rng, np.ndarray], np.ndarray]]] = {
    "gaussian": ("y", {"sigma": 0.8}, lambda r, e: r.normal(e, 0.8)),
    "student_t": ("y", {"sigma": 0.8, "nu": 5.0}, lambda r, e: e + 0.8 * r.standard_t(5.0, e.shape)),
    "lognormal": ("y", {"sigma": 0.8}, lambda r, e: np.exp(r.normal(e, 0.8))),
    "gamma": ("y", {"shape": 3.0}, lambda r, e: r.gamma(3.0, np.exp(e) / 3.0)),
    "inverse_gaussian": ("y", {"shape": 4.0}, _inverse_gaussian),
    "exponential": ("y", {}, lambda r, e: r.exponential(np.exp(e))),
    "beta": ("y", {"phi": 8.0}, lambda r, e: _beta(r, _expit(e), 8.0)),
    "poisson": ("y", {}, lambda r, e: r.poisson(np.exp(e))),
    "negbinomial": ("y", {"shape": 3.0}, lambda r, e: r.poisson(r.gamma(3.0, np.exp(e) / 3.0))),
    "negbinomial1": ("y", {"phi": 1.5}, lambda r, e: r.poisson(r.gamma(np.exp(e) / 1.5, 1.5))),
    "bernoulli": ("y", {}, lambda r, e: r.binomial(1, _expit(e))),
    "binomial": ("y | trials(12)", {}, lambda r, e: r.binomial(12, _expit(e))),
    "beta_binomial": ("y | trials(12)", {"phi": 8.0}, lambda r, e: r.binomial(12, _beta(r, _expit(e), 8.0))),
}


@pytest.mark.slow
@pytest.mark.statistical
@pytest.mark.parametrize("family", CASES)
def test_truth_is_inside_the_posterior(family: str) -> None:
    """Each truth within 4 posterior sds (about one miss in 15,000 a parameter), and the chains agree."""
    left, others, simulate = CASES[family]
    rng = np.random.default_rng(sum(map(ord, family)))
    codes = np.repeat(np.arange(LEVELS), ROWS)
    x = rng.normal(size=codes.size)
    r = rng.normal(0, TRUTH["sd_g[Intercept]"], LEVELS)
    eta = TRUTH["b[Intercept]"] + TRUTH["b[x]"] * x + r[codes]
    frame: dict[str, Any] = {"y": simulate(rng, eta), "x": x, "g": np.array([f"g{c:02d}" for c in codes])}
    links = {"gamma": "(log)", "inverse_gaussian": "(log)"}
    model = hl.Model(f"{left} ~ x + (1 | g)", frame, family=family + links.get(family, ""))
    fit = model.fit(draws=1000, tune=1000, seed=1, progress=False)
    table = fit.summary().frame
    for name, truth in (TRUTH | others).items():
        row = table.loc[name]
        assert abs(row["mean"] - truth) < 4 * row["sd"], (name, truth, row["mean"], row["sd"])
        assert row["r_hat"] < 1.05
    drawn = fit.posterior["r_g"].sel(effect_g="Intercept")
    z = (drawn.mean(("chain", "draw")) - r) / drawn.std(("chain", "draw"))
    assert float(np.abs(z).max()) < 5.0
    assert int(fit.draws["sample_stats"]["diverging"].sum()) <= 5
