"""One normal effect a row: its integral by quadrature, and draws of it, against numerical integration."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from hierlm.kernels.integrated import Quadrature, draw, integrate
from hierlm.kernels.responses import RESPONSES
from hierlm.reductions.quadrature import gauss_hermite

# response → rows (y, trials) and the logarithm of its further parameter
ROWS: dict[str, tuple[list[tuple[float, float]], float]] = {
    "poisson:log": ([(0.0, 1.0), (3.0, 1.0), (60.0, 1.0)], 0.0),
    "negbinomial:log": ([(0.0, 1.0), (8.0, 1.0)], 0.7),
    "bernoulli:logit": ([(0.0, 1.0), (1.0, 1.0)], 0.0),
    "bernoulli:probit": ([(0.0, 1.0), (1.0, 1.0)], 0.0),
    "bernoulli:cloglog": ([(0.0, 1.0), (1.0, 1.0)], 0.0),
    "binomial:logit": ([(0.0, 12.0), (5.0, 12.0), (12.0, 12.0)], 0.0),
    "binomial:probit": ([(4.0, 9.0)], 0.0),
    "binomial:cloglog": ([(4.0, 9.0)], 0.0),
    "gamma:log": ([(0.01, 1.0), (2.0, 1.0)], 1.0),
    "exponential:log": ([(3.0, 1.0)], 0.0),
    "lognormal:identity": ([(3.0, 1.0)], -0.5),
    "gaussian:identity": ([(1.5, 1.0)], -1.0),
}
CASES = [(key, *row) for key, (rows, _) in ROWS.items() for row in rows]
ETAS, TAUS = (-2.0, 0.3, 2.5), (1e-8, 0.3, 1.5)


def _aux(key: str) -> np.ndarray:
    return np.array([ROWS[key][1], 0.0])


def _terms(key: str, y: float, t: float, eta: float, tau: float, z: np.ndarray, aux: np.ndarray) -> np.ndarray:
    """log p(y | η + τ z) − ½z², by the response alone."""
    out = np.zeros(5)
    return np.array([RESPONSES[key].log_density(y, t, eta + tau * e, aux, out) for e in z]) - 0.5 * z * z


def _grid(key: str, y: float, t: float, eta: float, tau: float, aux: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places that hold all the mass, and the terms there: the trapezoidal rule is exact on them."""
    coarse = np.linspace(-30.0, 30.0, 1201)
    terms = _terms(key, y, t, eta, tau, coarse, aux)
    held = coarse[terms > terms.max() - 45.0]
    z = np.linspace(held[0] - 0.05, held[-1] + 0.05, 801)
    return z, _terms(key, y, t, eta, tau, z, aux)


def _exact(key: str, y: float, t: float, eta: float, tau: float, aux: np.ndarray) -> float:
    z, terms = _grid(key, y, t, eta, tau, aux)
    return float(logsumexp(terms) + np.log(z[1] - z[0]) - 0.5 * np.log(2 * np.pi))


def _quadrature(nodes: int) -> Quadrature:
    return Quadrature(*gauss_hermite(nodes))


@pytest.mark.parametrize(("key", "y", "t"), CASES)
def test_the_integral(key: str, y: float, t: float) -> None:
    """41 nodes: 2e-6, from wherever the search for the mode begins."""
    out, aux = np.zeros(5), _aux(key)
    for eta in ETAS:
        for tau in TAUS:
            expected = _exact(key, y, t, eta, tau, aux)
            for start in (0.0, -1.0, 1.0):
                value, _ = integrate(RESPONSES[key].address(), y, t, eta, aux, tau, start, _quadrature(41), out)
                assert value == pytest.approx(expected, abs=2e-6), (eta, tau, start)


