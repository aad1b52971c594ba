"""The abstract sampler."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from hierlm.errors import SamplingError

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

    from hierlm.reductions.reduction import Problem

__all__ = ["FLAGS", "REPORT", "STATISTICS", "ProblemSampler", "Sampler", "Settings"]

STATISTICS = ("diverging", "energy", "n_steps", "tree_depth", "reached_max_treedepth", "acceptance_rate", "lp")
"""What ``sample_stats`` has after every sampler of graphs, under ArviZ's names: ``lp`` is the log density,
``tree_depth`` the number of doublings, ``acceptance_rate`` the mean over the trajectory."""

FLAGS = ("diverging", "reached_max_treedepth", "n_steps")
"""What ``sample_stats`` has after every sampler of problems."""

REPORT = "report"
"""The attribute of a tree of draws with what its sampler says about the run as a whole: plain values that JSON can
hold, which become part of ``fit.provenance``."""


@dataclass(frozen=True)
class Settings:
    """How to sample.

    Parameters
    ----------
    draws, tune : int
        Kept and discarded draws of each chain.
    chains, cores : int
    seed : int
    target_accept : float
        In (0, 1); larger means smaller steps.
    max_treedepth : int
    progress : bool
        Whether to show live progress.
    """

    draws: int = 1000
    tune: int = 1000
    chains: int = 4
    cores: int = 1
    seed: int = 0
    target_accept: float = 0.8
    max_treedepth: int = 10
    progress: bool = False


class Sampler(ABC):
    """What draws from a posterior: of a PyMC model, of a problem that a reduction left, or of both.

    Attributes
    ----------
    samples_graphs, samples_problems : bool
        Which of :meth:`sample` and :meth:`sample_problem` there are.
    tunes : bool
        Whether ``tune`` and ``target_accept`` mean anything, so that a run that failed can be repeated with more.
    warmup : int
        Draws of each chain that are discarded where ``tune`` means nothing.
    """

    name: ClassVar[str]
    requires: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = ""
    samples_graphs: ClassVar[bool] = True
    samples_problems: ClassVar[bool] = False
    tunes: ClassVar[bool] = True
    warmup: ClassVar[int] = 0

    @abstractmethod
    def sample(self, graph: pm.Model, settings: Settings) -> xr.DataTree:
        """Draws of every variable of ``graph``.

        Returns
        -------
        DataTree
            Groups ``posterior`` (dims chain, draw, …) and ``sample_stats`` with at least :data:`STATISTICS`.
            Interrupted chains may be shorter, empty or NaN-padded: the caller keeps the finite part.

        Raises
        ------
        SamplingError
            When sampling cannot start.
        """

    def sample_problem(self, problem: Problem, settings: Settings) -> xr.DataTree:
        """Draws of the coordinates that a reduction left to sample.

        Returns
        -------
        DataTree
            Groups ``posterior`` with ``theta`` (chain, draw, dimension) and ``sample_stats`` with at least
            :data:`FLAGS`; perhaps the attribute :data:`REPORT`.  Interrupted chains as in :meth:`sample`.

        Raises
        ------
        SamplingError
            When sampling cannot start, or where ``samples_problems`` is False.
        """
        raise SamplingError(f"The sampler '{self.name}' samples PyMC graphs only.", hint="Fit with reduce=False.")

    def suits(self, problem: Problem, *, gradients: bool) -> bool:
        """Whether a problem is given to this sampler by itself, before NUTS; its report says whether draws are kept.

        The report must then have an entry of its own name with a ``reason``, empty where draws may be kept.

        Parameters
        ----------
        gradients : bool
            Whether the problem's density has a gradient.
        """
        return False


class ProblemSampler(Sampler):
    """A sampler of problems only, for which no graph is made."""

    samples_graphs: ClassVar[bool] = False
    samples_problems: ClassVar[bool] = True
    tunes: ClassVar[bool] = False

    def sample(self, graph: pm.Model, settings: Settings) -> xr.DataTree:
        """Refused: see :meth:`sample_problem`."""
        raise SamplingError(
            f"The sampler '{self.name}' does not sample PyMC graphs, only what a reduction leaves.",
            hint="Use the default sampler.",
        )

    @abstractmethod
    def sample_problem(self, problem: Problem, settings: Settings) -> xr.DataTree:
        """See :meth:`Sampler.sample_problem`."""
