"""The abstract reduction: part of a model replaced by something cheaper with the same posterior."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierlm.model import Model

__all__ = ["Problem", "Reduction", "Verdict", "without_gradient"]


@dataclass(frozen=True)
class Verdict:
    """Whether a reduction applies, and why (not).

    Parameters
    ----------
    accepted : bool
    reason : str
        One sentence.
    """

    accepted: bool
    reason: str


@dataclass(frozen=True, eq=False)
class Problem:
    """What is left to sample: a log-density over a few unbounded numbers, compiled once for all models.

    Parameters
    ----------
    dimension : int
    density : function
        ``density(zeta, data, gradient) -> float``; the gradient is written in place, unless its array is empty; −inf on
        failure.  Its coordinates ζ are about independent and standard normal.  See also
        :func:`hierlm.kernels.callbacks.values_at`.
    callbacks : callable
        () -> (the same for a C host, the C function that stores ζ); compiled when first called on a machine.
    data : array
        The structure and the numbers of this model.
    place : Arrangement or None
        Where effects lie among the columns; None where nothing but θ is sampled and it knows no columns.
    work : float or None
        About how many operations a density takes; None: as many as ``data`` has numbers.
    dear : bool
        Whether the density takes far longer at some points, so that it is asked for no more than is needed.
    """

    dimension: int
    density: Any
    callbacks: Callable[[], tuple[Any, Any]]
    data: NDArray[np.float64]
    place: Any
    work: float | None = None
    dear: bool = False

    @property
    def operations(self) -> float:
        """About how many of them a density takes."""
        return len(self.data) if self.work is None else self.work


def without_gradient() -> Any:
    """The callbacks of a problem that NUTS is never given: see :attr:`Reduction.gradients`."""
    raise NotImplementedError("This density has no gradient that NUTS could use.")


class Reduction(ABC):
    """An exact change of a model that leaves less to sample.

    The identity log p(y | θ) + log p(u | y, θ) = log p(y, u | θ) holds against the PyMC graph, which stays the meaning
    of the model.

    Attributes
    ----------
    accepted
        Why it applies to a model without obstacles, in words.
    takes_smooths
        Whether it counts :attr:`hierlm.model.Model.smooths` in; one that does not say so never gets a model with any.
    takes_scales, takes_variances, takes_residual, takes_coefficients
        Likewise of :attr:`hierlm.model.Model.scales`, of variance functions, of correlated residuals, of coefficients
        of covariance structures.
    gradients
        Whether the density has a gradient that NUTS can use; one without is sampled by independent proposals or not at
        all.
    inexact
        What was wrong where :meth:`mend` had something to mend.
    tune, target_accept
        Of NUTS where the user says nothing: coordinates of about unit scale need little adaptation.
    """

    name: ClassVar[str]
    accepted: ClassVar[str]
    takes_smooths: ClassVar[bool] = False
    takes_scales: ClassVar[bool] = False
    takes_variances: ClassVar[bool] = False
    takes_residual: ClassVar[bool] = False
    takes_coefficients: ClassVar[bool] = False
    gradients: ClassVar[bool] = True
    inexact: ClassVar[str] = ""
    tune: ClassVar[int] = 250
    target_accept: ClassVar[float] = 0.8

    @abstractmethod
    def obstacles(self, model: Model) -> Iterator[str]:
        """Why the reduction does not apply to this model, one sentence each; none where it does."""

    @final
    def accepts(self, model: Model) -> Verdict:
        """Whether the reduction applies to this model: the first obstacle, or what is said where there is none."""
        reason = next(iter(self.obstacles(model)), None)
        return Verdict(True, self.accepted) if reason is None else Verdict(False, reason)

    @abstractmethod
    def cost(self, model: Model, parameters: int) -> str:
        """What is to be expected of a model that it :meth:`accepts`, in words.

        Parameters
        ----------
        parameters : int
            Free standard deviations, correlations and further parameters of the response.
        """

    @abstractmethod
    def apply(self, model: Model) -> Problem:
        """What is left to sample; only for models that :meth:`accepts`."""

    def mend(self, model: Model, problem: Problem, zetas: NDArray[np.float64]) -> Problem | None:
        """A problem to sample instead, where draws show that ``problem`` was not exact enough; None where it was.

        Parameters
        ----------
        zetas : (chains, draws, dimension) array
            Draws of ``problem``.
        """
        return None

    @abstractmethod
    def recover(self, model: Model, problem: Problem, zetas: NDArray[np.float64], seed: int) -> xr.Dataset:
        """Draws of everything that users see, from draws of what was sampled.

        Parameters
        ----------
        zetas : (chains, draws, dimension) array
        seed : int
        """

    def log_constant(self, model: Model, problem: Problem) -> float | None:
        """What has to be added to the density of ``problem`` to have log p(y, ζ); None where that is not known."""
        return None

    def later(self, model: Model) -> tuple[str, ...]:
        """Groupings whose effects :meth:`recover` leaves to be drawn when somebody looks at them."""
        return ()
