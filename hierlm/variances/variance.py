"""The abstract variance function: how the residual standard deviation changes with a covariate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hierlm.priors.prior import Prior

__all__ = ["Floats", "Tensor", "VarianceFunction"]

Tensor = Any  # a PyTensor variable or a number; kept loose, PyTensor ships no complete types
Floats = NDArray[np.float64]


class VarianceFunction(ABC):
    """g(v) in sd = σ g(v), v a covariate or the fitted mean; several functions multiply.

    A function states sd(v) in the first line of its docstring.  Its parameters are nlme's.

    Attributes
    ----------
    name : str
    parameters : tuple of str
        Free numbers, one of each or one of each for every stratum.
    covariate : bool
        Whether it takes v.
    positive : bool
        Whether v of the data must be above zero.
    reference : bool
        Whether the first stratum's parameter is fixed at one.
    log_linear : bool
        Whether log g is the only parameter times a function of v alone.
    written : str
        log g(v) for equations, with the fields ``v``, ``times``, ``log`` and one for each parameter.
    """

    name: ClassVar[str]
    parameters: ClassVar[tuple[str, ...]]
    covariate: ClassVar[bool] = True
    positive: ClassVar[bool] = False
    reference: ClassVar[bool] = False
    log_linear: ClassVar[bool] = False
    written: ClassVar[str]

    @abstractmethod
    def log(self, values: Mapping[str, Tensor], v: Tensor) -> Tensor:
        """log g(v), elementwise.

        Parameters
        ----------
        values : mapping of str to tensor
            Parameter → its value: a scalar, or one a row where there are strata.
        v : tensor
            The covariate of each row; of the fitted mean, the mean itself.
        """

    @abstractmethod
    def default_priors(self, v: Floats) -> dict[str, Prior]:
        """Priors where the user gives none, by parameter; ``v`` are typical values of the covariate."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return f"{self.name}()"
