"""Proposals for importance sampling: the normal approximation at the mode, and a split Student-t that is wider.

    x_j = ± s_j^± t_j^±,   t_j^± ~ |Student-t(ν_j^±)|,   each sign with probability ½,   ζ = mode + axes x

Scale and tail of each half axis are those with the least ∫ p²/q · (max p/q)^⅕ for the density p along that half axis
(the variance of the weights, were p a product, and their largest), so that skewness and heavy tails are met where they
are.  Where signs of standard
deviations can be changed (:mod:`hierlm.samplers.reflections`), the proposal is the mixture over all of them.

Source: Geweke (1989), Econometrica 57:1317–1339, for the split Student-t.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln

from hierlm.kernels.callbacks import values_at
from hierlm.kernels.parameters import parameters
from hierlm.samplers.reflections import Reflection, reflections

if TYPE_CHECKING:
    from hierlm.reductions.reduction import Problem

__all__ = ["Proposal", "normal_proposal", "split_t_proposal"]

Floats = NDArray[np.float64]
REFINED = 50
"""The largest dimension in which mode and axes are looked for; beyond, those of the coordinates are good enough."""

STEP = 1e-3
"""Of the differences of gradients."""

FLATTEST = 1e-2
"""The least curvature that is believed."""

NORMAL = 1e6
"""Degrees of freedom of a normal distribution."""

TAILS = (3.0, 5.0, 8.0, 16.0, 32.0, 64.0)
"""Degrees of freedom that are tried; more than 8 only in as many dimensions, where light tails cost less."""

WIDER, BARELY = 1.2, 1.05
"""What the scales of θ and of everything else are multiplied by: the density off the axes is wider than on them, and
a proposal that is too wide costs a little, one that is too narrow everything."""

SCALES = np.geomspace(0.5, 4.0, 37)
RADII = np.array([0.5, 1.0, 1.5, 2.5, 4.0, 6.0, 9.0, 13.0])
"""Where the density is looked at on each half axis, in standard deviations of the normal approximation."""

GRID = np.linspace(0.0, 16.0, 241)
POWER = 0.2
"""Of the largest weight along a half axis: k̂ suffers from a long shoulder that the variance hardly notices."""

LOWEST = 700.0
"""The deepest drop of a log density that counts."""


@dataclass(frozen=True, eq=False)
class Proposal:
    """What zetas are drawn from.

    Parameters
    ----------
    centre (d,), axes (d, d)
    scales, tails (2, d)
        Of the upper and the lower half axes: s, and the degrees of freedom ν.
    reflections : tuple of Reflection
    """

    centre: Floats
    axes: Floats
    scales: Floats
    tails: Floats
    reflections: tuple[Reflection, ...] = ()

    def draw(self, size: int, rng: np.random.Generator) -> Floats:
        """Draws (size, d) around one mode: by symmetry nobody can tell them from those of the mixture."""
        upper = rng.random((size, len(self.centre))) < 0.5
        t = np.abs(rng.standard_t(np.where(upper, *self.tails)))
        return np.asarray(self.centre + (np.where(upper, 1.0, -1.0) * np.where(upper, *self.scales) * t) @ self.axes.T)

    def log_density(self, zetas: Floats) -> Floats:
        """The log density (n,) of zetas (n, d) up to a constant, of the mixture over all reflections."""
        inverse = np.linalg.inv(self.axes)
        total = self._one(zetas, inverse)
        for reflection in self.reflections:
            total = np.logaddexp(total, self._one(reflection(zetas), inverse))
        return total

    def _one(self, zetas: Floats, inverse: Floats) -> Floats:
        x = (zetas - self.centre) @ inverse.T
        constant = _log_constant(self.tails) - np.log(self.scales)
        upper = x > 0.0
        nu = np.asarray(np.where(upper, *self.tails))
        x = x / np.where(upper, *self.scales)
        return np.asarray((np.where(upper, *constant) - 0.5 * (nu + 1.0) * np.log1p(x * x / nu)).sum(axis=1))


def normal_proposal(problem: Problem) -> Proposal:
    """The normal approximation at the mode."""
    centre, axes = _mode_and_axes(problem)
    d = problem.dimension
    return Proposal(centre, axes, np.ones((2, d)), np.full((2, d), NORMAL), reflections(problem))


def split_t_proposal(problem: Problem) -> Proposal:
    """The split Student-t.  Beyond 50 dimensions only the half axes of θ are looked along."""
    mirrors = reflections(problem)
    centre, axes = _mode_and_axes(problem)
    d = problem.dimension
    heaviest = max(8.0, float(d))
    scales, tails = np.ones((2, d)), np.full((2, d), heaviest)
    K = len(parameters(problem.data).centre)
    looked = d if d <= REFINED else K
    drops = _drops(problem, centre, axes[:, :looked])
    if mirrors:  # beyond a valley lies a copy of this mode, which the mixture covers
        drops = _until_valleys(drops)
    found = _half_axes(drops.reshape(-1, len(RADII)), heaviest)
    scales[:, :looked], tails[:, :looked] = (f.reshape(2, looked) for f in found)
    scales[:, :K] *= WIDER
    scales[:, K:looked] *= BARELY
    return Proposal(centre, axes, scales, tails, mirrors)


def _mode_and_axes(problem: Problem) -> tuple[Floats, Floats]:
    """The mode, and columns that take independent standard normal numbers to the normal approximation there.

    Of all such axes those that are a triangular matrix in θ and the other coordinates, so that half axes are about
    those of single parameters, along which posteriors are skewed.
    """
    d = problem.dimension
    centre, axes = np.zeros(d), np.eye(d)
    if not 0 < d <= REFINED:
        return centre, axes
    gradient = np.zeros(d)

    def negative(zeta: Floats) -> tuple[float, Floats]:
        value = problem.density(zeta, problem.data, gradient)
        return (-value, -gradient) if np.isfinite(value) else (1e300, np.zeros(d))

    found = minimize(negative, centre, jac=True, method="BFGS", options={"maxiter": 200, "gtol": 1e-3})
    centre = found.x if np.isfinite(found.fun) and found.fun < 1e300 else centre
    H = np.array([(negative(centre + e)[1] - negative(centre - e)[1]) / (2.0 * STEP) for e in STEP * np.eye(d)])
    if not np.isfinite(H).all():
        return centre, axes
    curvature, vectors = np.linalg.eigh((H + H.T) / 2.0)
    theta = np.eye(d)
    p = parameters(problem.data)
    theta[: len(p.centre), : len(p.centre)] = p.axes
    B = np.linalg.solve(theta.T, vectors * np.sqrt(np.maximum(curvature, FLATTEST)))  # BBᵀ is H in θ
    L = np.linalg.cholesky(B @ B.T)
    return centre, np.linalg.solve(theta, np.linalg.inv(L).T)


def _drops(problem: Problem, centre: Floats, axes: Floats) -> Floats:
    """How far the log density lies below that at the centre, (2, axes, radii)."""
    steps = np.array([1.0, -1.0])[:, None, None, None] * RADII[:, None] * axes.T[:, None]
    lp = values_at(problem.density, np.vstack([centre, (centre + steps).reshape(-1, len(centre))]), problem.data)
    found = (lp[0] - lp[1:]).reshape(2, axes.shape[1], len(RADII))
    return np.where(np.isfinite(found), found, LOWEST)


def _until_valleys(drops: Floats) -> Floats:
    """As if the density fell on at the same pace where it rises again."""
    rising = np.logical_or.accumulate(np.diff(drops, axis=2, prepend=0.0) < 0.0, axis=2)
    pace = drops / RADII**2
    for i in range(1, len(RADII)):
        pace[..., i] = np.where(rising[..., i], pace[..., i - 1], pace[..., i])
    return np.asarray(pace * RADII**2)


def _half_axes(drops: Floats, heaviest: float) -> tuple[Floats, Floats]:
    """The scale and the degrees of freedom with the least ∫ p²/q · (max p/q)^⅕, for each of the drops (n, radii)."""
    pace = np.clip(drops, 1e-3, LOWEST) / RADII**2  # ½ for a normal density
    p = np.exp(-np.array([np.interp(GRID, RADII, row) for row in pace]) * GRID**2)
    p /= p.sum(axis=1, keepdims=True)
    tails = np.array([t for t in TAILS if t <= heaviest])
    scale, nu = (m.ravel() for m in np.meshgrid(SCALES, tails))
    x = GRID[:, None] / scale
    inverse = np.exp(0.5 * (nu + 1.0) * np.log1p(x * x / nu) - _log_constant(nu)) * scale
    largest = np.array([(row[:, None] * inverse).max(axis=0) for row in p])
    best = (p**2 @ inverse * largest**POWER).argmin(axis=1)
    return scale[best], nu[best]


def _log_constant(nu: Floats) -> Floats:
    """Of the Student-t's log density, its maximum at scale 1."""
    return np.asarray(gammaln((nu + 1.0) / 2.0) - gammaln(nu / 2.0) - 0.5 * np.log(nu * np.pi))
