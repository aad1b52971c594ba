"""R̂, effective sample sizes and Monte-Carlo errors of thousands of numbers at once.

The same numbers as arviz_stats gives one by one (a test holds them equal), several times faster: a model with 4,000
group effects is diagnosed whenever its fit is shown.

Source: Vehtari, Gelman, Simpson, Carpenter & Bürkner (2021), Bayesian Analysis 16:667–718.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from hierlm.fit.mixing import normal_scores, rank_r_hat, split_chains

__all__ = ["Convergence", "convergence", "effective_size"]

Floats = NDArray[np.float64]

TAILS = (0.05, 0.95)
CHUNK = 100_000
"""Draws that are worked on at once."""


@dataclass(frozen=True, eq=False)
class Convergence:
    """Diagnostics of n numbers; NaN where they do not exist (a chain that does not move, non-finite draws, one chain).

    Parameters
    ----------
    r_hat : (n,) array
        Rank-normalised split R̂, the larger of bulk and tail.
    ess_bulk, ess_tail : (n,) array
        Effective sample sizes of the rank-normalised draws, and the smaller one of the 5% and 95% quantiles.
    mcse_mean : (n,) array
        Monte-Carlo standard error of the mean.
    finite : (n,) bool array
        Whether every draw is a finite number.
    moving : (n,) bool array
        Whether every chain takes more than one value.
    """

    r_hat: Floats
    ess_bulk: Floats
    ess_tail: Floats
    mcse_mean: Floats
    finite: NDArray[np.bool_]
    moving: NDArray[np.bool_]


def convergence(values: Floats, most: float = np.inf) -> Convergence:
    """Diagnostics of ``values`` (chain, draw, n).

    Parameters
    ----------
    most : float
        What all draws are worth, where it is known: no effective sample size is larger.
    """
    finite = np.isfinite(values).all(axis=(0, 1))
    moving = (values != values[:, :1]).any(axis=1).all(axis=0) & finite
    found = np.full((4, values.shape[-1]), np.nan)
    usable = np.flatnonzero(moving) if values.shape[1] >= 4 else np.zeros(0, dtype=np.int64)
    step = max(1, CHUNK // max(1, values.shape[0] * values.shape[1]))

    def measure(start: int) -> None:
        part = usable[start : start + step]
        found[:, part] = _diagnostics(np.ascontiguousarray(np.moveaxis(values[..., part], -1, 0)))

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:  # NumPy lets go of Python's lock
        list(pool.map(measure, range(0, len(usable), step)))
    r_hat, ess_bulk, ess_tail, mcse = found
    if np.isfinite(most):
        sd = values.std(axis=(0, 1), ddof=1) if values.size > 1 else np.zeros(values.shape[-1])
        ess_bulk, ess_tail = np.minimum(ess_bulk, most), np.minimum(ess_tail, most)
        mcse = np.maximum(mcse, sd / np.sqrt(most))
    return Convergence(r_hat, ess_bulk, ess_tail, mcse, finite, moving)


def _diagnostics(draws: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """R̂, bulk ESS, tail ESS and MCSE of the mean of ``draws`` (n, chain, draw)."""
    pooled = draws.reshape(len(draws), -1)
    halves = split_chains(draws)
    z = normal_scores(halves)
    r_hat = rank_r_hat(halves, z) if draws.shape[1] > 1 else np.full(len(draws), np.nan)
    quantiles = np.quantile(pooled, TAILS, axis=1)[:, :, None, None]
    tail = np.minimum(*(effective_size(split_chains((draws <= q).astype(np.float64))) for q in quantiles))
    mcse = pooled.std(axis=1, ddof=1) / np.sqrt(effective_size(halves))
    return r_hat, effective_size(z), tail, mcse


def effective_size(chains: Floats) -> Floats:
    """Effective sample size of ``chains`` (n, chain, draw) by Geyer's initial monotone sequence."""
    n, m, h = chains.shape
    total = m * h
    rho = _autocorrelation(chains)
    even, odd = np.ones(n), rho[:, 1].copy()
    kept = np.zeros_like(rho)
    kept[:, 0], kept[:, 1] = 1.0, odd
    end = np.full(n, 1)
    active = np.ones(n, dtype=bool)
    for t in range(1, h - 3, 2):  # pairs of lags as long as their sums are positive
        active &= even + odd > 0
        if not active.any():
            break
        even = np.where(active, rho[:, t + 1], even)
        odd = np.where(active, rho[:, t + 2], odd)
        keep = active & (even + odd >= 0)
        kept[keep, t + 1], kept[keep, t + 2] = even[keep], odd[keep]
        end[active] = t + 2
    last = end - 2
    rows = np.flatnonzero(even > 0)
    kept[rows, last[rows] + 1] = even[rows]
    for t in range(1, int(last.max(initial=0)) - 1, 2):  # sums of pairs never grow
        grows = (t <= last - 2) & (kept[:, t + 1] + kept[:, t + 2] > kept[:, t - 1] + kept[:, t])
        kept[grows, t + 1] = kept[grows, t + 2] = (kept[grows, t - 1] + kept[grows, t]) / 2
    lags = np.arange(h)
    tau = -1 + 2 * np.where(lags <= last[:, None], kept, 0).sum(axis=1) + kept[np.arange(n), last + 1]
    ess = total / np.maximum(tau, 1 / np.log10(total))
    constant = np.ptp(chains.reshape(n, -1), axis=1) < np.finfo(np.float64).resolution
    return np.asarray(np.where(constant, total, ess))


def _autocorrelation(chains: Floats) -> Floats:
    """1 − (W − mean autocovariance)/var⁺ at every lag, (n, lag)."""
    h = chains.shape[2]
    means = chains.mean(axis=2, keepdims=True)
    size = next_fast_len(2 * h, real=True)
    power = np.square(np.abs(rfft(chains - means, n=size, axis=2))).mean(axis=1)
    covariance = irfft(power, n=size, axis=1)[:, :h] / h
    within = covariance[:, :1] * h / (h - 1.0)
    plus = covariance[:, :1] + means[:, :, 0].var(axis=1, ddof=1)[:, None]
    return 1 - np.divide(within - covariance, plus, out=np.zeros_like(covariance), where=plus > 0)
