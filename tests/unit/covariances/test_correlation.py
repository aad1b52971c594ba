"""Correlation parameters: densities against the literature, factors against NumPy, bounds of r."""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import given, strategies as st
from pytensor.compile.mode import Mode
from scipy import integrate, stats
from scipy.special import betaln, gammaln

from hierlm.covariances import get_covariance
from hierlm.covariances.correlation import exchangeable_factor, lower_bound
from hierlm.errors import PriorError
from hierlm.priors import LKJ, Prior

PYTHON = Mode(linker="py", optimizer="fast_compile")


def matrix(rows, k):
    out = pt.zeros((k, k), dtype="float64")
    for i, row in enumerate(rows):
        for j, entry in enumerate(row):
            out = out[i, j].set(entry)
    return out


@pytest.fixture(scope="module")
def factor():
    """``factor(u, k)``: the exchangeable C as numbers."""
    cache = {}

    def evaluate(u, k):
        if k not in cache:
            x = pt.dscalar("u")
            cache[k] = pytensor.function([x], matrix(exchangeable_factor(x, k), k), mode=PYTHON)
        return cache[k](u)

    return evaluate


def compiled(name, k, prior):
    """(log density of the free variable on its own scale, C) as functions of the free variable's value."""
    structure = get_covariance(name)
    with pm.Model() as model:
        parameter = structure.correlation_parameter("cor", k, prior)
        C = matrix(structure.correlation_factor(parameter, k), k)
    (value,) = model.value_vars
    free = model["cor"]
    x = free.clone()
    density = pytensor.function([x], pm.logp(free, x), mode=PYTHON)
    return density, pytensor.function([x], pm.pytensorf.rewrite_pregrad(_replace(C, free, x)), mode=PYTHON)


def _replace(tensor, old, new):
    from pytensor.graph.replace import graph_replace

    return graph_replace([tensor], {old: new})[0]


@given(u=st.floats(1e-9, 1 - 1e-9), k=st.integers(2, 6))
def test_exchangeable_factor_is_the_cholesky_factor(factor, u, k):
    r = (k * u - 1) / (k - 1)
    C = factor(u, k)
    R = np.full((k, k), r) + (1 - r) * np.eye(k)
    np.testing.assert_allclose(C @ C.T, R, atol=1e-13)
    assert np.allclose(C, np.tril(C))
    assert (np.diag(C) > 0).all()


@pytest.mark.parametrize("k", [2, 3, 5])
@pytest.mark.parametrize("u", [1e-300, 1e-15, 1 - 1e-15])
def test_exchangeable_factor_at_the_bounds(factor, u, k):
    """det R = k u (k (1−u)/(k−1))^(k−1), without cancellation however close to singular."""
    C = factor(u, k)
    log_det = np.log(k * u) + (k - 1) * np.log(k * (1 - u) / (k - 1))
    np.testing.assert_allclose(2 * np.log(np.diag(C)).sum(), log_det, rtol=1e-12)


def test_lower_bound():
    assert [lower_bound(k) for k in (2, 3, 5)] == [-1, -0.5, -0.25]


def log_lkj_constant(k, eta):
    """Log of the integral of det(R)^(η−1): Lewandowski, Kurowicka & Joe (2009), equation 16."""
    return sum(
        (2 * (eta - 1) + k - i) * (k - i) * np.log(2) + (k - i) * betaln(eta + (k - i - 1) / 2, eta + (k - i - 1) / 2)
        for i in range(1, k)
    )


@pytest.mark.parametrize("eta", [0.7, 1.0, 2.0, 5.0])
def test_the_constant_is_right_for_two_and_three_effects(eta):
    """The formula typed above against numerical integration (k = 2) and the volume π²/2 (k = 3, η = 1)."""
    area, _ = integrate.quad(lambda r: (1 - r * r) ** (eta - 1), -1, 1)
    np.testing.assert_allclose(log_lkj_constant(2, eta), np.log(area), rtol=1e-7)
    np.testing.assert_allclose(log_lkj_constant(3, 1.0), np.log(np.pi**2 / 2), rtol=1e-12)


@pytest.mark.parametrize("name", ["us", "cor"])
@pytest.mark.parametrize("eta", [1.0, 2.0, 4.5])
def test_two_effects_have_the_normalised_lkj_density(name, eta):
    """The free variable is u = (1 + r)/2, so that p(u) = 2 p(r)."""
    density, factor_of = compiled(name, 2, LKJ(eta))
    for u in (0.02, 0.3, 0.5, 0.9):
        r = (factor_of(u) @ factor_of(u).T)[1, 0]
        assert r == pytest.approx(2 * u - 1)
        expected = np.log(2) + (eta - 1) * np.log1p(-r * r) - log_lkj_constant(2, eta)
        assert density(u) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("k", [3, 4])
@pytest.mark.parametrize("eta", [1.0, 2.0, 4.5])
def test_more_effects_have_the_normalised_lkj_density(k, eta):
    """The free variable is the Cholesky factor L of R; its density is p(R) |∂R/∂L|, |∂R/∂L| = Π_i L_ii^(k−i)."""
    density, factor_of = compiled("us", k, LKJ(eta))
    rng = np.random.default_rng(k)
    for _ in range(3):
        A = rng.normal(size=(k, k + 2))
        V = A @ A.T
        sd = np.sqrt(np.diag(V))
        L = np.linalg.cholesky(V / np.outer(sd, sd))
        np.testing.assert_allclose(factor_of(L), L)
        log_det = 2 * np.log(np.diag(L)).sum()
        jacobian = sum((k - i) * np.log(L[i - 1, i - 1]) for i in range(1, k + 1))
        expected = (eta - 1) * log_det - log_lkj_constant(k, eta) + jacobian
        assert density(L) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("name", ["corh", "corv"])
