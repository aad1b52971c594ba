"""Shares of replicates, and how uncertain they are."""

from __future__ import annotations

from scipy import stats

__all__ = ["share_error", "share_interval"]


def share_error(hits: int, n: int) -> float:
    """Monte-Carlo standard error of hits/n, positive also where all agree (two hits and two misses are added)."""
    p = (hits + 2) / (n + 4)
    return float((p * (1 - p) / (n + 4)) ** 0.5)


def share_interval(hits: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Clopper and Pearson's exact interval."""
    tail = (1 - level) / 2
    lower = 0.0 if hits == 0 else float(stats.beta.ppf(tail, hits, n - hits + 1))
    upper = 1.0 if hits == n else float(stats.beta.isf(tail, hits + 1, n - hits))
    return lower, upper
