"""A parameter held at a known value."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm

from hierlm.errors import PriorError

__all__ = ["Fixed"]


@dataclass(frozen=True)
class Fixed:
    """A parameter that is known: ``priors={"sigma": 25.0}``.

    It keeps its place among the draws, as a constant.

    Parameters
    ----------
    value : float
        On the natural scale of the parameter (a standard deviation for ``sd_…``, not a variance).

    Raises
    ------
    PriorError
        When the value is not finite.

    Examples
    --------
    >>> Fixed(2.0)
    Fixed(value=2.0)
    """

    value: float

    def __post_init__(self) -> None:
        given: object = self.value
        if isinstance(given, bool) or not isinstance(given, numbers.Real):
            raise PriorError(f"A parameter is fixed at a number, not at {given!r}.", hint="Give a finite number.")
        object.__setattr__(self, "value", float(given))
        if not math.isfinite(self.value):
            raise PriorError(f"A parameter cannot be fixed at {self.value}.", hint="Give a finite number.")

    def __str__(self) -> str:
        return f"fixed at {self.value:g}"

    def typical(self) -> float:
        """The value."""
        return self.value

    def build(self, name: str, *, dims: Any = None, shape: Any = None) -> Any:
        """Add the constant called ``name`` to the PyMC model on the context stack and return it.

        Parameters
        ----------
        name : str
        dims : str or tuple of str, optional
            Dimensions of the constant; needs ``shape``.
        shape : int or tuple of int, optional
        """
        value = np.asarray(self.value, dtype=np.float64)
        if shape is not None:
            value = np.full(shape, self.value, dtype=np.float64)
        return pm.Deterministic(name, pm.math.constant(value), dims=dims)

    def to_json(self) -> dict[str, float]:
        """As plain JSON: ``{"fixed": value}``."""
        return {"fixed": self.value}
