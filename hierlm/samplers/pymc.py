"""PyMC's own NUTS."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, ClassVar, final

from hierlm.samplers.sampler import Sampler, Settings

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

__all__ = ["PyMC", "sample_with_pymc"]


def sample_with_pymc(graph: pm.Model, settings: Settings, nuts_sampler: str, **nuts: Any) -> xr.DataTree:
    """``pm.sample`` with one of the samplers that it hosts.

    Parameters
    ----------
    **nuts
        Options of that sampler's NUTS.
    """
    import pymc as pm
    import pytensor

    with warnings.catch_warnings(), pytensor.config.change_flags(numba__fastmath=False):
        warnings.simplefilter("ignore", FutureWarning)
        return pm.sample(
            draws=settings.draws,
            tune=settings.tune,
            chains=settings.chains,
            cores=settings.cores,
            random_seed=settings.seed,
            nuts_sampler=nuts_sampler,
            nuts={"target_accept": settings.target_accept, **nuts},
            progressbar=settings.progress,
            quiet=not settings.progress,
            compute_convergence_checks=False,
            model=graph,
        )


@final
class PyMC(Sampler):
    """PyMC's NUTS in Python on a numba-compiled density: slower, independent of nutpie."""

    name: ClassVar[str] = "pymc"
    requires: ClassVar[tuple[str, ...]] = ("pymc",)

    def sample(self, graph: pm.Model, settings: Settings) -> xr.DataTree:
        """See :meth:`Sampler.sample`."""
        return sample_with_pymc(graph, settings, "pymc", max_treedepth=settings.max_treedepth)
