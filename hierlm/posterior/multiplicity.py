"""How large R̂ may be by chance: the largest of thousands of numbers, each with what its own chains are worth.

m half chains of h draws that have one mean, with an autocorrelation time of τ draws, have B/W ~ τ F(m − 1, ·), so

    R̂² = 1 + (B/W − 1)/h,   and   limit² = 1 + (τ F⁻¹(1 − α/2n) − 1)/h

is exceeded by one of n numbers with a probability of at most α (Bonferroni; R̂ is the larger of two).  τ is measured
inside the half chains, so that chains that disagree do not excuse themselves.

Source: Brooks & Gelman (1998), Journal of Computational and Graphical Statistics 7:434–455 (the F distribution).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import f as f_distribution

from hierlm.fit.mixing import folded, normal_scores, r_hat, split_chains
from hierlm.posterior.convergence import effective_size

__all__ = ["ALARM", "LARGEST", "R_HAT", "r_hat_limits"]

Floats = NDArray[np.float64]

R_HAT = 1.01
"""What is asked of a parameter, and what no limit is below."""

LARGEST = 1.05
"""What no limit is above, however short or slow the chains."""

ALARM = 0.01
"""How probable it may be that one of the n numbers is beyond its limit though all chains agree."""

CHUNK = 200
"""Numbers that are worked on at once."""


def r_hat_limits(values: Floats, found: Floats, n: int) -> Floats:
    """A limit of R̂ for each of some numbers, of which n are judged together.

    Parameters
    ----------
    values : (chain, draw, number) array
    found : (number,) array
        Rank-normalised split R̂ of ``values``, NaN where there is none.
    n : int
        How many numbers are judged together, these included.

    Returns
    -------
    (number,) array
        From 1.01 to 1.05.  Where the smaller one of bulk and tail R̂ is the one that is farther beyond its limit, the
        limit is such that ``found`` is as far beyond.
    """
    limits = np.full(len(found), R_HAT)
    beyond = np.flatnonzero(np.isfinite(found) & (found >= R_HAT))  # the others need none
    for start in range(0, len(beyond), CHUNK):
        part = beyond[start : start + CHUNK]
        halves = split_chains(np.ascontiguousarray(np.moveaxis(values[..., part], -1, 0)))
        scores = normal_scores(halves), normal_scores(folded(halves))
        excess = np.max([(r_hat(z) - 1) / (_limit(z, n) - 1) for z in scores], axis=0)
        limits[part] = 1 + (found[part] - 1) / excess
    return limits


def _limit(scores: Floats, n: int) -> Floats:
    """The limit of R̂ of ``scores`` (number, half chain, draw)."""
    _, m, h = scores.shape
    alone = scores - scores.mean(axis=2, keepdims=True)
    worth = effective_size(alone)
    tau = np.maximum(m * h / worth, 1.0)
    largest = f_distribution.isf(ALARM / (2 * n), m - 1, np.maximum(m * h / tau - m, 1.0))
    return np.clip(np.sqrt(np.maximum(1 + (tau * largest - 1) / h, 1.0)), R_HAT, LARGEST)
