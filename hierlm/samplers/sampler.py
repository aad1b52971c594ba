"""The abstract sampler."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

__all__ = ["STATISTICS", "Sampler", "Settings"]

STATISTICS = ("diverging", "energy", "n_steps", "tree_depth", "reached_max_treedepth", "acceptance_rate", "lp")
"""What ``sample_stats`` has after every sampler, under ArviZ's names: ``lp`` is the log density, ``tree_depth`` the
number of doublings, ``acceptance_rate`` the mean over the trajectory."""


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
    """A NUTS implementation that samples a PyMC model."""

    name: ClassVar[str]
    requires: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = ""
    hosts_densities: ClassVar[bool] = False

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
