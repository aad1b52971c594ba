"""The abstract link function."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
import pytensor.tensor as pt

__all__ = ["Link"]

Tensor = Any


class Link(ABC):
    """η = g(μ), a strictly monotone function from the range of a parameter to the linear predictor.

    Stateless: two links of one class are equal.  Every method takes a tensor, an array or a number of any shape and
    returns a PyTensor expression of that shape; ``eta`` is on the link scale, ``mu`` on the natural scale.

    Attributes
    ----------
    name : str
    aliases : tuple of str
        What other packages call it.
    lower, upper : float
        The open range of μ.
    eta_lower, eta_upper : float
        The open range of η: g maps (lower, upper) onto it.  Outside, :meth:`inverse` gives something that is no μ (for
        ``sqrt``, the mirror image), and densities of parameters with bounds are zero.
    threshold_variance : float or None
        Var(ε) when g⁻¹(η) = P(η + ε > 0), as in latent threshold models; infinite when ε has no variance, None when
        the link is no such thing.
    unit : float or None
        One large effect on the link scale, where that scale has no unit of its own (logarithms, probabilities): a
        difference of 1 multiplies a mean by 2.7.  None when η has the unit of y or a power of it.
    """

    name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    lower: ClassVar[float] = -np.inf
    upper: ClassVar[float] = np.inf
    eta_lower: ClassVar[float] = -np.inf
    eta_upper: ClassVar[float] = np.inf
    threshold_variance: ClassVar[float | None] = None
    unit: ClassVar[float | None] = None

    @abstractmethod
    def link(self, mu: Tensor) -> Tensor:
        """η = g(μ)."""

    @abstractmethod
    def inverse(self, eta: Tensor) -> Tensor:
        """μ = g⁻¹(η)."""

    @abstractmethod
    def derivative(self, eta: Tensor) -> Tensor:
        """dμ/dη at η; negative where g decreases."""

    def log_inverse(self, eta: Tensor) -> Tensor:
        """log μ = log g⁻¹(η)."""
        return pt.log(self.inverse(eta))

    def log_complement(self, eta: Tensor) -> Tensor:
        """log(1 − μ) = log(1 − g⁻¹(η)); for probabilities."""
        return pt.log1p(-self.inverse(eta))

    def log_mass(self, eta: Tensor, successes: Tensor, failures: Tensor) -> Tensor:
        """s log μ + f log(1 − μ), with 0 · log 0 = 0: the log-likelihood of s successes and f failures.

        Canonical links override it by their natural parameter, which needs one logarithm instead of two.
        """
        return _times_log(successes, self.log_inverse(eta)) + _times_log(failures, self.log_complement(eta))

    def latent_variance(self, eta: Tensor, variance: Tensor) -> Tensor:
        """The variance on the link scale of an observation with mean g⁻¹(η) and the given variance.

        The delta method: Var(y) · (dη/dμ)².  Source: Nakagawa, Johnson & Schielzeth (2017), eq. 15, Journal of the
        Royal Society Interface 14: 20170213.
        """
        return variance / self.derivative(eta) ** 2

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return f"<link {self.name}>"


def _times_log(count: Tensor, log: Tensor) -> Tensor:
    """count · log, zero where the count is."""
    return pt.switch(pt.eq(count, 0), 0.0, count * log)
