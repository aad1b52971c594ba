"""Splines against constructions of their own: cardinal bases of SciPy, penalties by quadrature, penalised least squares."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.interpolate import BSpline, CubicSpline, make_smoothing_spline

from hierlm.design.splines import SPLINES, BSplines, Cyclic, Natural, Spline

RNG = np.random.default_rng(4)
X = np.sort(RNG.gamma(2.0, 3.0, 70)) + 5.0
Y = np.sin(X / 2) + RNG.normal(0, 0.3, 70)

Floats = np.ndarray


def cardinal(knots: Floats, ends: str) -> tuple[Callable[[Floats], Floats], Floats]:
    """(basis by values at the knots, ∫ of products of second derivatives) with SciPy's interpolation."""
    k = len(knots) - (ends == "periodic")
    values = np.eye(k) if ends != "periodic" else np.vstack([np.eye(k), np.eye(k)[:1]])
    spline = CubicSpline(knots, values, bc_type=ends)
    bends, h = spline(knots, 2), np.diff(knots)
    middle = (bends[1:] + bends[:-1]) / 2  # Simpson's rule is exact for products of straight lines
    S = sum(
        h[i]
        / 6
        * (np.outer(bends[i], bends[i]) + 4 * np.outer(middle[i], middle[i]) + np.outer(bends[i + 1], bends[i + 1]))
        for i in range(len(h))
    )
    return spline, S


def b_splines(k: int) -> tuple[Callable[[Floats], Floats], Floats]:
    """(k cubic B-splines on equal intervals over the data, squares of second differences)."""
    step = (X.max() - X.min()) / (k - 3)
    knots = X.min() + step * np.arange(-3, k + 1)
    D = np.diff(np.eye(k), n=2, axis=0)
    return lambda x: BSpline.design_matrix(np.minimum(x, knots[k] - 1e-12), knots, 3).toarray(), D.T @ D


def independent(bs: str, k: int) -> tuple[Floats, Floats]:
    """(B at the data, penalty matrix)."""
    if bs == "ps":
        basis, S = b_splines(k)
    else:
        basis, S = cardinal(np.quantile(np.unique(X), np.linspace(0, 1, k)), "periodic" if bs == "cc" else "natural")
    return basis(X), S


def free(spline: Spline) -> Floats:
    return np.column_stack([np.ones(len(X)), X]) if spline.linear else np.ones((len(X), 1))


@pytest.mark.parametrize("k", [4, 7, 15])
@pytest.mark.parametrize("bs", SPLINES)
def test_the_mixed_model_is_the_penalised_fit(bs: str, k: int) -> None:
    """min |y − Bβ|² + λ β'Sβ has the fitted values of y = Nb + Zu + e with u'u as penalty, 1e-8, for any λ."""
    spline = SPLINES[bs].fit(X, k, None, None)
    Z, N = spline.wiggly(X), free(spline)
    assert Z.shape == (len(X), k - 2)
    unit = X.max() - X.min()  # in t the integral of f''² is unit³ times that in x
    B, S = independent(bs, k)
    for weight in (0.01, 1.0, 100.0):
        own = weight if bs == "ps" else weight * unit**3
        fitted = (
            B @ np.linalg.lstsq(np.vstack([B, np.sqrt(own) * _root(S)]), np.append(Y, np.zeros(len(S))), rcond=None)[0]
        )
        W = np.column_stack([N, Z])
        P = np.diag(np.append(np.zeros(N.shape[1]), np.full(Z.shape[1], weight)))
        np.testing.assert_allclose(W @ np.linalg.solve(W.T @ W + P, W.T @ Y), fitted, atol=1e-8)


def _root(S: Floats) -> Floats:
    values, vectors = np.linalg.eigh(S)
    return np.sqrt(np.clip(values, 0, None))[:, None] * vectors.T


