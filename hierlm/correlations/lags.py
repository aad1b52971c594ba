"""Distances and lags of positions, and matrices from numbers by lag."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierlm.correlations.correlation import Floats, Tensor

__all__ = ["by_lag", "distances", "lags", "longest", "middle_distance", "neighbour_gap"]

MOST = 500
"""Positions of a matrix whose distances are looked at for the scale of a prior."""


def distances(positions: Floats) -> Floats:
    """Euclidean distances, (…, m, m), of positions (…, m, d).

    Examples
    --------
    >>> distances(np.array([[0.0, 0.0], [3.0, 4.0]]))
    array([[0., 5.],
           [5., 0.]])
    """
    return np.sqrt(((positions[..., :, None, :] - positions[..., None, :, :]) ** 2).sum(axis=-1))


def lags(positions: Floats) -> NDArray[np.int64]:
    """|s − t| of whole positions (…, m, 1), as (…, m, m) integers."""
    return np.abs(np.rint(positions - np.swapaxes(positions, -1, -2))).astype(np.int64)


def longest(places: Sequence[Floats]) -> int:
    """The longest lag between two whole positions of one matrix; ``places`` holds (m, 1) arrays."""
    return max(int(np.rint(np.ptp(positions))) for positions in places)


def by_lag(rho: Tensor, positions: Floats) -> Tensor:
    """R_st = rho[|s − t|], (…, m, m); ``rho[0]`` is 1."""
    return rho[pt.constant(lags(positions))]


def neighbour_gap(places: Sequence[Floats]) -> float:
    """The median gap between neighbouring positions of one matrix; 1 where none has two.

    Examples
    --------
    >>> neighbour_gap([np.array([[0.0], [7.0], [14.0], [20.0]])])
    7.0
    """
    gaps = np.concatenate([np.diff(np.unique(positions)) for positions in places])
    return float(np.median(gaps)) if gaps.size else 1.0


def middle_distance(places: Sequence[Floats]) -> float:
    """The median distance between two positions of one matrix, of up to 100 matrices; 1 where none has two.

    Examples
    --------
    >>> middle_distance([np.array([[0.0], [1.0], [3.0]])])
    2.0
    """
    apart = np.concatenate([_apart(places[i]) for i in _some(len(places), 100)])
    return float(np.median(apart)) if apart.size else 1.0


def _some(n: int, most: int) -> NDArray[np.int64]:
    return np.linspace(0, n - 1, min(n, most)).astype(np.int64)


def _apart(positions: Floats) -> Floats:
    some = np.unique(positions, axis=0)
    some = some[_some(len(some), MOST)]
    return distances(some)[np.triu_indices(len(some), 1)]
