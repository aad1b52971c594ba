"""One variable of a smooth: its spline, and where its data lie."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hierlm.design.expressions import Expression
from hierlm.design.splines import SPLINES, Spline
from hierlm.design.splines.spline import different
from hierlm.errors import DataError
from hierlm.formula.smooths import LEAST
from hierlm.formula.values import SmoothTerm

__all__ = ["Margin", "fit_margin"]

Floats = NDArray[np.float64]

DEFAULT_SIZE = {"s": 10, "t2": 5}
"""Basis functions of a variable where the user says nothing, as in mgcv; fewer where it has fewer different values."""


@dataclass(frozen=True, eq=False)
class Margin:
    """One variable of a smooth.

    Parameters
    ----------
    expression : Expression
    spline : Spline
        Knots from all rows.
    size : int
        Its basis functions, before any constraint.
    centre, spread : float
        Mean and standard deviation over the rows of one curve.
    range : (low, high)
        Of those rows.
    projection : (1 or 2, r) array, optional
        What is taken from the penalised functions so that they are orthogonal to the straight line over those rows:
        which of two variables bends would otherwise depend on the direction of x.
    """

    expression: Expression
    spline: Spline
    size: int
    centre: float = 0.0
    spread: float = 1.0
    range: tuple[float, float] = (-np.inf, np.inf)
    projection: Floats | None = None

    def located(self, x: Floats, where: str) -> Margin:
        """With centre and spread of the rows of one curve.

        Raises
        ------
        DataError
            When they are all alike.
        """
        if np.ptp(x) == 0:
            raise DataError(
                f"{self.expression.text!r} has one value only{where}, so there is no curve.",
                column=self.expression.blame,
                hint="Leave those rows or the smooth out.",
            )
        ends = (float(x.min()), float(x.max()))
        placed = replace(self, centre=float(x.mean()), spread=float(x.std()), range=ends)
        return replace(placed, projection=np.linalg.lstsq(placed.straight(x), self.spline.wiggly(x), rcond=None)[0])

    @property
    def drawn(self) -> tuple[float, float]:
        """Where the curve is shown: over its data, or once round."""
        return (self.spline.low, self.spline.high) if self.spline.cyclic else self.range

    def straight(self, x: Floats) -> Floats:
        """The unpenalised functions, (n, 2) or (n, 1): one, and x in standard deviations from its mean."""
        ones = np.ones((len(x), 1))
        return np.column_stack([ones, (x - self.centre) / self.spread]) if self.spline.linear else ones

    def bent(self, x: Floats) -> Floats:
        """The penalised functions, (n, r)."""
        Z = self.spline.wiggly(x)
        return Z if self.projection is None else Z - self.straight(x) @ self.projection

    def outside(self, x: Floats) -> NDArray[np.bool_]:
        """Where x lies beyond the data; a cyclic spline has no beyond."""
        low, high = self.range
        slack = 1e-9 * (high - low)
        return np.zeros(len(x), dtype=bool) if self.spline.cyclic else (x < low - slack) | (x > high + slack)


def fit_margin(term: SmoothTerm, place: int, expression: Expression, x: Floats) -> Margin:
    """The spline of one variable, with knots from data.

    Parameters
    ----------
    place : int
        Which of the term's variables it is.

    Raises
    ------
    DataError
        For too few different values.
    """
    kind, size = SPLINES[term.bases[place]], term.sizes[place]
    lower, upper = term.bounds if kind.cyclic else (None, None)
    low = float(x.min()) if lower is None else lower
    high = float(x.max()) if upper is None else upper
    if not low < high:
        raise DataError(
            f"{expression.text!r} has no range for a curve: it would go from {low:g} to {high:g}.",
            column=expression.blame,
            hint="Leave the smooth out, or change its bounds.",
        )
    t = (x - low) / (high - low)
    found = len(different(np.concatenate([np.mod(t, 1.0), [0.0, 1.0]]) if kind.cyclic else t))
    if found < (LEAST if size is None else size):
        wanted = f"at least {LEAST}" if size is None else f"{size}, its k,"
        near = (
            f"k={found} or less" if size is not None and found >= LEAST else f"C({expression.text}), or a straight line"
        )
        raise DataError(
            f"{term.text} needs {wanted} different values of {expression.text!r}, and there are {found}.",
            column=expression.blame,
            hint=f"Use {near}.",
        )
    size = size or min(DEFAULT_SIZE[term.function], found)
    return Margin(expression, kind.fit(x, size, lower, upper), size)
