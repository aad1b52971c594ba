"""NumPyro: NUTS on JAX."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, ClassVar, final

from hierlm.samplers.jax import completed
from hierlm.samplers.pymc import sample_with_pymc
from hierlm.samplers.sampler import Sampler, Settings

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

__all__ = ["NumPyro"]


@final
class NumPyro(Sampler):
    """NumPyro's NUTS on JAX (Phan, Pradhan & Jankowiak 2019); needs the extra ``numpyro``."""

    name: ClassVar[str] = "numpyro"
    requires: ClassVar[tuple[str, ...]] = ("jax", "numpyro")
    extra: ClassVar[str] = "numpyro"

    def sample(self, graph: pm.Model, settings: Settings) -> xr.DataTree:
        """See :meth:`Sampler.sample`; an interrupt loses this run, and nothing else."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "There are not enough devices", UserWarning)  # then one after the other
            tree = sample_with_pymc(graph, settings, "numpyro", max_tree_depth=settings.max_treedepth)
        return completed(tree, settings, lp_sign=-1.0)
