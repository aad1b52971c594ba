"""The abstract response distribution."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierlm.families.errors import Errors
from hierlm.links import Link
from hierlm.priors.prior import Prior

__all__ = ["Family", "Parameter", "Predicted", "Vector"]

Tensor = Any
Additions = Mapping[str, Any]


@dataclass(frozen=True)
class Parameter:
    """A distributional parameter.

    Parameters
    ----------
    name : str
        ``"mu"``, ``"sigma"``, ``"shape"``, …
    link : str
        Default link when it is predicted.
    links : tuple of str
        All links that make sense.
    lower, upper : float
        Its natural range.
    intercept : bool
        Whether its formula has an intercept.  Where False something else takes that place (thresholds, or the value
        ``fixed``): a column of ones is left out, and factors are coded as beside an intercept.
    latent : bool
        Whether it is its linear predictor η itself, and the link no transformation of it but the distribution
        function g⁻¹ of latent errors.
    fixed : float or None
        Its value unless it has a formula; None for one that is estimated.
    """

    name: str
    link: str
    links: tuple[str, ...]
    lower: float = -np.inf
    upper: float = np.inf
    intercept: bool = True
    latent: bool = False
    fixed: float | None = None

    def falls_below(self, link: Link) -> bool:
        """Whether some linear predictor leads below the range, as the identity does for a mean above 0."""
        return bool(link.lower < self.lower or (link.eta_lower > -np.inf and np.isfinite(self.lower)))

    def rises_above(self, link: Link) -> bool:
        """Whether some linear predictor leads above the range, as the log does for a probability."""
        return link.upper > self.upper


@dataclass(frozen=True)
class Vector:
    """A parameter of several elements that all rows share: thresholds between categories.

    Its elements have one prior in common; how many there are, and what they are called, says
    :meth:`Family.elements`.

    Parameters
    ----------
    name : str
        ``"thresholds"``.
    ordered : bool
        Whether the elements increase.
    """

    name: str
    ordered: bool


@dataclass(frozen=True)
class Predicted:
    """A distributional parameter as the graph hands it over: its linear predictor and its link.

    A parameter without a predictor of its own comes with its natural value as ``eta`` and the identity link.
    ``log`` and ``log_complement`` are the numerically stable logs of the parameter and of one minus it.
    """

    eta: Tensor
    link: Link

    def __post_init__(self) -> None:
        # PyTensor makes single precision of numbers like 0.5
        object.__setattr__(self, "eta", pt.cast(self.eta, "float64"))

    @property
    def value(self) -> Tensor:
        """The parameter itself, g⁻¹(η)."""
        return self.link.inverse(self.eta)

    @property
    def log(self) -> Tensor:
        """log g⁻¹(η), stable."""
        return self.link.log_inverse(self.eta)

    @property
    def log_complement(self) -> Tensor:
        """log(1 − g⁻¹(η)), stable; for probabilities."""
        return self.link.log_complement(self.eta)


class Family(ABC):
    """A response distribution p(y | μ, …).

    Stateless; every method with tensors writes its equation once, in PyTensor, and serves the PyMC graph,
    the log-likelihood, predictions and the contract tests alike.

    Attributes
    ----------
    name : str
    aliases : tuple of str
        What other packages call it.
    parameters : tuple of Parameter
        ``mu`` first.
    support : tuple of float
        Lower and upper bound of the response; a binomial response ends at its trials.
    discrete : bool
        Whether the response is a whole number.
    atoms : tuple of float
        Single values that a response which is not discrete has with a probability of its own (the zero of a hurdle);
        there the density is that probability.
    vectors : tuple of Vector
        Parameters of several elements.  They are handed to the methods by name like all others, with the elements on
        a last axis of their own: (k,) in the graph, (draws, 1, k) beside linear predictors (draws, rows).
    ordinal : bool
        Whether the response is one of several ordered categories, numbered 1, 2, …
    residual_scale : str or None
        The parameter that multiplies a residual, which variance functions may change; None where there is none.
    errors : Errors or None
        The law of a block of correlated residuals; None where the response is not made of residuals.
    requires, accepts : tuple of str
        Left-hand side additions that it needs, and others that it can use.
    """

    name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    parameters: ClassVar[tuple[Parameter, ...]]
    support: ClassVar[tuple[float, float]] = (-np.inf, np.inf)
    discrete: ClassVar[bool] = False
    normal_errors: ClassVar[bool] = False
    residual_scale: ClassVar[str | None] = None
    errors: ClassVar[Errors | None] = None
    atoms: ClassVar[tuple[float, ...]] = ()
    vectors: ClassVar[tuple[Vector, ...]] = ()
    ordinal: ClassVar[bool] = False
    requires: ClassVar[tuple[str, ...]] = ()
    accepts: ClassVar[tuple[str, ...]] = ("weights",)

    def active_parameters(self, options: Mapping[str, Any], additions: Additions) -> tuple[Parameter, ...]:
        """The parameters that exist given the left-hand side additions (``se(s)`` replaces ``sigma``)."""
        return self.parameters

    def categories(self, y: NDArray[np.float64], levels: tuple[str, ...] | None) -> tuple[str, ...]:
        """Names of the categories 1, 2, …; empty where the response is a number.

        Parameters
        ----------
        y : (n,) array
            As :meth:`prepare` gives it.
        levels : tuple of str or None
            Of a categorical response.
        """
        return ()

    def elements(self, categories: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """Names of the elements of every one of :attr:`vectors`."""
        return {}

    def starts(self, y: NDArray[np.float64], link: Link, categories: tuple[str, ...]) -> dict[str, NDArray[np.float64]]:
        """Values of :attr:`vectors` at which sampling may begin, in their order."""
        return {}

    def probabilities(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """P(y = k | parameters) of every category, on a last axis of their own, (…, K); None without categories."""
        return None

    def restrict(self, log_density: Tensor, **parameters: Predicted) -> Tensor:
        """``log_density``, but −∞ instead of NaN where a link lets a parameter leave its range (identity, …)."""
        for parameter in self.parameters:
            if parameter.name in parameters:
                predicted = parameters[parameter.name]
                link, value = predicted.link, predicted.value
                if parameter.falls_below(link):
                    log_density = pt.switch(pt.gt(value, parameter.lower), log_density, -np.inf)
                if parameter.rises_above(link):
                    log_density = pt.switch(pt.lt(value, parameter.upper), log_density, -np.inf)
        return log_density

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return f"<family {self.name}>"

    @abstractmethod
    def distribution(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """The unnamed PyMC random variable of the response (``pm.Normal.dist(…)``), shape (n,) or broadcast."""

    @abstractmethod
    def mean(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """E[y | parameters], response scale (binomial: trials × probability)."""

    @abstractmethod
    def variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """Var[y | parameters], response scale squared."""

    @abstractmethod
    def prepare(
        self,
        name: str,
        values: NDArray[np.float64],
        levels: tuple[str, ...] | None,
        success: str | None,
        additions: Mapping[str, NDArray[np.float64]],
    ) -> NDArray[np.float64]:
        """Check the response against the support and return it as numbers.

        Raises
        ------
        DataError
            With column, rows and remedy, when a value cannot come from this family.
        """

    @abstractmethod
    def default_priors(self, y: NDArray[np.float64], additions: Mapping[str, NDArray[np.float64]]) -> dict[str, Prior]:
        """Priors of the parameters other than ``mu`` on their natural scale, by parameter name."""

    @abstractmethod
    def link_scale(
        self, y: NDArray[np.float64], link: Link, additions: Mapping[str, NDArray[np.float64]]
    ) -> tuple[float, float]:
        """(centre, spread) of the response on the link scale: the yardstick of the default priors of ``b``, ``sd``."""

    @abstractmethod
    def latent_variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """The distribution-specific variance on the link scale, the denominator's last term of the ICC and R².

        Exact for latent-variable links (π²/3 logit, 1 probit, π²/6 cloglog and loglog); else the delta or log-normal
        approximation of Nakagawa, Johnson & Schielzeth (2017) at the given parameters, stated in the docstring.

        Raises
        ------
        PosteriorError
            When the link has no such variance (cauchit).
        """
