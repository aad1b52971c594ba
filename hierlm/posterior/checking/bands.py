"""Simultaneous bands for ordered uniform numbers."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

__all__ = ["order_bands"]

Floats = NDArray[np.float64]
SIMULATED, MOST = 1000, 2000
"""Samples that the level is found from; sizes beyond which it is taken from that many."""


def order_bands(n: int, level: float = 0.95) -> tuple[Floats, Floats]:
    """Bands that hold all n ordered uniform numbers at once with this probability, shape (n,) each.

    The i-th smallest is Beta(i, n + 1 − i); all have equal-tailed intervals of one pointwise level, which is found by
    simulation so that the whole sample lies inside with probability ``level`` (Aldor-Noiman et al. 2013).

    References
    ----------
    Aldor-Noiman, Brown, Buja, Rolke & Stine (2013), The American Statistician 67:249–260.

    Examples
    --------
    >>> lower, upper = order_bands(50)
    >>> bool((lower < np.arange(1, 51) / 51).all() and (upper > np.arange(1, 51) / 51).all())
    True
    """
    i = np.arange(1, n + 1)
    gamma = _pointwise(min(n, MOST), round(level, 6))
    return np.asarray(beta.ppf(gamma / 2, i, n + 1 - i)), np.asarray(beta.ppf(1 - gamma / 2, i, n + 1 - i))


@lru_cache(maxsize=64)
def _pointwise(n: int, level: float) -> float:
    """The pointwise error: the quantile 1 − level of the smallest two-sided p-value in a sample."""
    u = np.sort(np.random.default_rng(20131103).uniform(size=(SIMULATED, n)), axis=1)
    i = np.arange(1, n + 1)
    p = beta.cdf(u, i, n + 1 - i)
    return float(np.quantile(2 * np.minimum(p, 1 - p).min(axis=1), 1 - level))
