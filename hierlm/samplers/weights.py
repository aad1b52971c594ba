"""Importance weights: their smoothing, its diagnostic, and equally weighted draws.

Source: Vehtari, Simpson, Gelman, Yao & Gabry (2024), JMLR 25(72):1–58, for Pareto-smoothed importance sampling;
Kitagawa (1996), J. Comput. Graph. Stat. 5:1–25, for systematic resampling.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hierlm.errors import SamplingError

__all__ = ["effective", "resampled", "smoothed"]

Floats = NDArray[np.float64]
EQUAL = 1e-8
"""A spread of log weights that is rounding."""

FEWEST = 100
"""Proposals of finite density without which there is nothing to smooth."""


def smoothed(log_weights: Floats) -> tuple[Floats, float]:
    """Pareto-smoothed weights that sum to one, and Pareto's k̂; 0 for equal weights, NaN or ∞ where there is none.

    Raises
    ------
    SamplingError
        When hardly any weight is finite.
    """
    from arviz_stats.base import array_stats

    usable = np.isfinite(log_weights)
    if usable.sum() < min(FEWEST, len(log_weights)):
        raise SamplingError(
            "The density is finite at hardly any of the proposed points.", hint="Fit with the default sampler."
        )
    finite = log_weights[usable] - log_weights[usable].max()
    if np.ptp(finite) < EQUAL:
        smooth, k = finite, 0.0
    else:
        smooth, found = array_stats.psislw(-finite)  # it wants them negated
        k = float(found)
    weights = np.zeros(len(log_weights))
    weights[usable] = np.exp(smooth - smooth.max())
    return weights / weights.sum(), k


def effective(weights: Floats) -> float:
    """The effective sample size (Σ w)² / Σ w²."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def resampled(weights: Floats, size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Systematic resampling: ``size`` indices, each ⌊size w⌋ or ⌈size w⌉ times.

    Their order is random, but copies follow each other: what they cost is an autocorrelation then, which effective
    sample sizes of chains see.
    """
    edges = np.cumsum(weights)
    chosen = np.searchsorted(edges / edges[-1], (rng.random() + np.arange(size)) / size, side="right")
    distinct, counts = np.unique(np.minimum(chosen, len(weights) - 1), return_counts=True)
    order = rng.permutation(len(distinct))
    return np.repeat(distinct[order], counts[order])