@pytest.mark.parametrize("bs", SPLINES)
def test_the_covariance_of_the_penalised_part(bs: str) -> None:
    """ZZ' is BS⁻B', up to what the penalty does not see."""
    spline = SPLINES[bs].fit(X, 8, None, None)
    N, (B, S) = free(spline), independent(bs, 8)
    M = np.eye(len(X)) - N @ np.linalg.pinv(N)
    scale = 1.0 if bs == "ps" else (X.max() - X.min()) ** -3
    expected = scale * M @ B @ np.linalg.pinv(S, rcond=1e-11) @ B.T @ M
    Z = M @ spline.wiggly(X)
    np.testing.assert_allclose(Z @ Z.T, expected, atol=1e-9 * np.abs(expected).max())


def test_with_a_knot_at_every_value_it_is_the_smoothing_spline() -> None:
    """SciPy's minimises Σ (y − f)² + λ ∫f''² over all functions."""
    x = np.unique(X)
    spline = Natural.fit(x, len(x), None, None)
    y = np.sin(x / 2) + np.random.default_rng(1).normal(0, 0.3, len(x))
    for lam in (0.5, 20.0):
        W = np.column_stack([np.ones(len(x)), x, spline.wiggly(x)])
        P = np.diag(np.append([0.0, 0.0], np.full(len(x) - 2, lam / (x[-1] - x[0]) ** 3)))
        found = W @ np.linalg.solve(W.T @ W + P, W.T @ y)
        np.testing.assert_allclose(found, make_smoothing_spline(x, y, lam=lam)(x), atol=1e-6)


@pytest.mark.parametrize("bs", SPLINES)
@pytest.mark.parametrize(("shift", "unit"), [(1e4, 1.0), (0.0, 1e-3), (-50.0, 365.25)])
def test_shift_and_scale_of_x_change_nothing(bs: str, shift: float, unit: float) -> None:
    """But for digits that x itself loses."""
    here = SPLINES[bs].fit(X, 9, None, None).wiggly(X)
    there = SPLINES[bs].fit(shift + unit * X, 9, None, None).wiggly(shift + unit * X)
    np.testing.assert_allclose(there, here, atol=1e-7 * np.abs(here).max())


@pytest.mark.parametrize("kind", [Natural, BSplines])
def test_it_goes_on_as_a_straight_line(kind: type[Spline]) -> None:
    spline, step = kind.fit(X, 9, None, None), 0.5
    for end, way in ((X.max(), 1.0), (X.min(), -1.0)):
        Z = spline.wiggly(end + way * step * np.arange(6))
        np.testing.assert_allclose(np.diff(Z, 2, axis=0), 0.0, atol=1e-9 * np.abs(spline.wiggly(X)).max())
        inside = (spline.wiggly(np.array([end])) - spline.wiggly(np.array([end - way * 1e-6])))[0] / 1e-6
        slopes = np.abs(np.diff(spline.wiggly(X), axis=0) / np.diff(X)[:, None]).max()
        np.testing.assert_allclose(np.diff(Z, axis=0)[0] / step, inside, atol=1e-5 * slopes)


def test_a_cyclic_spline_comes_round() -> None:
    spline = Cyclic.fit(X, 9, 0.0, 40.0)
    x = np.linspace(0.0, 40.0, 23)
    np.testing.assert_allclose(spline.wiggly(x + 40.0), spline.wiggly(x), atol=1e-9)
    near = np.array([40.0 - 2e-4, 40.0 - 1e-4, 40.0, 40.0 + 1e-4, 40.0 + 2e-4])
    Z = spline.wiggly(near)
    slopes = np.diff(Z, axis=0) / 1e-4
    np.testing.assert_allclose(slopes[1], slopes[2], atol=1e-4 * np.abs(slopes).max())


@pytest.mark.parametrize("bs", SPLINES)
def test_rounding_makes_no_knots(bs: str) -> None:
    """0.1 + 0.2 and 0.3 are one value."""
    x = np.array([0.1 + 0.2, 0.3, 0.3, 0.1, 0.5, 0.7, 0.9, 1.1])
    knots = SPLINES[bs].fit(x, 5, None, None).knots
    assert (np.diff(knots) > 1e-3).all()
