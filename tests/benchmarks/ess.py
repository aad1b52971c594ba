"""The smallest effective sample size over all scalars of a posterior, a block of them at a time."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import xarray as xr
from arviz_stats.base import array_stats

__all__ = ["Smallest", "smallest_ess"]

METHODS = {"bulk": {}, "tail": {"prob": (0.05, 0.95)}}
BLOCK = 500


@dataclass(frozen=True)
class Smallest:
    """The smallest ESS.

    Parameters
    ----------
    bulk, tail : float
    bulk_of, tail_of : str
        The scalars that have them.
    scalars : int
        How many vary.
    """

    bulk: float
    tail: float
    bulk_of: str
    tail_of: str
    scalars: int


def smallest_ess(posterior: xr.Dataset) -> Smallest:
    """The smallest bulk and tail ESS over all scalars that vary, one that cannot be computed counting as 0.

    Parameters
    ----------
    posterior : Dataset
        With dims ``chain`` and ``draw``.
    """
    least, where, scalars = dict.fromkeys(METHODS, np.inf), dict.fromkeys(METHODS, ""), 0
    for name, variable in posterior.data_vars.items():
        values = variable.transpose("chain", "draw", ...).to_numpy()
        flat = values.reshape(*values.shape[:2], -1)
        for start in range(0, flat.shape[2], BLOCK):
            block = np.ascontiguousarray(np.moveaxis(flat[:, :, start : start + BLOCK], 2, 0), dtype=float)
            moving = np.flatnonzero(_varies(block))
            scalars += len(moving)
            for method in METHODS if len(moving) else ():
                found = _ess(block[moving], method)
                j = int(np.argmin(found))
                if found[j] < least[method]:
                    least[method], where[method] = float(found[j]), f"{name}[{start + moving[j]}]"
    return Smallest(least["bulk"], least["tail"], where["bulk"], where["tail"], scalars)


def _ess(block: np.ndarray, method: str) -> np.ndarray:
    """ESS of each scalar of a (scalar, chain, draw) array."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = array_stats.ess(block, chain_axis=-2, draw_axis=-1, method=method, **METHODS[method])
    return np.nan_to_num(np.atleast_1d(found), nan=0.0)


def _varies(block: np.ndarray) -> np.ndarray:
    """Which scalars of a (scalar, chain, draw) array are more than one number with rounding; NaN counts as varying."""
    low, high = block.min((1, 2)), block.max((1, 2))
    return ~(high - low <= 1e-12 * np.maximum(np.abs(low), np.abs(high)))
