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

    def expected(self, location: Floats, spread: Floats) -> Floats:
        """E[T⁻¹(x)] of x around a location, its standard deviation (or scale) being the spread."""
        return location

    def log_slope(self, y: Tensor) -> Tensor:
        """log |T′(y)|."""
        return pt.zeros_like(y)

    @abstractmethod
    def log_density(self, q: Tensor, m: Tensor, parameters: Mapping[str, Tensor]) -> Tensor:
        """log g(q) of m errors; q and m of the same shape."""

    def stretch(self, q: Floats, m: Floats, parameters: Mapping[str, Floats], rng: np.random.Generator) -> Floats:
        """What normal errors of a block are multiplied with, given m others of it with squared length q; one draw each.

        Parameters
        ----------
        q, m : arrays of the shape of the answer
        """
        return np.ones(q.shape)

    def sd(self, parameters: Mapping[str, Floats]) -> Floats:
        """The standard deviation of one error; infinite where there is none."""
        return np.ones(1)

    def information(self, m: Floats, parameters: Mapping[str, Floats]) -> Floats:
        """What m errors are expected to say about their location, in R⁻¹."""
        return np.ones(np.shape(m))


@final
class NormalErrors(Errors):
    """g(q) = (2π)^(−m/2) exp(−q/2)."""

    written: ClassVar[str] = "multivariate normal"

    def log_density(self, q: Tensor, m: Tensor, parameters: Mapping[str, Tensor]) -> Tensor:
        """See :meth:`Errors.log_density`."""
        return -0.5 * (m * np.log(2 * np.pi) + q)


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

    def expected(self, location: Floats, spread: Floats) -> Floats:
        """exp(m + s²/2)."""
        return np.exp(location + spread**2 / 2)

    def log_slope(self, y: Tensor) -> Tensor:
        """−log y."""
        return -pt.log(y)

    def log_density(self, q: Tensor, m: Tensor, parameters: Mapping[str, Tensor]) -> Tensor:
        """See :meth:`Errors.log_density`."""
        return NormalErrors().log_density(q, m, parameters)


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

    def stretch(self, q: Floats, m: Floats, parameters: Mapping[str, Floats], rng: np.random.Generator) -> Floats:
        """√((ν + q)/χ²), χ² with ν + m degrees of freedom."""
        nu = parameters["nu"]
        return np.sqrt((nu + q) / rng.chisquare(nu + m + np.zeros(q.shape)))

    def sd(self, parameters: Mapping[str, Floats]) -> Floats:
        """√(ν/(ν − 2))."""
        nu = parameters["nu"]
        return np.sqrt(np.where(nu > 2, nu / np.maximum(nu - 2, 1e-300), np.inf))

    def information(self, m: Floats, parameters: Mapping[str, Floats]) -> Floats:
        """(ν + m)/(ν + m + 2).  Source: Lange, Little & Taylor (1989), JASA 84:881–896."""
        nu = parameters["nu"]
        return np.asarray((nu + m) / (nu + m + 2))
