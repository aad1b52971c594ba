"""Cyclic cubic splines with penalty ∫f''²: bs="cc"."""

from __future__ import annotations

from typing import ClassVar, final

import numpy as np
from scipy.linalg import solve_triangular

from hierlm.design.splines.spline import Floats, Spline

__all__ = ["Cyclic"]


@final
class Cyclic(Spline):
    """The smoothest closed curve through any values at its knots, penalty ∫f''(x)²dx over one period.

    The first and the last knot are the same place: value, slope and curvature meet there, and x beyond them comes round
    again.  With m = k − 1 values β and curvatures γ at the knots, Bγ = Dβ and ∫f''² = β'D'B⁻¹Dβ (Wood 2017,
    *Generalized Additive Models*, section 5.3.2); only constants have none, so the straight line is missing here.
    """

    linear: ClassVar[bool] = False
    cyclic: ClassVar[bool] = True

    @staticmethod
    def place(values: Floats, size: int) -> Floats:
        """Quantiles of the different values, the ends of the period first and last."""
        return np.quantile(np.unique(np.concatenate([[0.0, 1.0], np.mod(values, 1.0)])), np.linspace(0.0, 1.0, size))

    def _columns(self, t: Floats) -> Floats:
        h = np.diff(self.knots)
        m = len(h)
        B, D = np.zeros((m, m)), np.zeros((m, m))
        for j in range(m):
            before, after = (j - 1) % m, (j + 1) % m
            B[j, j] += (h[before] + h[j]) / 3.0
            B[j, before] += h[before] / 6.0
            B[j, after] += h[j] / 6.0
            D[j, j] -= 1.0 / h[before] + 1.0 / h[j]
            D[j, before] += 1.0 / h[before]
            D[j, after] += 1.0 / h[j]
        curvature = np.linalg.solve(B, D)
        Q = -np.diff(np.eye(m), axis=0).T  # contrasts of neighbours: all of β but the constant
        L = np.linalg.cholesky(Q.T @ D.T @ curvature @ Q)
        return solve_triangular(L, (self._cardinal(np.mod(t, 1.0), h, curvature) @ Q).T, lower=True).T

    def _cardinal(self, t: Floats, h: Floats, curvature: Floats) -> Floats:
        """(n, m): the curve that is 1 at one knot and 0 at the others, for each of them."""
        m = len(h)
        j = np.clip(np.searchsorted(self.knots, t, side="right") - 1, 0, m - 1)
        after, step, rows = (j + 1) % m, h[j], np.arange(len(t))
        left, right = self.knots[j + 1] - t, t - self.knots[j]
        values, bends = np.zeros((len(t), m)), np.zeros((len(t), m))
        values[rows, j] += left / step
        values[rows, after] += right / step
        bends[rows, j] += (left**3 / step - step * left) / 6.0
        bends[rows, after] += (right**3 / step - step * right) / 6.0
        return values + bends @ curvature
