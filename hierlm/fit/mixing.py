"""Rank-normalised split R̂ of many numbers at once.

Source: Vehtari, Gelman, Simpson, Carpenter & Bürkner (2021), Bayesian Analysis 16:667–718.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

__all__ = ["folded", "normal_scores", "r_hat", "rank_r_hat", "split_chains"]

Floats = NDArray[np.float64]


def rank_r_hat(halves: Floats, scores: Floats) -> Floats:
    """R̂ of n numbers, the larger of bulk and tail.

    Parameters
    ----------
    halves, scores : (n, chain, draw) arrays
        Split chains, and their :func:`normal_scores`.
    """
    return np.maximum(r_hat(scores), r_hat(normal_scores(folded(halves))))


def folded(halves: Floats) -> Floats:
    """How far draws (n, chain, draw) are from the median of all of a number."""
    return np.abs(halves - np.median(halves, axis=(1, 2), keepdims=True))


def split_chains(draws: Floats) -> Floats:
    """Every chain of draws (n, chain, draw) as two; the middle draw of an odd number is left out."""
    half = draws.shape[2] // 2
    return np.concatenate([draws[:, :, :half], draws[:, :, -half:]], axis=1)


def normal_scores(draws: Floats) -> Floats:
    """Φ⁻¹((rank − 3/8)/(S + 1/4)) over all draws of a number, tied draws sharing their mean rank."""
    pooled = draws.reshape(len(draws), -1)
    S = pooled.shape[1]
    order = np.argsort(pooled, axis=1)
    ordered = np.take_along_axis(pooled, order, axis=1)
    scores = np.empty_like(pooled)
    np.put_along_axis(scores, order, np.broadcast_to(ndtri((np.arange(1, S + 1) - 0.375) / (S + 0.25)), order.shape), 1)
    tied = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    if tied.any():
        scores[tied] = ndtri((rankdata(pooled[tied], axis=1) - 0.375) / (S + 0.25))
    return scores.reshape(draws.shape)


def r_hat(chains: Floats) -> Floats:
    """√((B/W + h − 1)/h) for chains of h draws, B and W the variances between and within; infinite when W is zero."""
    h = chains.shape[2]
    between = h * chains.mean(axis=2).var(axis=1, ddof=1)
    within = chains.var(axis=2, ddof=1).mean(axis=1)
    ratio = np.divide(between, within, out=np.full_like(between, np.inf), where=within > 0)
    return np.sqrt((ratio + h - 1) / h)
