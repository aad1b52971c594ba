"""Splines of one variable, one kind a file, split into what their penalty does not see and what it does."""

from hierlm.design.splines.bspline import BSplines
from hierlm.design.splines.cyclic import Cyclic
from hierlm.design.splines.natural import Natural
from hierlm.design.splines.spline import Spline

__all__ = ["SPLINES", "BSplines", "Cyclic", "Natural", "Spline"]

SPLINES: dict[str, type[Spline]] = {"tp": Natural, "cr": Natural, "ps": BSplines, "cc": Cyclic}
"""``bs=`` → kind.  In one dimension the thin plate spline on k knots is the natural cubic spline on them."""