@pytest.mark.parametrize(("key", "y", "t"), CASES)
def test_the_derivatives(key: str, y: float, t: float) -> None:
    """By η, by the further parameter and by τ: those of the exact integral; the working weight is −∂²/∂η²."""
    out, aux, step = np.zeros(5), _aux(key), 1e-4
    eta, tau = 0.4, 0.8
    integrate(RESPONSES[key].address(), y, t, eta, aux, tau, 0.0, _quadrature(41), out)
    up, down = (_exact(key, y, t, eta + s, tau, aux) for s in (step, -step))
    assert out[0] == pytest.approx((up - down) / (2 * step), rel=1e-6, abs=1e-7)
    here = _exact(key, y, t, eta, tau, aux)
    assert out[1] == pytest.approx(-(up - 2 * here + down) / step**2, rel=1e-3, abs=1e-5)
    up, down = (_exact(key, y, t, eta, tau + s, aux) for s in (step, -step))
    assert out[4] == pytest.approx((up - down) / (2 * step), rel=1e-6, abs=1e-7)
    if RESPONSES[key].n_aux:
        up, down = (_exact(key, y, t, eta, tau, aux + [s, 0.0]) for s in (step, -step))
        assert out[2] == pytest.approx((up - down) / (2 * step), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize(("key", "y", "t"), CASES)
def test_draws(key: str, y: float, t: float) -> None:
    """600 draws each: Kolmogorov–Smirnov against the numerically integrated distribution, 1e-5 (seeded)."""
    rng, out, aux, address = np.random.default_rng(17), np.zeros(5), _aux(key), RESPONSES[key].address()
    for eta in ETAS:
        for tau in (0.05, 0.7, 1.5):
            z = np.array([draw(rng, address, y, t, eta, aux, tau, 0.0, out) for _ in range(600)])
            assert _uniform(z, *_grid(key, y, t, eta, tau, aux)) > 1e-5, (eta, tau)


def _uniform(z: np.ndarray, places: np.ndarray, terms: np.ndarray) -> float:
    """p-value: draws under the distribution with these log densities."""
    assert np.isfinite(z).all()
    p = np.exp(terms - terms.max())
    below = np.concatenate([[0.0], np.cumsum((p[1:] + p[:-1]) / 2)])
    return float(stats.kstest(np.interp(z, places, below / below[-1]), "uniform").pvalue)


FAR: dict[str, tuple[Any, ...]] = {
    "many counts": ("poisson:log", 1000.0, 1.0, -5.0, 1.0, 0.0),
    "many more": ("poisson:log", 1e5, 1.0, -10.0, 4.0, 0.0),
    "none": ("poisson:log", 0.0, 1.0, 10.0, 3.0, 0.0),
    "sure": ("bernoulli:probit", 1.0, 1.0, -30.0, 10.0, 5.0),
    "no errors": ("gaussian:identity", 5.0, 1.0, 3.0, 2.0, 0.0),
}
WITH_A_BRACKET: dict[str, tuple[Any, ...]] = {
    "a cycle": ("bernoulli:logit", 0.0, 1.0, 30.0, 40.0, 0.0),
    "a shorter cycle": ("bernoulli:logit", 0.0, 1.0, 8.0, 8.0, 0.0),
    "beyond the mode": ("poisson:log", 0.0, 1.0, 2.0, 2.0, 5.0),
    "rare and wide": ("poisson:log", 5.0, 1.0, -6.0, 6.0, 0.0),
    "all of them": ("binomial:cloglog", 3.0, 3.0, -5.0, 3.0, 0.0),
    "one of one": ("bernoulli:cloglog", 1.0, 1.0, -2.0, 3.0, 0.0),
    "some of them": ("binomial:logit", 5.0, 12.0, 2.5, 3.0, 0.0),
    "overdispersed": ("negbinomial:log", 8.0, 1.0, -2.0, 3.0, 0.0),
}


@pytest.mark.parametrize("case", [*FAR, *WITH_A_BRACKET])
def test_far_out(case: str) -> None:
    """Where the data and N(0, 1) disagree, and from a bad start: the same draws, and a finite integral near the exact one."""
    key, y, t, eta, tau, start = (FAR | WITH_A_BRACKET)[case]
    rng, out, aux, address = np.random.default_rng(3), np.zeros(5), _aux(key), RESPONSES[key].address()
    z = np.array([draw(rng, address, y, t, eta, aux, tau, start, out) for _ in range(600)])
    assert _uniform(z, *_grid(key, y, t, eta, tau, aux)) > 1e-5
    value, _ = integrate(address, y, t, eta, aux, tau, start, _quadrature(41), out)
    assert value == pytest.approx(_exact(key, y, t, eta, tau, aux), abs=0.1)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite(bad: float) -> None:
    """No density, and no draw."""
    rng, out, aux, address = np.random.default_rng(1), np.zeros(5), np.zeros(2), RESPONSES["poisson:log"].address()
    for eta, tau in ((bad, 1.0), (0.0, bad)):
        assert integrate(address, 2.0, 1.0, eta, aux, tau, 0.0, _quadrature(5), out)[0] == -np.inf
        assert np.isnan(draw(rng, address, 2.0, 1.0, eta, aux, tau, 0.0, out))