@pytest.mark.parametrize(("k", "eta"), [(2, 2.0), (3, 1.0), (3, 2.0), (5, 3.5)])
def test_exchangeable_correlation_has_density_of_the_determinant(name, k, eta):
    """p(r) = det(R(r))^(η−1) / ∫, normalised numerically with NumPy's determinant."""

    def weight(r):
        return np.linalg.det(np.full((k, k), r) + (1 - r) * np.eye(k)) ** (eta - 1)

    total, _ = integrate.quad(weight, -1 / (k - 1), 1)
    density, factor_of = compiled(name, k, LKJ(eta))
    for u in (0.05, 0.4, 0.8):
        C = factor_of(u)
        r = (C @ C.T)[1, 0]
        assert density(u) == pytest.approx(np.log(weight(r) / total * k / (k - 1)), abs=1e-8)


@pytest.mark.parametrize(
    ("prior", "reference", "lower"),
    [
        (Prior("Uniform", lower=-1, upper=1), stats.uniform(-1, 2), -0.5),
        (Prior("Uniform", lower=0, upper=0.5), stats.uniform(0, 0.5), 0.0),
        (Prior("Normal", mu=0.2, sigma=0.5), stats.norm(0.2, 0.5), -0.5),
        (Prior("TruncatedNormal", mu=0, sigma=1, lower=-1, upper=1), stats.truncnorm(-1, 1), -0.5),
        (Prior("Beta", alpha=2, beta=3), stats.beta(2, 3), 0.0),
        (Prior("HalfNormal", sigma=0.5), stats.halfnorm(scale=0.5), 0.0),
    ],
)
@pytest.mark.parametrize("name", ["corh", "corv"])
def test_a_prior_of_r_is_truncated_to_where_r_can_be(name, prior, reference, lower):
    density, factor_of = compiled(name, 3, prior)
    inside = reference.cdf(1) - reference.cdf(lower)
    for r in (0.1, 0.3, 0.45):
        assert density(r) == pytest.approx(reference.logpdf(r) - np.log(inside), abs=1e-7)
        C = factor_of(r)
        assert (C @ C.T)[2, 1] == pytest.approx(r)
    if lower == -0.5:
        assert density(-0.6) == -np.inf


def test_a_prior_of_r_samples_within_the_interval_only():
    """Whatever the unconstrained value, R stays positive definite."""
    with pm.Model() as model:
        u = get_covariance("corh").correlation_parameter("cor", 3, Prior("HalfNormal", sigma=2))
    (value,) = model.value_vars
    (r,) = model.replace_rvs_by_values([(3 * u - 1) / 2])
    for x in (-30.0, 0.0, 5.0):
        assert 0 <= r.eval({value: x}, mode=PYTHON) < 1
        assert np.isfinite(model.compile_logp(mode=PYTHON)({value.name: x}))


@pytest.mark.parametrize(
    ("name", "k", "prior", "message"),
    [
        ("us", 3, Prior("Uniform", lower=-1, upper=1), "3 correlations.\nUse LKJ"),
        ("cor", 4, Prior("Normal", sigma=1), "6 correlations"),
        ("us", 2, Prior("Flat"), "improper.\n.*lower=-1, upper=1"),
        ("corh", 3, Prior("Flat"), "improper.\n.*lower=-0.5, upper=1"),
        ("corh", 3, Prior("Uniform", lower=-1, upper=-0.6), "excludes every correlation of 3 effects"),
        ("corv", 2, Prior("Uniform", lower=1, upper=2), "excludes every correlation"),
        ("corh", 2, Prior("Gamma", alpha=1, beta=1, on="precision"), "on the precision"),
        ("us", 2, Prior("VonMises", kappa=1), "cannot be truncated"),
        ("corh", 5, LKJ(0.5), "improper for 5 exchangeable effects"),
        ("us", 1, LKJ(2), "no correlation"),
        ("idh", 3, LKJ(2), "no correlation"),
        ("idv", 3, Prior("Uniform", lower=-1, upper=1), "no correlation"),
    ],
)
def test_priors_that_do_not_fit_are_refused(name, k, prior, message):
    structure = get_covariance(name)
    with pytest.raises(PriorError, match=message):
        structure.check_correlation_prior(k, prior)
    if structure.correlated(k):
        with pm.Model(), pytest.raises(PriorError, match=message):
            structure.correlation_parameter("cor", k, prior)


@pytest.mark.parametrize(("name", "k"), [("us", 2), ("us", 4), ("cor", 3), ("corh", 3), ("corv", 5)])
def test_the_default_prior_fits(name, k):
    structure = get_covariance(name)
    assert structure.default_correlation_prior(k) == LKJ(2)
    structure.check_correlation_prior(k, LKJ(2))


def test_gamma_function_form_of_the_constant():
    """B(a, a) written with Γ, so that one typing error above cannot hide."""
    eta, k = 2.0, 2
    a = eta
    assert log_lkj_constant(k, eta) == pytest.approx((2 * eta - 1) * np.log(2) + 2 * gammaln(a) - gammaln(2 * a))
