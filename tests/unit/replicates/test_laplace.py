"""Laplace's likelihood against closed forms, differences and quadrature, and the test of a variance made from it."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from scipy import optimize, sparse, stats

import hierlm as hl
from hierlm.replicates import laplace
from hierlm.replicates.laplace import Laplace
from hierlm.replicates.likelihoods import likelihood
from hierlm.replicates.profiled import Profiled

GROUPS = np.repeat(np.arange(12), 8)
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(60)


def table(sd: float, seed: int = 1) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=len(GROUPS))
    eta = 0.3 + 0.4 * x + sd * rng.normal(size=12)[GROUPS]
    return {
        "c": rng.poisson(np.exp(eta)), "k": rng.binomial(6, 1 / (1 + np.exp(-eta))), "n": np.full(96, 6),
        "b": (rng.uniform(size=96) < stats.norm.cdf(eta)).astype(int), "w": rng.gamma(2.0, np.exp(eta) / 2),
        "y": eta + rng.normal(size=96), "x": x, "g": GROUPS.astype(str), "h": np.tile(np.arange(8), 12).astype(str),
    }  # fmt: skip


MODELS: dict[str, tuple[str, str]] = {
    "poisson": ("c ~ x + (1 | g)", "poisson"),
    "crossed": ("c ~ x + (1 | g) + (1 | h)", "poisson"),
    "slopes": ("c ~ x + (x | g)", "poisson"),
    "uncorrelated": ("c ~ x + (x || g)", "poisson"),
    "units": ("c ~ x + (1 | units)", "poisson"),
    "binomial": ("k | trials(n) ~ x + offset(x) + (1 | g)", "binomial"),
    "cloglog": ("k | trials(n) ~ x + (1 | g)", "binomial(cloglog)"),
    "probit": ("b ~ x + (1 | g)", "bernoulli(probit)"),
    "negbinomial": ("c ~ x + (1 | g)", "negbinomial"),
    "gamma": ("w ~ x + (1 | g)", "gamma(log)"),
    "gaussian": ("y ~ x + (x | g)", "gaussian"),
}


def made(name: str, sd: float = 0.7) -> tuple[np.ndarray, Laplace]:
    model = hl.Model(MODELS[name][0], table(sd), MODELS[name][1])
    y, design = likelihood(model, restricted=False)
    if isinstance(design, Profiled):
        (predictor,), (response,) = model.predictors, model.responses
        design = Laplace.of(predictor.X, design.parts, response, predictor.offset)
    return y, design


@pytest.mark.parametrize("name", MODELS)
def test_gradient_is_that_of_differences(name: str):
    y, design = made(name)
    k = sum(p.size for p in design.parts)
    x = np.concatenate([np.linspace(0.4, 0.8, k), [0.3, 0.5], np.full(len(design.response.free), 0.4)])

    def deviance(z: np.ndarray) -> float:
        return design._deviance(z, y, np.zeros(design.Z.shape[1]))[0]

    found = design._deviance(x, y, np.zeros(design.Z.shape[1]))[1]
    each = np.eye(len(x)) * 1e-5
    expected = np.array([(deviance(x + e) - deviance(x - e)) / 2e-5 for e in each])
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-4)


def test_it_is_exact_where_the_response_is_normal():
    """The same maximum, standard deviations and coefficients as the profiled likelihood."""
    y, design = made("gaussian")
    exact = Profiled.of(design.X, design.parts, restricted=False).estimate(y)
    found = design.estimate(y)
    constant = len(y) * np.log(2 * np.pi)  # which kernels leave out
    assert found.deviance + constant == pytest.approx(exact.deviance, abs=1e-5)
    assert found.free["sigma"] == pytest.approx(exact.sigma, rel=1e-3)
    np.testing.assert_allclose(found.theta, exact.theta * exact.sigma, rtol=5e-3, atol=5e-3)
    np.testing.assert_allclose(found.beta, exact.beta, rtol=1e-3, atol=1e-3)


def test_sparse_designs_are_the_same(monkeypatch: pytest.MonkeyPatch):
    y, dense = made("slopes")
    monkeypatch.setattr(laplace, "DENSE", 0)
    _, thin = made("slopes")
    assert sparse.issparse(thin.Z)
    one, two = dense.estimate(y), thin.estimate(y)
    assert one.deviance == pytest.approx(two.deviance, abs=1e-8)
    np.testing.assert_allclose(one.theta, two.theta, rtol=1e-5)
    np.testing.assert_array_equal(
        dense.simulate(one, np.random.default_rng(1)), thin.simulate(one, np.random.default_rng(1))
    )


def test_nearly_the_likelihood_by_quadrature():
    """Binomial counts of 12 groups: Gauss–Hermite with 60 nodes in every group, maximised by Nelder and Mead."""
    data = table(0.7)
    y, design = made("binomial")
    k, n = y, data["n"]

    def deviance(p: np.ndarray) -> float:
        eta = p[0] + p[1] * data["x"] + data["x"] + abs(p[2]) * NODES[:, None]
        rows = stats.binom.logpmf(k, n, 1 / (1 + np.exp(-eta)))
        groups = np.stack([rows[:, g == GROUPS].sum(axis=1) for g in range(12)])
        return float(-2 * np.log((np.exp(groups) * WEIGHTS).sum(axis=1) / np.sqrt(2 * np.pi)).sum())

    found = design.estimate(y)
    best = optimize.minimize(deviance, [0.0, 0.0, 0.5], method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-8})
    constant = -2 * np.log(stats.binom.pmf(k, n, 0.5) / 0.5**n).sum()
    assert found.deviance + constant == pytest.approx(best.fun, abs=0.2)
    assert found.theta[0] == pytest.approx(abs(best.x[2]), rel=0.02)


def test_drawn_responses_have_the_moments_of_the_family():
    y, design = made("negbinomial")
    at = design.estimate(y)
    at.theta[:] = 0.0
    rng = np.random.default_rng(2)
    drawn = np.stack([design.simulate(at, rng) for _ in range(2000)])
    mean = np.exp(design.X @ at.beta)
    sd = np.sqrt(mean + mean**2 / at.free["shape"])
    assert np.abs((drawn.mean(axis=0) - mean) / (sd / np.sqrt(2000))).max() < 4.5
    assert drawn.std(axis=0) / sd == pytest.approx(np.ones(96), abs=0.35)


def test_a_design_can_be_sent_elsewhere():
    y, design = made("poisson")
    assert pickle.loads(pickle.dumps(design)).estimate(y).deviance == design.estimate(y).deviance


@pytest.mark.parametrize("name", ["poisson", "probit", "negbinomial"])
def test_large_variances_are_found_and_none_is_not(name: str):
    formula, family = MODELS[name]
    there = hl.variance_test(hl.Model(formula, table(1.5), family), "g", n=19, seed=1)
    assert there.p == 0.05 and not there.exact and there.method == "ML"
    absent = hl.variance_test(hl.Model(formula, table(0.0, seed=4), family), "g", n=19, seed=1)
    assert absent.p > 0.1
    assert "(ML, Laplace's approximation)" in repr(there) and "χ²" in repr(there)
    free = [] if name != "negbinomial" else ["shape"]
    assert there.estimates["parameter"].tolist() == ["sd_g[Intercept]", *free]


def test_who_computes_it_does_not_matter():
    model = hl.Model("c ~ x + (1 | g)", table(0.3), "poisson")
    one = hl.variance_test(model, "g", n=19, seed=3)
    with ThreadPoolExecutor(2) as pool:
        two = hl.variance_test(model, "g", n=19, seed=3, executor=pool)
    np.testing.assert_array_equal(one.null, two.null)


@pytest.mark.slow
@pytest.mark.statistical
def test_p_is_uniform_where_there_is_no_variance():
    """Of 60 Poisson data sets without a variance as many have p ≤ 0.2 as they should: 12, and 4 standard errors."""
    found = []
    for seed in range(60):
        data = table(0.0, seed=100 + seed)
        found.append(hl.variance_test(hl.Model("c ~ x + (1 | g)", data, "poisson"), "g", n=19, seed=seed).p)
    small = np.mean(np.array(found) <= 0.2)
    assert abs(small - 0.2) < 4 * np.sqrt(0.2 * 0.8 / 60)
