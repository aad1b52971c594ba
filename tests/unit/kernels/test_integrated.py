"""One normal effect a row: its integral by quadrature, and draws of it, against numerical integration."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from hierlm.kernels.responses import RESPONSES
from tests.unit.kernels.response_cases import Rows, call_rows, same_rows

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
    return np.array([RESPONSES[key].log_density(y, t, eta + tau * e, aux)[0] for e in z]) - 0.5 * z * z


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


def _integral(key: str, y: float, t: float, eta: float, tau: float, start: float = 0.0, nodes: int = 41) -> Rows:
    return call_rows(RESPONSES[key].integrated_rows, y, t, eta, _aux(key), tau=tau, start=start, nodes=nodes)


def _draws(key: str, y: float, t: float, eta: float, tau: float, seed: int, start: float = 0.0) -> np.ndarray:
    """Of z: 600, each of a row of its own."""
    o = same_rows(key, y, t, eta, 600)
    o.start[:] = start
    effects, log_aux = np.zeros((1, 600)), _aux(key)[None]
    rng = np.random.default_rng(seed)
    ok = RESPONSES[key].draw_effects(rng, o, np.zeros((1, 0)), log_aux, np.array([tau]), effects)
    assert bool(ok[0]) == bool(np.isfinite(effects).all())
    return effects[0] / tau


@pytest.mark.parametrize(("key", "y", "t"), CASES)
def test_the_integral(key: str, y: float, t: float) -> None:
    """41 nodes: 2e-6, from wherever the search for the mode begins."""
    for eta in ETAS:
        for tau in TAUS:
            expected = _exact(key, y, t, eta, tau, _aux(key))
            for start in (0.0, -1.0, 1.0):
                value = _integral(key, y, t, eta, tau, start).total
                assert value == pytest.approx(expected, abs=2e-6), (eta, tau, start)


@pytest.mark.parametrize(("key", "y", "t"), CASES)
def test_the_derivatives(key: str, y: float, t: float) -> None:
    """By η, by the further parameter and by τ: those of the exact integral; the working weight is −∂²/∂η²."""
    aux, step, eta, tau = _aux(key), 1e-4, 0.4, 0.8
    rows = _integral(key, y, t, eta, tau)
    up, down = (_exact(key, y, t, eta + s, tau, aux) for s in (step, -step))
    assert rows.slopes[0] == pytest.approx((up - down) / (2 * step), rel=1e-6, abs=1e-7)
    here = _exact(key, y, t, eta, tau, aux)
    assert rows.weights[0] == pytest.approx(-(up - 2 * here + down) / step**2, rel=1e-3, abs=1e-5)
    up, down = (_exact(key, y, t, eta, tau + s, aux) for s in (step, -step))
    assert rows.bars[2] == pytest.approx((up - down) / (2 * step), rel=1e-6, abs=1e-7)
    if RESPONSES[key].n_aux:
        up, down = (_exact(key, y, t, eta, tau, aux + [s, 0.0]) for s in (step, -step))
        assert rows.bars[0] == pytest.approx((up - down) / (2 * step), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize(("key", "y", "t"), CASES)
def test_draws(key: str, y: float, t: float) -> None:
    """600 draws each: Kolmogorov–Smirnov against the numerically integrated distribution, 1e-5 (seeded)."""
    for eta in ETAS:
        for tau in (0.05, 0.7, 1.5):
            z = _draws(key, y, t, eta, tau, seed=17)
            assert _uniform(z, *_grid(key, y, t, eta, tau, _aux(key))) > 1e-5, (eta, tau)


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
    z = _draws(key, y, t, eta, tau, seed=3, start=start)
    assert _uniform(z, *_grid(key, y, t, eta, tau, _aux(key))) > 1e-5
    value = _integral(key, y, t, eta, tau, start).total
    assert value == pytest.approx(_exact(key, y, t, eta, tau, _aux(key)), abs=0.1)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite(bad: float) -> None:
    """No density, and no draw."""
    for eta, tau in ((bad, 1.0), (0.0, bad)):
        assert not np.isfinite(_integral("poisson:log", 2.0, 1.0, eta, tau, nodes=5).total)
        assert np.isnan(_draws("poisson:log", 2.0, 1.0, eta, tau, seed=1)).all()
