"""The changes of signs that leave a problem's density as it is.

A standard deviation may be sampled with a sign (:mod:`hierlm.kernels.parameters`).  With it go the signs of its
correlations and of its whitened effects: with E = diag(±1) over the effects of a level, sd → E sd and C → E C E take
Λ = diag(sd) C to ΛE, so that z → E z leaves Λz as it was.  The posterior of ζ has as many copies of each mode as there
are combinations of signs; what is a proposal of one copy becomes one of all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hierlm.kernels.correlations import UNSTRUCTURED
from hierlm.kernels.parameters import Parameters, parameters

if TYPE_CHECKING:
    from hierlm.reductions.reduction import Problem

__all__ = ["Reflection", "reflections", "upright"]

Floats = NDArray[np.float64]
MOST = 6
"""Signed standard deviations whose signs are changed, 2⁶ combinations; k̂ shows whether more would have mattered."""

AGREE = 1e-6
"""Two log densities that are the same."""


@dataclass(frozen=True, eq=False)
class Reflection:
    """ζ → (matrix θ-part + shift, signs · rest).

    Parameters
    ----------
    matrix (K, K), shift (K,)
    signs (dimension − K,)
    """

    matrix: Floats
    shift: Floats
    signs: Floats

    def __call__(self, zetas: Floats) -> Floats:
        """The images of zetas (n, dimension)."""
        K = len(self.shift)
        return np.hstack([zetas[:, :K] @ self.matrix.T + self.shift, zetas[:, K:] * self.signs])


def reflections(problem: Problem) -> tuple[Reflection, ...]:
    """Every change of some signs; none unless each, tried on the density, leaves it as it was."""
    p = parameters(problem.data)
    signed = [s for s, row in enumerate(p.sds) if row[0] >= 0 and row[2] < 0.0][:MOST]
    every = [c for many in range(1, len(signed) + 1) for c in combinations(signed, many)]
    found = [_reflection(problem, p, flipped) for flipped in every]
    return tuple(found) if all(_holds(problem, r) for r in found) else ()


def upright(problem: Problem) -> Callable[[Floats], Floats]:
    """What takes points (…, dimension) to their images in which signed standard deviations are not negative.

    Up to signs whose change would change the density, which stay as they are.
    """
    p, every = parameters(problem.data), reflections(problem)
    places = [int(row[0]) for row in p.sds if row[0] >= 0 and row[2] < 0.0]
    if not every:
        return lambda zetas: zetas
    K = len(p.centre)

    def turned(zetas: Floats) -> Floats:
        flat = zetas.reshape(-1, zetas.shape[-1]).copy()
        best = _below(flat, p, K, places)
        for reflection in every:
            image = reflection(flat)
            found = _below(image, p, K, places)
            better = found < best
            flat[better], best[better] = image[better], found[better]
        return flat.reshape(zetas.shape)

    return turned


def _below(zetas: Floats, p: Parameters, K: int, places: list[int]) -> NDArray[np.int64]:
    """How many signed standard deviations are negative."""
    theta = p.centre + zetas[:, :K] @ p.axes.T
    return np.asarray((theta[:, places] < 0.0).sum(axis=1))


def _reflection(problem: Problem, p: Parameters, flipped: tuple[int, ...]) -> Reflection:
    theta = np.ones(len(p.centre))
    for s in flipped:
        theta[int(p.sds[s, 0])] = -1.0
    for row in p.cors:
        g, first, k, place = int(row[0]), int(row[1]), int(row[2]), int(row[5])
        effect = np.where(np.isin(p.owner[g, first : first + k], flipped), -1.0, 1.0)
        pairs = [(i, j) for i in range(k) for j in range(i)] if int(row[3]) == UNSTRUCTURED else [(1, 0)]
        for n, (i, j) in enumerate(pairs):
            theta[place + n] *= effect[i] * effect[j]
    rest = np.ones(problem.dimension - len(theta))
    at = problem.place
    if len(rest):
        for start, levels, size, owner in zip(at.starts, at.levels, at.sizes, at.owner, strict=True):
            for i in range(size):
                if owner[i] in flipped:
                    rest[start + i : start + levels * size : size] = -1.0
    matrix = np.linalg.solve(p.axes, theta[:, None] * p.axes)
    return Reflection(matrix, np.linalg.solve(p.axes, theta * p.centre - p.centre), rest)


def _holds(problem: Problem, reflection: Reflection) -> bool:
    points = np.random.default_rng(0).normal(scale=0.5, size=(2, problem.dimension))
    gradient = np.zeros(problem.dimension)
    one, other = (
        np.array([problem.density(z, problem.data, gradient) for z in zs]) for zs in (points, reflection(points))
    )
    return bool(np.all(np.abs(one - other) < AGREE * (1.0 + np.abs(one))))
