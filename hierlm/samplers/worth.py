"""What draws are worth, quickly and of thousands of numbers at once: by means of batches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["share"]

Floats = NDArray[np.float64]

BATCHES = 7
"""Batches of a chain at least, below which nothing can be said."""

CHUNK = 500
"""Numbers that are worked on at once."""


def share(draws: Floats) -> float:
    """The smallest ratio of effective draws to draws over all numbers, and over their squares about the mean.

    Chains are cut into batches of √draws; with V the variance of all draws and B that of the means of batches of b
    draws about the mean of all, chains that disagree included, it is V/(bB).  NaN where chains are short or nothing
    varies.

    Parameters
    ----------
    draws : (chains, draws, d) array

    Examples
    --------
    >>> share(np.random.default_rng(1).normal(size=(4, 1000, 2))) > 0.6
    True
    """
    length = int(np.sqrt(draws.shape[1]))
    if length < BATCHES:
        return float("nan")
    least = np.inf
    for first in range(0, draws.shape[2], CHUNK):
        some = draws[:, :, first : first + CHUNK]
        away = some - some.mean(axis=(0, 1))
        for values in (away, away**2):
            least = min(least, _least(values, length))
    return least if np.isfinite(least) else float("nan")


def _least(values: Floats, length: int) -> float:
    """Of values (chains, draws, d), the smallest V/(bB)."""
    chains, count, d = values.shape
    batches = values[:, : count - count % length].reshape(chains, -1, length, d).mean(axis=2).reshape(-1, d)
    spread, between = values.reshape(-1, d).var(axis=0), batches.var(axis=0)
    moving = spread > 0
    return float((spread[moving] / (length * between[moving])).min()) if moving.any() else np.inf
