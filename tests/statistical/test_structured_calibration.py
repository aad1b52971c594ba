"""Simulation-based calibration of the structured marginal: truths from the priors, data by NumPy alone, ranks uniform."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hierlm as hl
from tests.trust.judge import judge
from tests.trust.replicate import DRAWS

REPLICATIONS = 200
MISS = 1e-4
"""Probability that everything here together fails by chance."""

GROUPS, EACH = 8, 6
N = GROUPS * EACH
PRIORS: dict[str, Any] = {
    "b": hl.Prior("Normal", mu=0, sigma=1),
    "sd_g": hl.Prior("HalfNormal", sigma=1),
    "b_sigma": hl.Prior("Normal", mu=0, sigma=0.5),
}

Truth = dict[str, np.ndarray]


def _two_sds(rng: np.random.Generator) -> tuple[dict[str, Any], Truth]:
    """A table and the truths behind it."""
    group, treated, x = np.repeat(np.arange(GROUPS), EACH), np.tile([0, 0, 1], N // 3), rng.normal(size=N)
    b, gamma, sd = rng.normal(size=2), rng.normal(0, 0.5, 2), abs(rng.normal())
    r = sd * rng.normal(size=GROUPS)
    sigma = np.exp(gamma[0] + gamma[1] * treated)
    y = b[0] + b[1] * x + r[group] + sigma * rng.normal(size=N)
    return {"y": y, "x": x, "g": group, "t": treated}, {"b": b, "b_sigma": gamma, "sd_g": np.array([sd]), "r_g": r}


def _correlated(rng: np.random.Generator) -> tuple[dict[str, Any], Truth]:
    """The same with one sd and AR(1) residuals, days in a row but for one."""
    group, x, day = np.repeat(np.arange(GROUPS), EACH), rng.normal(size=N), np.tile([0, 1, 2, 3, 5, 6], GROUPS)
    b, sigma, sd = rng.normal(size=2), abs(rng.normal()), abs(rng.normal())
    phi = float(stats.truncnorm(-2, 2, scale=0.5).rvs(random_state=rng))
    r = sd * rng.normal(size=GROUPS)
    e = rng.multivariate_normal(np.zeros(EACH), phi ** np.abs(day[:EACH, None] - day[:EACH]), size=GROUPS).ravel()
    table = {"y": b[0] + b[1] * x + r[group] + sigma * e, "x": x, "g": group, "t": day}
    return table, {"b": b, "sigma": np.array([sigma]), "rescor": np.array([phi]), "sd_g": np.array([sd]), "r_g": r}


def _correlated_quantities(table: dict[str, Any], v: Truth) -> dict[str, float]:
    residuals = (table["y"] - v["b"][0] - v["b"][1] * table["x"] - v["r_g"][table["g"]]) / v["sigma"][0]
    a = v["rescor"][0] ** np.diff(table["t"][:EACH])
    e = residuals.reshape(GROUPS, EACH)
    new = (e[:, 1:] - a * e[:, :-1]) / np.sqrt(1 - a**2)
    loglik = stats.norm.logpdf(e[:, 0]).sum() + (stats.norm.logpdf(new) - 0.5 * np.log(1 - a**2)).sum()
    names = ("b", "sigma", "rescor", "sd_g")
    found = {f"{name}[{i}]": float(value) for name in names for i, value in enumerate(v[name])}
    loglik -= N * np.log(v["sigma"][0])
    return found | {"r_g[0]": float(v["r_g"][0]), "a new group": float(v["new"][0]), "log-likelihood": float(loglik)}


def _quantities(table: dict[str, Any], v: Truth) -> dict[str, float]:
    """What is ranked, the log-likelihood among it, at one draw."""
    mean = v["b"][0] + v["b"][1] * table["x"] + v["r_g"][table["g"]]
    sigma = np.exp(v["b_sigma"][0] + v["b_sigma"][1] * table["t"])
    loglik = float(stats.norm.logpdf(table["y"], mean, sigma).sum())
    found = {f"{name}[{i}]": float(value) for name in ("b", "b_sigma", "sd_g") for i, value in enumerate(v[name])}
    return found | {"r_g[0]": float(v["r_g"][0]), "a new group": float(v["new"][0]), "log-likelihood": loglik}


CELLS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "two sds": (_two_sds, _quantities, {"formula": ["y ~ x + (1 | g)", "sigma ~ t"]}),
    "ar1": (_correlated, _correlated_quantities, {"formula": "y ~ x + (1 | g)", "residual": "ar1(t | g)"}),
}


def _priors(cell: str) -> dict[str, Any]:
    if cell == "two sds":
        return PRIORS
    own = {
        "sigma": hl.Prior("HalfNormal", sigma=1),
        "rescor[phi]": hl.Prior("TruncatedNormal", mu=0, sigma=0.5, lower=-1, upper=1),
    }
    return {k: v for k, v in PRIORS.items() if k != "b_sigma"} | own


def _ranks(cell: str, number: int) -> dict[str, int]:
    simulate, quantities, specification = CELLS[cell]
    rng = np.random.default_rng([11, number])
    table, truth = simulate(rng)
    variables = tuple(truth)
    truth["new"] = truth["sd_g"] * rng.normal(size=1)
    model = hl.Model(data=pd.DataFrame(table), priors=_priors(cell), **specification)
    fit = model.fit(draws=200, chains=2, cores=1, seed=number, progress=False)
    assert fit.provenance["plan"] == "structured marginal"
    draws = {n: fit.posterior[n].to_numpy().reshape(400, -1)[4::4][:DRAWS] for n in variables}
    draws["new"] = draws["sd_g"] * rng.normal(size=(DRAWS, 1))
    ours = quantities(table, truth)
    theirs = [quantities(table, {n: v[i] for n, v in draws.items()}) for i in range(DRAWS)]
    return {name: sum(t[name] < value for t in theirs) for name, value in ours.items()}


@pytest.mark.slow
@pytest.mark.statistical
@pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning", "ignore::hierlm.errors.ConvergenceWarning")
@pytest.mark.parametrize("cell", CELLS)
def test_ranks_are_uniform(cell: str) -> None:
    """Both tests of every quantity of 200 replications; fails by chance once in 10,000 runs."""
    ranks = [_ranks(cell, number) for number in range(REPLICATIONS)]
    for quantity in ranks[0]:
        found = judge([r[quantity] for r in ranks])
        print(f"  {quantity:20s} p = {found.p_ecdf:.3f}, var z = {found.variance_z:.3f}, mean z = {found.mean_z:.3f}")
        assert min(found.p_ecdf, found.p_z) * 2 * len(ranks[0]) * len(CELLS) > MISS, quantity
