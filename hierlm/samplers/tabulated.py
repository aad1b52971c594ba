"""A problem whose density takes long, with a polynomial in its place where that is exact enough."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hierlm.kernels.callbacks import values_at
from hierlm.kernels.parameters import parameters
from hierlm.samplers.reflections import upright
from hierlm.samplers.surface import Surface, fit_surface

if TYPE_CHECKING:
    from hierlm.reductions.reduction import Problem

__all__ = ["Tabulated", "inexactness", "tabulated"]

Floats = NDArray[np.float64]
LONG = 100_000
"""Operations of a density that takes about a millisecond, so that thousands take seconds."""

LARGEST = 6
"""Numbers: a polynomial of more has too many terms."""

WIDTH = 1.4
"""Standard deviations of the points that the polynomial goes through."""

FIRST, MOST = 25, 200
"""Points for each number: at first, and at last."""

ENOUGH, POOR, HOPELESS = 2e-3, 2e-2, 0.5
"""Error of the log density that more points are not made for, beyond which the polynomial is of no use, and beyond
which more points would not help."""

STEP = 1e-3
"""Of the differences that gradients of the polynomial are made of."""

OPERATIONS = 1_000.0
"""Of a value of the polynomial."""

LOOKED_AT = 40
"""Draws at which the density itself is computed."""


@dataclass(frozen=True, eq=False)
class Tabulated:
    """A density as a function of (ζ, data, gradient): the polynomial where it is exact enough, else itself.

    Parameters
    ----------
    density : function
        See :class:`hierlm.reductions.Problem`.
    surface : Surface
    cores : int
    """

    density: Any
    surface: Surface
    cores: int

    def __call__(self, zeta: Floats, data: Floats, gradient: Floats) -> float:
        """The value at one point; the gradient in place, unless its array is empty."""
        steps = STEP * np.eye(len(zeta))[: len(gradient)]
        found, enough = self.surface(zeta + np.vstack([np.zeros((1, len(zeta))), steps, -steps]))
        if not enough.all():  # differences of two functions would be wrong
            return float(self.density(zeta, data, gradient))
        gradient[:] = (found[1 : 1 + len(steps)] - found[1 + len(steps) :]) / (2.0 * STEP)
        return float(found[0])

    def values(self, zetas: Floats, data: Floats, cores: int = 1) -> Floats:
        """The values at many points (n, dimension)."""
        found, enough = self.surface(zetas)
        if not enough.all():
            found[~enough] = values_at(self.density, zetas[~enough], data, max(cores, self.cores))
        return found


def tabulated(problem: Problem, cores: int) -> Problem | None:
    """The problem with a polynomial; None where there is no good one, and where none is needed.

    Its coordinates ζ are about standard normal.
    """
    d = problem.dimension
    if d > LARGEST or not (problem.dear or problem.operations > LONG):
        return None
    p, turned, rng = parameters(problem.data), upright(problem), np.random.default_rng(2)
    zetas, values, wanted = np.zeros((0, d)), np.zeros(0), FIRST * d
    while True:
        more = rng.normal(0.0, WIDTH, (wanted - len(zetas), d))
        zetas = np.vstack([zetas, more])
        values = np.concatenate([values, values_at(problem.density, more, problem.data, cores)])
        surface = fit_surface(p, turned, zetas, values)
        if surface is not None and surface.error <= (ENOUGH if wanted < MOST * d else POOR):
            density = Tabulated(problem.density, surface, cores)
            return replace(problem, density=density, work=OPERATIONS, dear=True)
        if wanted >= MOST * d or surface is None or surface.error > HOPELESS:
            return None
        wanted = min(2 * wanted, MOST * d)


def inexactness(problem: Problem, zetas: Floats) -> float:
    """The standard deviation of the polynomial's error over some of the draws (n, dimension).

    ∞ where it is not finite.
    """
    exact = problem.density.density
    some = np.ascontiguousarray(zetas[np.linspace(0, len(zetas) - 1, min(LOOKED_AT, len(zetas))).astype(int)])
    error = problem.density.values(some, problem.data) - values_at(exact, some, problem.data, problem.density.cores)
    return float(np.std(error)) if np.isfinite(error).all() else np.inf
