"""NumPyro: NUTS on JAX."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, ClassVar, final

import numpy as np

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
        """See :meth:`Sampler.sample`; an interrupt loses the run, and nothing else."""
        import xarray as xr

        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "There are not enough devices", UserWarning)  # then one after the other
            tree = sample_with_pymc(graph, settings, "numpyro", max_tree_depth=settings.max_treedepth)
        posterior, stats = (_in_memory(tree[group].to_dataset()) for group in ("posterior", "sample_stats"))
        deepest = stats["tree_depth"] >= settings.max_treedepth
        stats = stats.assign(lp=-stats["lp"], reached_max_treedepth=deepest)  # PyMC calls the potential energy lp
        return xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats})


def _in_memory(dataset: xr.Dataset) -> xr.Dataset:
    """JAX's arrays as NumPy's."""
    return dataset.map(lambda v: v.copy(data=np.asarray(v.data)))
