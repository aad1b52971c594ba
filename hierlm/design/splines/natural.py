"""Natural cubic splines with penalty ∫f''²: bs="cr", and in one dimension bs="tp"."""

from __future__ import annotations

from typing import final

import numpy as np
from scipy.linalg import solve_triangular

from hierlm.design.splines.spline import Floats, Spline

__all__ = ["Natural"]


@final
class Natural(Spline):
    """The smoothest curve through values at its knots, penalty ∫f''(x)²dx; straight lines beyond the first and last.

    f'' is piecewise linear with values γ at the inner knots and zero at the outer ones, so ∫f''² = γ'Bγ with B
    tridiagonal; γ = L⁻ᵀu, B = LLᵀ.  ψ_j, whose second derivative is the hat function of knot j, is a second difference
    of (t − κ)₊³/6 (Green & Silverman 1994, *Nonparametric Regression and Generalized Linear Models*, section 2.1).

    Knots are quantiles of the different values.
    """

    @staticmethod
    def place(values: Floats, size: int) -> Floats:
        """Quantiles of the different values, their ends among them."""
        return np.quantile(values, np.linspace(0.0, 1.0, size))

    def _columns(self, t: Floats) -> Floats:
        h = np.diff(self.knots)
        cubes = np.maximum(t[:, None] - self.knots, 0.0) ** 3 / 6.0
        slopes = np.diff(cubes, axis=1) / h
        B = np.diag((h[:-1] + h[1:]) / 3.0) + np.diag(h[1:-1] / 6.0, 1) + np.diag(h[1:-1] / 6.0, -1)
        return solve_triangular(np.linalg.cholesky(B), np.diff(slopes, axis=1).T, lower=True).T
