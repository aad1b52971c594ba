"""The abstract spline: a curve that is a straight line, which is free, and deviations from it, which are penalised."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Spline"]

Floats = NDArray[np.float64]

SAME = 9
"""Decimals, as a share of the range, to which two values are one knot."""


class Spline(ABC):
    """f(x) = c₀ + c₁x + Σ_j u_j z_j(x), penalty u'u (c₁ = 0 where :attr:`linear` is false).

    The z_j follow from the knots alone, by Cholesky factors and not by eigenvectors, whose signs and order depend on
    the machine: a saved fit predicts the same everywhere.  Any rotation of u is the same model, since u is iid normal.

    Parameters
    ----------
    low, high : float
        The range that the knots cover; x is taken as t = (x − low)/(high − low).
    knots : (k,) array
        In units of t.
    """

    linear: ClassVar[bool] = True
    cyclic: ClassVar[bool] = False

    def __init__(self, low: float, high: float, knots: Floats) -> None:
        self.low, self.high, self.knots = low, high, knots

    @classmethod
    def fit(cls, x: Floats, size: int, lower: float | None, upper: float | None) -> Spline:
        """The spline with ``size`` basis functions for data x.

        Parameters
        ----------
        lower, upper : float, optional
            The range of a cyclic spline where it is not that of x.
        """
        low = float(x.min()) if lower is None else lower
        high = float(x.max()) if upper is None else upper
        return cls(low, high, cls.place(different((x - low) / (high - low)), size))

    @staticmethod
    @abstractmethod
    def place(values: Floats, size: int) -> Floats:
        """Where ``size`` basis functions have their knots, for sorted different ``values`` of t."""

    @abstractmethod
    def _columns(self, t: Floats) -> Floats:
        """z at t, (n, r)."""

    def wiggly(self, x: Floats) -> Floats:
        """z_j(x), the penalised part: (n, r)."""
        return np.ascontiguousarray(self._columns((x - self.low) / (self.high - self.low)))


def different(t: Floats) -> Floats:
    """The different values of t, sorted; what differs by rounding only counts once."""
    return np.unique(np.round(t, SAME))
