"""What a response is made of by errors that may be correlated: y = T⁻¹(μ + σ e), e of a law that depends on |e| only.

A block of m errors with the correlation matrix R has the density |R|^−½ g(q), q = eᵀ R⁻¹ e, times Π |T′(y)|/σ.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, final

import numpy as np
import pytensor.tensor as pt
from numpy.typing import NDArray

__all__ = ["Errors", "LogNormalErrors", "NormalErrors", "StudentErrors"]

Tensor = Any
Floats = NDArray[np.float64]


class Errors(ABC):
    """The law of standard errors, and how the response is made of them.

    Attributes
    ----------
    written : str
        What a block is called, ``"multivariate normal"``.
    parameters : tuple of str
        Of the family; each is one number for a whole block.
    """

    written: ClassVar[str]
    parameters: ClassVar[tuple[str, ...]] = ()

    def scale_of(self, y: Tensor) -> Tensor:
        """T(y), on the scale of μ."""
        return y

    def back(self, x: Floats) -> Floats:
        """T⁻¹(x)."""
        return x

    def log_slope(self, y: Tensor) -> Tensor:
        """log |T′(y)|."""
        return pt.zeros_like(y)

    @abstractmethod
    def log_density(self, q: Tensor, m: Tensor, parameters: Mapping[str, Tensor]) -> Tensor:
        """log g(q) of m errors; q and m of the same shape."""

    @abstractmethod
    def stretch(self, parameters: Mapping[str, Floats], shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
        """What a block of normal errors is multiplied with, one draw for each block."""


@final
class NormalErrors(Errors):
    """g(q) = (2π)^(−m/2) exp(−q/2)."""

    written: ClassVar[str] = "multivariate normal"

    def log_density(self, q: Tensor, m: Tensor, parameters: Mapping[str, Tensor]) -> Tensor:
        """See :meth:`Errors.log_density`."""
        return -0.5 * (m * np.log(2 * np.pi) + q)

    def stretch(self, parameters: Mapping[str, Floats], shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
        """One."""
        return np.ones(shape)


@final
class LogNormalErrors(Errors):
    """Of log y as :class:`NormalErrors`."""

    written: ClassVar[str] = "multivariate normal on the log scale"

    def scale_of(self, y: Tensor) -> Tensor:
        """Log y."""
        return pt.log(y)

    def back(self, x: Floats) -> Floats:
        """eˣ."""
        return np.exp(x)

    def log_slope(self, y: Tensor) -> Tensor:
        """−log y."""
        return -pt.log(y)

    def log_density(self, q: Tensor, m: Tensor, parameters: Mapping[str, Tensor]) -> Tensor:
        """See :meth:`Errors.log_density`."""
        return NormalErrors().log_density(q, m, parameters)

    def stretch(self, parameters: Mapping[str, Floats], shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
        """One."""
        return np.ones(shape)


@final
class StudentErrors(Errors):
    """g(q) = Γ((ν+m)/2) / (Γ(ν/2) (νπ)^(m/2)) · (1 + q/ν)^(−(ν+m)/2): one multivariate t for each block, as in brms."""

    written: ClassVar[str] = "multivariate t"
    parameters: ClassVar[tuple[str, ...]] = ("nu",)

    def log_density(self, q: Tensor, m: Tensor, parameters: Mapping[str, Tensor]) -> Tensor:
        """See :meth:`Errors.log_density`."""
        nu = parameters["nu"]
        constant = pt.gammaln((nu + m) / 2) - pt.gammaln(nu / 2) - m / 2 * pt.log(nu * np.pi)
        return constant - (nu + m) / 2 * pt.log1p(q / nu)

    def stretch(self, parameters: Mapping[str, Floats], shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
        """√(ν/χ²), χ² with ν degrees of freedom."""
        nu = np.broadcast_to(parameters["nu"], shape)
        return np.sqrt(nu / rng.chisquare(nu))
