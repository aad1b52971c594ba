"""P-splines: cubic B-splines on equal intervals, second differences penalised: bs="ps"."""

from __future__ import annotations

from typing import final

import numpy as np
from scipy.interpolate import BSpline

from hierlm.design.splines.spline import Floats, Spline

__all__ = ["BSplines"]

DEGREE = 3


@final
class BSplines(Spline):
    """f = Σ β_i B_i(x), penalty |Dβ|², D second differences (Eilers & Marx 1996, *Statistical Science* 11:89–121).

    u = Dβ, so z = B D'(DD')⁻¹; equally spaced β make a straight line.  Beyond the data the curve goes on as a straight
    line.
    """

    @staticmethod
    def place(values: Floats, size: int) -> Floats:
        """Equal intervals, three of them beyond either end."""
        return np.arange(-DEGREE, size + 1) / (size - DEGREE)

    def _columns(self, t: Floats) -> Floats:
        inside = np.clip(t, 0.0, 1.0)
        k = len(self.knots) - DEGREE - 1
        D = np.diff(np.eye(k), 2, axis=0)
        spline = BSpline(self.knots, np.linalg.solve(D @ D.T, D).T, DEGREE)
        return np.asarray(spline(inside) + (t - inside)[:, None] * spline.derivative()(inside))
