"""What the samplers on JAX have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

    from hierlm.samplers.sampler import Settings

__all__ = ["completed"]


def completed(tree: xr.DataTree, settings: Settings, *, lp_sign: float) -> xr.DataTree:
    """PyMC's result of a JAX sampler as :meth:`Sampler.sample` promises it.

    JAX's arrays become NumPy's, and ``reached_max_treedepth`` follows from the depth.

    Parameters
    ----------
    lp_sign : float
        −1 where PyMC calls the potential energy ``lp``.
    """
    import xarray as xr

    posterior, stats = (
        tree[group].to_dataset().map(lambda v: v.copy(data=np.asarray(v.data)))
        for group in ("posterior", "sample_stats")
    )
    deepest = stats["tree_depth"] >= settings.max_treedepth
    stats = stats.assign(lp=lp_sign * stats["lp"], reached_max_treedepth=deepest)
    return xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats})
