"""Draws of a problem's coordinates as the tree that every sampler of problems returns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierlm.samplers.sampler import REPORT, Settings

__all__ = ["draws_tree"]


def draws_tree(
    thetas: NDArray[np.float64],
    settings: Settings,
    lp: NDArray[np.float64] | None = None,
    report: Mapping[str, Any] | None = None,
    extra: Mapping[str, NDArray[Any]] | None = None,
) -> xr.DataTree:
    """Draws with their statistics; unless ``extra`` says otherwise nothing diverged, and there were no steps.

    Parameters
    ----------
    thetas : (chains × draws, dimension) or (chains, draws, dimension) array
    lp : (chains × draws,) array, optional
        The log density of each draw.
    report : mapping, optional
        See :data:`~hierlm.samplers.sampler.REPORT`.
    extra : mapping of (chains, draws) arrays, optional
        Further statistics, or others.
    """
    size, dims = (settings.chains, settings.draws), ("chain", "draw")
    coords = {"chain": np.arange(settings.chains), "draw": np.arange(settings.draws)}
    stats: dict[str, NDArray[Any]] = {
        "diverging": np.zeros(size, dtype=bool),
        "reached_max_treedepth": np.zeros(size, dtype=bool),
        "n_steps": np.zeros(size, dtype=np.int64),
    }
    if lp is not None:
        stats["lp"] = lp.reshape(size)
    stats |= {} if extra is None else dict(extra)
    posterior = {"theta": ((*dims, "dimension"), thetas.reshape(*size, -1) if thetas.size else np.zeros((*size, 0)))}
    tree = xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset(posterior, coords=coords),
            "sample_stats": xr.Dataset({name: (dims, value) for name, value in stats.items()}, coords=coords),
        }
    )
    tree.attrs = {} if report is None else {REPORT: dict(report)}
    return tree
