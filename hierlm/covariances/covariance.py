"""The abstract covariance structure of one level's effects."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from hierlm.covariances.setting import Coefficient, Setting
from hierlm.errors import ModelError, PriorError, did_you_mean
from hierlm.priors.lkj import LKJ
from hierlm.priors.prior import Prior

__all__ = ["Covariance", "Rows", "Tensor"]

Tensor = Any  # a PyTensor variable or a number; kept loose, PyTensor ships no complete types
Rows = list[list[Tensor]]  # of a lower-triangular matrix: rows[i][j] for j ≤ i


class Covariance(ABC):
    """V, the k × k covariance of one level's k effects: V = diag(sd) R diag(sd), R = C Cᵀ.

    A structure says which effects share a standard deviation, and how the correlation factor C follows from
    its free correlation parameter.  It never sees data.  One that follows from named coefficients, or from what its
    effects are (times, places, labels), is a :class:`~hierlm.covariances.structured.Structured`.

    Attributes
    ----------
    options : mapping of str to literal
        The options that it takes, with their defaults.
    needs : {"", "order", "occasions", "coordinates", "matrix"}
        What it must know of its effects: nothing, that they are the levels of one factor in order, that these are
        equally spaced, where they are, or a matrix that was handed over by name.
    singular : bool
        Whether V may have no inverse, so that effects have no density of their own.
    """

    name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    options: ClassVar[Mapping[str, object]] = MappingProxyType({})
    needs: ClassVar[str] = ""
    singular: ClassVar[bool] = False

    def __init__(self, **options: object) -> None:
        for option in options:
            if option not in self.options:
                known = did_you_mean(option, self.options) if self.options else f"{self.name}() has none."
                raise ModelError(f"The structure {self.name}() has no option {option!r}.", hint=known)
        self.given = dict(options)

    def at(self, setting: Setting) -> Covariance:
        """The structure for the effects of ``setting``.

        Raises
        ------
        ModelError
            When they are not what the structure needs.
        """
        return self

    def structured(self, k: int) -> bool:
        """Whether V follows from :meth:`Structured.root <hierlm.covariances.structured.Structured.root>`."""
        return False

    def coefficients(self, k: int) -> tuple[Coefficient, ...]:
        """The named parameters beyond standard deviations and a free correlation matrix."""
        return ()

    def variances(self, values: Mapping[str, Tensor], sds: Tensor, k: int) -> Tensor:
        """V_ii, (k,)."""
        return (self.root(values, sds, k) ** 2).sum(axis=-1)

    def width(self, k: int) -> int:
        """The number of columns of :meth:`root`."""
        return k

    def root(self, values: Mapping[str, Tensor], sds: Tensor, k: int) -> Tensor:
        """A (k, m) matrix L with L Lᵀ = V; only of a structure that is :meth:`structured`."""
        raise AssertionError(f"{self.name} of {k} effects has no coefficients")

    def whole(self, values: Mapping[str, Tensor], sds: Tensor, k: int) -> Tensor:
        """V, (k, k); only of a structure that is :meth:`structured`."""
        L = self.root(values, sds, k)
        return L @ L.T

    def extended(self, values: Mapping[str, Tensor], k: int) -> Tensor:
        """R of effects in any order, (k, k), new ones among them; only of a structure that is a process."""
        raise AssertionError(f"{self.name} is not a process")

    @abstractmethod
    def n_parameters(self, k: int) -> int:
        """p, the number of free covariance parameters for k effects."""

    @abstractmethod
    def sd_groups(self, k: int) -> tuple[tuple[int, ...], ...]:
        """Which effects share a standard deviation, e.g. ``((0,), (1,))`` or ``((0, 1),)``.

        Effects that are in no group have standard deviation 1 (``cor``).
        """

    def parts(self, k: int) -> tuple[tuple[Covariance, tuple[int, ...]], ...]:
        """The structure as mutually independent smaller ones, canonical: (structure, effects) pairs.

        ``idh`` of three effects is three times ``idh`` of one; a structure that couples its effects is itself.
        """
        return ((self, tuple(range(k))),)

    def correlated(self, k: int) -> bool:
        """Whether there is a free correlation parameter for k effects."""
        return False

    def correlation_kernel(self, k: int) -> str | None:
        """How compiled kernels compute R: ``"exchangeable"`` (one r), ``"unstructured"``, or None where they cannot."""
        return None

    def default_correlation_prior(self, k: int) -> LKJ:
        """The prior of the correlation where the user gave none."""
        return LKJ(2.0)

    def check_correlation_prior(self, k: int, prior: LKJ | Prior) -> None:
        """Refuse, before anything is built, a prior that :meth:`correlation_parameter` could not use.

        Raises
        ------
        PriorError
            When ``prior`` does not fit the structure.
        """
        raise PriorError(
            f"{self.name} of {k} effects has no correlation, so {prior!r} would never be used.", hint="Leave it out."
        )

    def correlation_parameter(self, name: str, k: int, prior: LKJ | Prior) -> Tensor:
        """Create, in the PyMC model on the context stack, the free correlation variable called ``name``.

        Only called when :meth:`correlated`.

        Returns
        -------
        TensorVariable
            What :meth:`correlation_factor` takes: the free variable, or a function of it.

        Raises
        ------
        PriorError
            When ``prior`` does not fit the structure.
        """
        raise AssertionError(f"{self.name} of {k} effects has no correlation parameter")

    def correlation_factor(self, parameter: Tensor | None, k: int) -> Rows:
        """Rows of the lower-triangular C with C Cᵀ = R: ``rows[i][j]`` for j ≤ i, scalars.

        Scalars instead of a matrix keep the compiled graph free of matrix products, which cost seconds to compile.
        """
        return [[1.0 if i == j else 0.0 for j in range(i + 1)] for i in range(k)]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.given.items())})"
