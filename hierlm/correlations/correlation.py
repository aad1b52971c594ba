"""The abstract correlation function: R from coefficients and positions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hierlm.errors import ModelError, did_you_mean
from hierlm.priors.prior import Prior

__all__ = ["CORRELATION_PRIOR", "Coefficient", "Correlation", "Floats", "Tensor", "Values", "values_of"]

Tensor = Any  # a PyTensor variable or a number; kept loose, PyTensor ships no complete types
Floats = NDArray[np.float64]
Values = Mapping[str, Tensor]

CORRELATION_PRIOR = Prior("TruncatedNormal", mu=0, sigma=0.5, lower=-1, upper=1)
"""Of one correlation, or partial correlation: away from ±1."""


@dataclass(frozen=True)
class Coefficient:
    """One free number of a correlation function.

    Parameters
    ----------
    name : str
        ``"phi"``, ``"range"``, ``"nugget"``.
    prior : Prior
        Where the user gives none; it lies within the bounds.
    lower, upper : float
        The open interval in which every value gives a correlation matrix.
    label : str or None
        Its row, where several numbers share the name (``"partial"``).
    """

    name: str
    prior: Prior
    lower: float
    upper: float
    label: str | None = None


def values_of(coefficients: Sequence[Coefficient], vector: Tensor) -> dict[str, Tensor]:
    """Name → value, of all coefficients in one vector (on its last axis): a scalar, or a vector where it has labels.

    Examples
    --------
    >>> own = Coefficient("phi", CORRELATION_PRIOR, -1, 1)
    >>> float(values_of([own], np.array([0.5]))["phi"])
    0.5
    """
    found: dict[str, Tensor] = {}
    for name in dict.fromkeys(c.name for c in coefficients):
        at = [i for i, c in enumerate(coefficients) if c.name == name]
        found[name] = vector[..., at[0]] if coefficients[at[0]].label is None else vector[..., at[0] : at[-1] + 1]
    return found


class Correlation(ABC):
    """R, the correlation matrix of values at given positions.

    A function states R in the first line of its docstring.  It holds no data: positions come as arguments, options
    (an order, a nugget) as arguments of the constructor.

    Attributes
    ----------
    name : str
    aliases : tuple of str
        What other packages call it.
    options : mapping of str to literal
        The options that it takes, with their defaults.
    needs : {"nothing", "occasions", "steps", "times", "coordinates"}
        What a position is: of no matter; the code of an occasion, 0, 1, …; a whole number, as occasions one apart;
        a real number; one or several real coordinates.
    most_dimensions : int
        Coordinates in which it is a correlation function.
    kernel : {"power", "exchangeable"} or None
        How kernels know it, by its one coefficient c: c^|s − t| with c² < 1; c for any two rows; not at all.
    markov : bool
        Whether :meth:`step` says how a value follows from the one before.
    exchangeable : bool
        Whether all pairs have the same correlation, the only coefficient.
    """

    name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    options: ClassVar[Mapping[str, object]] = MappingProxyType({})
    needs: ClassVar[str]
    most_dimensions: ClassVar[int] = 1_000
    kernel: ClassVar[str | None] = None
    markov: ClassVar[bool] = False
    exchangeable: ClassVar[bool] = False

    def __init__(self, **options: object) -> None:
        for option in options:
            if option not in self.options:
                known = did_you_mean(option, self.options) if self.options else f"{self.name}() has none."
                raise ModelError(f"The structure {self.name}() has no option {option!r}.", hint=known)
        self.given: Mapping[str, object] = dict(options)
        self.check_options()

    def check_options(self) -> None:  # noqa: B027 - most functions have nothing to check
        """Refuse values of options that mean nothing.

        Raises
        ------
        ModelError
        """

    def option(self, name: str) -> Any:
        """The value of an option, given or default."""
        return self.given.get(name, self.options[name])

    def check(self, places: Sequence[Floats]) -> None:
        """Refuse positions at which the function gives no correlation matrix.

        Parameters
        ----------
        places : sequence of (m, d) arrays
            Positions, one array for each matrix that will be asked for.

        Raises
        ------
        ModelError
        """
        if not places or not all(np.isfinite(positions).all() for positions in places):
            raise ModelError(f"{self.name}() needs positions that are finite numbers.", hint="Drop the other rows.")

    @abstractmethod
    def coefficients(self, places: Sequence[Floats]) -> tuple[Coefficient, ...]:
        """The free numbers, in order.

        Parameters
        ----------
        places : sequence of (m, d) arrays
            Positions, one array for each matrix that will be asked for: they say how many numbers there are, their
            bounds, and the scale of default priors.
        """

    @abstractmethod
    def matrix(self, values: Values, positions: Floats) -> Tensor:
        """R, shape (…, m, m), with ones on its diagonal.

        Parameters
        ----------
        values : mapping of str to tensor
            Coefficient → its value: a scalar, or a vector where it has labels.
        positions : (…, m, d) array
            Leading axes are matrices of the same size, computed at once.
        """

    def step(self, values: Values, gaps: Floats) -> tuple[Tensor, Tensor] | None:
        """Where R is Markov: (a, v) with z_t = a z_{t−1} + √v ε_t over gaps between neighbours; else None.

        Parameters
        ----------
        gaps : array
            Positive differences of neighbouring positions.

        Returns
        -------
        (tensor, tensor) or None
            a and v = 1 − a², of the shape of ``gaps``.
        """
        return None

    def reported(self, values: Values, places: Sequence[Floats]) -> dict[str, Tensor]:
        """What readers know the function by, where its free numbers are others: label → value; else empty."""
        return {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Correlation) and type(self) is type(other) and dict(self.given) == dict(other.given)

    def __hash__(self) -> int:
        return hash((type(self), tuple(sorted(self.given.items(), key=lambda item: item[0]))))

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{name}={value!r}' for name, value in self.given.items())})"
