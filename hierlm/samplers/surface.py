"""A log density of few numbers as a polynomial, for densities that take long.

log p(ζ) ≈ Σ c_e Π_j He_{e_j}(x_j),    Σ_j e_j/d_j ≤ 1,

x the parameters, with ½ log(v² + c²) in place of a standard deviation v with a sign, standardised; fitted by weighted
least squares at points all over the posterior.  The degrees d_j grow, one at a time, while the error that is left at
points that were left out falls.  At a new point the error is about that times the root of the point's leverage: where
it could matter for the draws the density itself is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.polynomial.hermite_e import hermevander
from numpy.typing import NDArray

from hierlm.kernels.parameters import Parameters

__all__ = ["Surface", "fit_surface"]

Floats = NDArray[np.float64]
NEAR = 0.5
"""c, beside the root mean square of v."""

WIDE = 1.2
"""Standard deviations of the points in a unit of x."""

FLATTENED, LEAST = 4.0, 4.0
"""A point counts p^(1/FLATTENED), relative to the mode, and exp(−LEAST) at least: also where p is small."""

TERMS = 0.4
"""Most of them, beside the points."""

GAIN = 0.95
"""An error that falls by less is no reason for more terms."""

MATTERS = 0.02
"""Of the error of the log density at a point, times the root of its density beside the mode's."""

FINITE = 0.75
"""Share of the points where the density has to be finite."""

SAFE = 4.0
"""Times the error that is expected of a point: the largest that is reckoned with."""


@dataclass(frozen=True, eq=False)
class Surface:
    """The polynomial.

    Parameters
    ----------
    parameters : Parameters
        θ = centre + axes ζ of the first numbers, and which of θ have signs; all others are as they are.
    upright : function
        Points → their images with positive signs (:func:`hierlm.samplers.reflections.upright`).
    near : (K,) array
        c of those with signs, NaN elsewhere; negative where it goes with a correlation.
    middle (K,), whitening (K, K)
    exponents : (terms, K) int array
    coefficients : (terms,) array
    spread : (terms, terms) array
        With S Sᵀ the covariance of the coefficients, up to the error.
    top : float
        The largest log density of the points, which coefficients are relative to.
    error : float
        Root mean square at points that were left out, by their weights.
    """

    parameters: Parameters
    upright: Callable[[Floats], Floats]
    near: Floats
    middle: Floats
    whitening: Floats
    exponents: NDArray[np.int64]
    coefficients: Floats
    spread: Floats
    top: float
    error: float

    def __call__(self, zetas: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """The log density (n,) at zetas (n, K), and where it is exact enough."""
        B = _terms(
            _natural(self.parameters, self.near, self.upright(zetas)), self.middle, self.whitening, self.exponents
        )
        relative = B @ self.coefficients
        with np.errstate(over="ignore", invalid="ignore"):
            error = SAFE * self.error * np.linalg.norm(B @ self.spread, axis=1)
            exact = error * np.exp(0.5 * np.minimum(relative + error, 0.0)) <= MATTERS
        return relative + self.top, exact & np.isfinite(relative)


def fit_surface(
    parameters: Parameters, upright: Callable[[Floats], Floats], zetas: Floats, values: Floats
) -> Surface | None:
    """The polynomial through points (n, K) and their log densities; None where too few are finite."""
    fine = np.isfinite(values)
    zetas, values = upright(zetas[fine]), values[fine]
    if fine.mean() < FINITE:
        return None
    top = float(values.max())
    weights = np.exp(np.maximum((values - top) / FLATTENED, -LEAST))
    theta = _theta(parameters, zetas)
    near = _near(parameters, theta, weights)
    x = _natural(parameters, near, zetas)
    middle = np.average(x, axis=0, weights=weights**2)
    covariance = np.atleast_2d(np.cov(x.T, aweights=weights**2))
    whitening = np.linalg.inv(np.linalg.cholesky(covariance)) / WIDE

    def fitted(degrees: tuple[int, ...]) -> Surface | None:
        exponents = _exponents(degrees)
        if len(exponents) > TERMS * len(values):
            return None
        B = _terms(x, middle, whitening, exponents)
        Q, R = np.linalg.qr(B * weights[:, None])
        along = Q.T @ (weights * (values - top))
        left = weights * (values - top) - Q @ along
        leverage = np.minimum((Q**2).sum(axis=1), 1.0 - 1e-9)
        error = float(np.sqrt(((left / (1.0 - leverage)) ** 2).sum() / (weights**2).sum()))
        inverse = np.linalg.inv(R)
        return Surface(parameters, upright, near, middle, whitening, exponents, inverse @ along, inverse, top, error)

    return _best(fitted, x.shape[1])


def _best(fitted: Callable[[tuple[int, ...]], Surface | None], K: int) -> Surface | None:
    degrees = (2,) * K
    best = fitted(degrees)
    while best is not None:
        steps = [tuple(d + 2 * (i == j) for j, d in enumerate(degrees)) for i in range(K)]
        steps.append(tuple(d + 1 for d in degrees))
        tried = [(found.error, step, found) for step in steps if (found := fitted(step)) is not None]
        error, degrees, found = min(tried, key=lambda t: t[0], default=(np.inf, degrees, best))
        if error > GAIN * best.error:
            return best
        best = found
    return None


def _theta(parameters: Parameters, zetas: Floats) -> Floats:
    K = len(parameters.centre)
    return np.hstack([parameters.centre + zetas[:, :K] @ parameters.axes.T, zetas[:, K:]])


def _near(parameters: Parameters, theta: Floats, weights: Floats) -> Floats:
    found = np.full(theta.shape[1], np.nan)
    correlated = {
        int(s) for g, first, k, *_ in parameters.cors for s in parameters.owner[int(g), int(first) :][: int(k)]
    }
    for s, row in enumerate(parameters.sds):
        if row[0] >= 0 and row[2] < 0.0:
            size = NEAR * np.sqrt(np.average(theta[:, int(row[0])] ** 2, weights=weights))
            found[int(row[0])] = -size if s in correlated else size
    return found


def _natural(parameters: Parameters, near: Floats, zetas: Floats) -> Floats:
    """X of points: arsinh(v/c) in place of ½ log(v² + c²) where a sign goes with a correlation."""
    theta = _theta(parameters, zetas)
    c = np.where(np.isnan(near), 1.0, np.abs(near))
    signed = np.where(near < 0.0, np.arcsinh(theta / c), 0.5 * np.log(theta**2 + c**2))
    return np.where(np.isnan(near), theta, signed)


def _exponents(degrees: tuple[int, ...]) -> NDArray[np.int64]:
    every = product(*(range(d + 1) for d in degrees))
    return np.array([e for e in every if sum(n / d for n, d in zip(e, degrees, strict=True)) <= 1.0 + 1e-9])


def _terms(x: Floats, middle: Floats, whitening: Floats, exponents: NDArray[np.int64]) -> Floats:
    u = (x - middle) @ whitening.T
    found = np.ones((len(x), len(exponents)))
    for j in range(x.shape[1]):
        found *= hermevander(u[:, j], int(exponents[:, j].max()))[:, exponents[:, j]]
    return found
