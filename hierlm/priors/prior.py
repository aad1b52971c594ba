"""Prior: any PyMC continuous distribution by name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pymc as pm
from numpy.typing import ArrayLike, NDArray

from hierlm import names
from hierlm.errors import PriorError, did_you_mean
from hierlm.priors.arguments import checked_arguments, describe_forms
from hierlm.priors.density import log_density
from hierlm.priors.distributions import DISTRIBUTIONS, Distribution, find_distribution

__all__ = ["UNSET", "Prior"]

UNSET: Final = object()  # an option of Prior.build that was not given; None is a value there
SCALES: Final = ("value", "variance", "precision")


@dataclass(frozen=True, init=False, repr=False)
class Prior:
    """The prior of one number: a continuous univariate distribution of PyMC, by name.

    Parameters
    ----------
    name : str
        A PyMC distribution; case and underscores do not matter (``"Normal"``, ``"half_normal"``, ``"student_t"``).
    on : {"value", "variance", "precision"}
        What the distribution describes.  ``"variance"`` and ``"precision"`` are for standard deviations:
        the distribution is that of sd² or sd⁻².
    **arguments : float
        Arguments of the distribution under PyMC's names; locations (``mu``, Cauchy's ``alpha``) are 0 unless given.

    Attributes
    ----------
    items : tuple of (str, float)
        The arguments, defaults included, in the order of the distribution's.

    Raises
    ------
    PriorError
        Unknown distribution or argument, a missing argument, or one outside its domain.

    Examples
    --------
    >>> Prior("normal", sigma=2.5)
    Normal(mu=0, sigma=2.5)
    >>> Prior("gamma", alpha=2, beta=1, on="precision")
    Gamma(alpha=2, beta=1, on='precision')
    >>> Prior("Normal", sigma=2.5) == Prior("gaussian", mu=0, sigma=2.5)
    True
    >>> Prior("Normal", sd=1)
    Traceback (most recent call last):
    hierlm.errors.PriorError: Normal has no argument 'sd'.
    Arguments of Normal: mu (0 unless given) and sigma; or mu (0 unless given) and tau.
    """

    name: str
    items: tuple[tuple[str, float], ...]
    on: str

    def __init__(self, name: str, /, *positional: object, on: str = "value", **arguments: Any) -> None:
        if not isinstance(name, str):
            raise PriorError(
                f"A prior takes the name of a distribution, not {name!r}.", hint='Write Prior("Normal", mu=0, sigma=1).'
            )
        canonical = find_distribution(name)
        if canonical is None:
            raise PriorError(f"There is no distribution {name!r}.", hint=did_you_mean(name, DISTRIBUTIONS))
        if positional:
            raise PriorError(f"Give the arguments of {canonical} by name.", hint=describe_forms(canonical))
        object.__setattr__(self, "name", canonical)
        object.__setattr__(self, "items", checked_arguments(canonical, arguments))
        if on not in SCALES:
            raise PriorError(f"A prior cannot be on {on!r}.", hint=did_you_mean(str(on), SCALES))
        object.__setattr__(self, "on", on)
        if on != "value" and self._distribution.support(self.arguments)[0] < 0:
            raise PriorError(
                f"{self!r} allows a negative {on}.", hint="Use a distribution of positive numbers, such as Gamma."
            )

    @property
    def arguments(self) -> Mapping[str, float]:
        """The arguments by name, defaults included; read-only."""
        return MappingProxyType(dict(self.items))

    @property
    def _distribution(self) -> Distribution:
        return DISTRIBUTIONS[self.name]

    @property
    def support(self) -> tuple[float, float]:
        """(lower, upper) end of the possible values, on the scale of the value (the sd, whatever ``on`` is).

        Examples
        --------
        >>> Prior("Uniform", lower=0, upper=9, on="variance").support
        (0.0, 3.0)
        """
        ends = [_to_value(end, self.on) for end in self._distribution.support(self.arguments)]
        return min(ends), max(ends)

    @property
    def positive(self) -> bool:
        """Whether no value below 0 is possible."""
        return self.support[0] >= 0

    @property
    def unbounded(self) -> bool:
        """Whether every real number is possible."""
        return self.support == (-math.inf, math.inf)

    @property
    def bounded(self) -> bool:
        """Whether some real numbers are impossible; the opposite of :attr:`unbounded`."""
        return not self.unbounded

    @property
    def proper(self) -> bool:
        """Whether the density integrates to one; Flat and HalfFlat do not."""
        return self._distribution.proper

    def dist(self, *, size: Any = None, **vectors: ArrayLike) -> Any:
        """The unnamed PyMC random variable of what the distribution describes (sd² or sd⁻² where ``on`` says so).

        Parameters
        ----------
        size : int or tuple of int, optional
            As in PyMC.
        **vectors : array
            Arguments that differ between the elements of a vector variable.

        Returns
        -------
        TensorVariable
        """
        return getattr(pm, self.name).dist(**self._constants(vectors), size=size)

    def _constants(self, vectors: Mapping[str, ArrayLike]) -> dict[str, NDArray[np.float64]]:
        """The arguments in double precision: PyTensor takes a Python 2.5 as single, and folds log(2.5) as such."""
        return {k: np.asarray(v, dtype=np.float64) for k, v in (dict(self.items) | dict(vectors)).items()}

    def build(
        self,
        name: str,
        *,
        dims: str | tuple[str, ...] | None = None,
        shape: int | tuple[int, ...] | None = None,
        default_transform: Any = UNSET,
        **vectors: ArrayLike,
    ) -> Any:
        """Create the variable in the PyMC model on the context stack, and return it.

        With ``on="variance"`` or ``"precision"`` the free variable is ``names.internal(name, on)`` and ``name`` is a
        Deterministic, the standard deviation √variance or precision^(−1/2).

        Parameters
        ----------
        name : str
        dims, shape
            As in PyMC; without them the shape follows from ``vectors``.
        default_transform
            As in PyMC; None samples the variable untransformed.
        **vectors : array
            Arguments that differ between the elements of a vector variable, see :func:`hierlm.priors.stack`.

        Returns
        -------
        TensorVariable
            On the scale of the value.
        """
        unknown = set(vectors) - set(self.arguments)
        if unknown:
            raise PriorError(
                f"{self!r} has no argument {sorted(unknown)[0]!r} to replace.", hint=describe_forms(self.name)
            )
        options: dict[str, Any] = {} if default_transform is UNSET else {"default_transform": default_transform}
        if default_transform is UNSET and self._distribution.transform is not None:
            options["default_transform"] = getattr(pm.distributions.transforms, self._distribution.transform)
        create = getattr(pm, self.name)
        free = name if self.on == "value" else names.internal(name, self.on)
        variable = create(free, **self._constants(vectors), dims=dims, shape=shape, **options)
        return variable if self.on == "value" else pm.Deterministic(name, _to_value(variable, self.on), dims=dims)

    def typical(self) -> float:
        """A typical value, on the scale of the value: where PyMC starts the distribution (its mean or median mostly).

        Returns
        -------
        float

        Examples
        --------
        >>> Prior("Normal", mu=3, sigma=2).typical()
        3.0
        """
        return _typical(self)

    def log_density(self, x: ArrayLike) -> NDArray[np.float64]:
        """The log density, x on the scale of the value.

        With ``on="variance"`` it is log p(x²) + log 2x, with ``on="precision"`` log p(x⁻²) + log 2 − 3 log x.

        Parameters
        ----------
        x : array of any shape

        Returns
        -------
        array of the shape of ``x``
            −inf outside the support; 0 everywhere inside the support of an improper prior.

        Examples
        --------
        >>> Prior("Normal", sigma=1).log_density(0.0).round(4)
        np.float64(-0.9189)
        """
        return log_density(self.dist(), self.on, self.support, x)

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which :meth:`from_json` makes the same prior.

        Returns
        -------
        dict

        Examples
        --------
        >>> Prior("HalfNormal", sigma=2).to_json()
        {'prior': 'HalfNormal', 'arguments': {'sigma': 2.0}, 'on': 'value'}
        """
        return {"prior": self.name, "arguments": dict(self.items), "on": self.on}

    @classmethod
    def from_json(cls, obj: Any) -> Prior:
        """The prior of a JSON object, checked like one that a user typed.

        Parameters
        ----------
        obj : object

        Returns
        -------
        Prior

        Raises
        ------
        PriorError
            Whatever is not exactly the object that :meth:`to_json` writes.
        """
        if not isinstance(obj, Mapping) or set(obj) != {"prior", "arguments", "on"}:
            raise PriorError(f"Not a stored prior: {obj!r}.", hint="Expected the keys prior, arguments and on.")
        arguments = obj["arguments"]
        if not isinstance(arguments, Mapping) or not all(isinstance(k, str) for k in arguments):
            raise PriorError(
                f"Not the arguments of a stored prior: {arguments!r}.", hint="Read what Prior.to_json() has written."
            )
        if "on" in arguments:
            raise PriorError(f"{obj['prior']} has no argument 'on'.", hint="Read what Prior.to_json() has written.")
        return cls(obj["prior"], on=obj["on"], **arguments)

    def __repr__(self) -> str:
        parts = [f"{k}={v:.15g}" for k, v in self.items] + ([f"on={self.on!r}"] if self.on != "value" else [])
        return f"{self.name}({', '.join(parts)})"

    def __str__(self) -> str:
        """Short, for tables: ``Normal(0, 2.5)``, ``Gamma(2, 1) on precision``."""
        text = f"{self.name}({', '.join(f'{v:.4g}' for _, v in self.items)})"
        return text if self.on == "value" else f"{text} on {self.on}"


@lru_cache(maxsize=1024)
def _typical(prior: Prior) -> float:
    known = prior._distribution.typical.get(tuple(name for name, _ in prior.items))
    if known is not None:
        return float(_to_value(known(**dict(prior.items)), prior.on))
    from pymc.distributions.distribution import support_point
    from pytensor.compile.mode import Mode

    described = support_point(prior.dist()).eval(mode=Mode(linker="py", optimizer="fast_compile"))
    return float(_to_value(float(described), prior.on))


def _to_value(described: Any, on: str) -> Any:
    """What the distribution describes → the value: x, √x or x^(−1/2)."""
    if on == "value":
        return described
    if on == "variance":
        return described**0.5
    return math.inf if isinstance(described, float) and described == 0 else described**-0.5
