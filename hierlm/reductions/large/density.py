"""The marginal density of a large design: itself where it is asked for, a polynomial where that is exact enough."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierlm.kernels.callbacks import Called
from hierlm.kernels.parameters import parameters
from hierlm.reductions.large.surface import Surface, fit_surface
from hierlm.reductions.threads import one_thread

__all__ = ["LargeDensity", "tabulated"]

Floats = NDArray[np.float64]
STEP = 1e-3
"""Of the differences that gradients are made of."""

WIDTH = 1.4
"""Standard deviations of the points that the polynomial goes through."""

FIRST, MOST = 25, 200
"""Points for each number: at first, and at last."""

ENOUGH, POOR = 2e-3, 2e-2
"""Error of the log density that more points are not made for, and beyond which the polynomial is of no use."""


@dataclass(frozen=True, eq=False)
class LargeDensity:
    """log p(y | θ) + log p(θ) with its Jacobians, as a function of (ζ, buffer, gradient).

    Gradients are differences: a value takes a tenth of the time of the reverse sweep through a large factorisation.

    Parameters
    ----------
    exact : Called
    surface : Surface or None
        What stands for it where it is exact enough.
    """

    exact: Called
    surface: Surface | None = None

    def __call__(self, zeta: Floats, buffer: Floats, gradient: Floats) -> float:
        """The value at one point; the gradient in place, unless its array is empty."""
        if not len(gradient):
            return float(self.values(zeta[None], buffer, 1)[0])
        steps = STEP * np.eye(len(zeta))
        every = zeta + np.vstack([np.zeros_like(zeta), steps, -steps])
        found, enough = self._approximately(every)
        if not enough.all():  # differences of two functions would be wrong
            found = self.exactly(every, buffer)
        gradient[:] = (found[1 : 1 + len(zeta)] - found[1 + len(zeta) :]) / (2.0 * STEP)
        return float(found[0])

    def values(self, zetas: Floats, buffer: Floats, cores: int = 1) -> Floats:
        """The values at many points (n, dimension)."""
        found, enough = self._approximately(zetas)
        if not enough.all():
            found[~enough] = self.exactly(zetas[~enough], buffer)
        return found

    def exactly(self, zetas: Floats, buffer: Floats) -> Floats:
        """The density itself, on all cores."""
        with one_thread():
            return self.exact.values(zetas, buffer, min(os.cpu_count() or 1, max(len(zetas), 1)))

    def _approximately(self, zetas: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        if self.surface is None:
            return np.empty(len(zetas)), np.zeros(len(zetas), dtype=bool)
        return self.surface(zetas)


def tabulated(density: LargeDensity, buffer: Floats) -> LargeDensity:
    """The density with a polynomial about the mode, ζ = 0, if there is a good one; ζ is about standard normal."""
    p = parameters(buffer)
    K = len(p.centre)
    rng = np.random.default_rng(2)
    zetas, values = np.zeros((0, K)), np.zeros(0)
    wanted = FIRST * K
    while True:
        more = rng.normal(0.0, WIDTH, (wanted - len(zetas), K))
        zetas, values = np.vstack([zetas, more]), np.concatenate([values, density.exactly(more, buffer)])
        surface = fit_surface(p, zetas, values)
        if surface.error <= ENOUGH or wanted >= MOST * K:
            return LargeDensity(density.exact, surface if surface.error <= POOR else None)
        wanted = min(2 * wanted, MOST * K)
