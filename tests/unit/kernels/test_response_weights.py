"""The curvature weights of the compiled densities: second derivatives, or the information that SciPy's densities give."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, psi

from hierlm.kernels.responses import RESPONSES
from hierlm.kernels.responses.probabilities import cloglog, probit
from tests.unit.kernels.response_cases import ROWS, kernel, points, positive_only, split

LOG_CONCAVE = {
    "gaussian:identity", "lognormal:identity", "poisson:log", "negbinomial:log", "gamma:log", "gamma:inverse", "exponential:log",
    "binomial:logit", "binomial:probit", "binomial:cloglog", "bernoulli:logit", "bernoulli:probit", "bernoulli:cloglog",
}  # fmt: skip


@pytest.mark.parametrize("key", RESPONSES)
def test_weights(key):
    """Positive; minus the second derivative where that is nowhere negative."""
    eta, aux = points(key)
    far = np.array([20.0, 28.0, 60.0, 150.0])
    eta = np.concatenate([eta, np.exp(far / 4), np.exp(-far / 4)] if positive_only(key) else [eta, far, -far])
    aux = np.concatenate([aux, np.full((8, 2), 0.5)])
    step = 1e-6 * (eta if positive_only(key) else np.maximum(np.abs(eta), 0.1))
    concave = True
    for y, t in ROWS[key.split(":")[0]]:
        weight = kernel(key, y, t, eta, aux)[1][:, 1]
        assert np.all((weight > 0) & np.isfinite(weight))
        up, down = (kernel(key, y, t, eta + s, aux)[1][:, 0] for s in (step, -step))
        numeric = -(up - down) / (2 * step)
        rounding = 1e-14 * np.maximum(np.abs(up), 1) / step
        concave = concave and bool(np.all(numeric > -100 * rounding))
        if key in LOG_CONCAVE:
            assert np.all(np.abs(weight - numeric) <= 1e-5 * np.abs(weight) + rounding), (y, t)
    assert concave == (key in LOG_CONCAVE)


@pytest.mark.parametrize(
    ("link", "eta"), [(cloglog, np.log(0.02)), (cloglog, np.log(0.7)), (probit, -25.0), (probit, 0.0)]
)
def test_branches_meet(link, eta):
    below, above = (np.array(link(eta + s * 1e-13, 1.0, 1.0)) for s in (-1, 1))
    np.testing.assert_allclose(below, above, rtol=1e-11)


def whole(distribution, most):
    y = np.arange(most + 1.0)
    return y, distribution.pmf(y)


def smooth(distribution, y, jacobian):
    """The trapezoidal rule, exact for what falls off on both sides, on a scale where y has no bounds."""
    return y, distribution.pdf(y) * jacobian


def distributed(key, t, eta, aux):
    """Values of y and their weights in E[…], by SciPy; ``aux`` is not logarithmic."""
    a, b, mu, u = *aux, 1 / (1 + np.exp(-eta)), np.linspace(-33, 33, 4001)
    return {
        "student_t:identity": lambda: smooth(stats.t(b, eta, a), eta + np.sinh(u), np.cosh(u)),
        "inverse_gaussian:log": lambda: smooth(stats.invgauss(np.exp(eta) / a, scale=a), np.exp(u), np.exp(u)),
        "beta:logit": lambda: smooth(stats.beta(mu * a, (1 - mu) * a), expit(u), expit(u) * expit(-u)),
        "beta_binomial:logit": lambda: whole(stats.betabinom(int(t), mu * a, (1 - mu) * a), t),
        "negbinomial1:log": lambda: whole(stats.nbinom(np.exp(eta) / a, 1 / (1 + a)), 3000),
    }[key]()


@pytest.mark.parametrize("key", ["student_t:identity", "inverse_gaussian:log", "beta:logit"])
def test_expected_information(key):
    """Where the density is not log-concave in η the weight is E[score²]."""
    for ratio in information(key, 1.0):
        assert ratio == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize(
    ("key", "t"), [("negbinomial1:log", 1.0)] + [("beta_binomial:logit", t) for t in (1.0, 4.0, 30.0)]
)
def test_expected_information_without_a_closed_form(key, t):
    """The weight is no less than E[score²], and at most an eighth more; exact for one trial."""
    ratios = np.array(list(information(key, t)))
    assert np.all((ratios > 1 - 1e-6) & (ratios < 1.125))
    if t == 1 and split(key)[0].requires:
        np.testing.assert_allclose(ratios, 1, rtol=1e-9)


@pytest.mark.parametrize("eta", [-40.0, -12.0, -1.0, 2.0, 12.0])
def test_weights_without_overdispersion(eta):
    """NB1 is Poisson at φ = 0, the beta-binomial binomial at φ = ∞; the information is then that of the limit."""
    weight = kernel("negbinomial1:log", 3.0, 1.0, np.array([eta]), np.array([[-34.0, 0]]))[1][0, 1]
    assert weight == pytest.approx(np.exp(eta), rel=1e-6, abs=0)
    weight = kernel("beta_binomial:logit", 3.0, 30.0, np.array([eta]), np.array([[34.0, 0]]))[1][0, 1]
    assert weight == pytest.approx(30 * expit(eta) * expit(-eta), rel=1e-6, abs=0)


@pytest.mark.parametrize("eta", [-680.0, -40.0, -17.0, -16.0, 17.0])
def test_weights_of_rare_successes(eta):
    """The beta-binomial's information is P(y > 0), or P(y < t), where that is small: φ(ψ(φ + t) − ψ(φ)) times μ."""
    phi, t = 3.0, 20.0
    weight = kernel("beta_binomial:logit", 3.0, t, np.array([eta]), np.log([[phi, 1.0]]))[1][0, 1]
    assert weight == pytest.approx(np.exp(-abs(eta)) * phi * (psi(phi + t) - psi(phi)), rel=3e-6, abs=0)


def information(key, t):
    """The weight over E[score²] at some points."""
    rng = np.random.default_rng(3)
    for eta, *aux in np.column_stack([rng.uniform(-1.5, 1.5, 12), rng.uniform(4, 20, 12), rng.uniform(0.5, 20, 12)]):
        y, p = distributed(key, t, eta, aux)
        score, weight = np.zeros(len(y)), np.nan
        for i in np.flatnonzero(p > 1e-30 * p.max()):
            _, score[i], weight, *_ = RESPONSES[key].log_density(y[i], t, eta, np.log(aux))
        yield weight * p.sum() / (p @ score**2)
