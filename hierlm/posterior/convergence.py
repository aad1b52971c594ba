"""R̂, effective sample sizes and Monte-Carlo errors of many numbers at once."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from arviz_stats.base import array_stats
from numpy.typing import NDArray

__all__ = ["Convergence", "convergence"]

Floats = NDArray[np.float64]
TAILS = (0.05, 0.95)


@dataclass(frozen=True, eq=False)
class Convergence:
    """Diagnostics of n numbers; NaN where they do not exist (a chain that does not move, non-finite draws, one chain).

    Parameters
    ----------
    r_hat : (n,) array
        Rank-normalised split R̂, the larger of bulk and tail.
    ess_bulk, ess_tail : (n,) array
        Effective sample sizes of the rank-normalised draws, and the smaller one of the 5 % and 95 % quantiles.
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


def convergence(values: Floats) -> Convergence:
    """Diagnostics of ``values`` (chain, draw, n), by arviz_stats.

    Source: Vehtari, Gelman, Simpson, Carpenter & Bürkner (2021), Bayesian Analysis 16:667–718.
    """
    finite = np.isfinite(values).all(axis=(0, 1))
    moving = (values != values[:, :1]).any(axis=1).all(axis=0) & finite
    out = {name: np.full(values.shape[-1], np.nan) for name in ("r_hat", "ess_bulk", "ess_tail", "mcse_mean")}
    usable = np.flatnonzero(moving)
    if usable.size and values.shape[1] >= 4:
        axes = {"chain_axis": 0, "draw_axis": 1}
        draws = values[..., usable]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            if values.shape[0] > 1:
                out["r_hat"][usable] = array_stats.rhat(draws, method="rank", **axes)
            out["ess_bulk"][usable] = array_stats.ess(draws, method="bulk", **axes)
            out["ess_tail"][usable] = array_stats.ess(draws, method="tail", prob=TAILS, **axes)
            out["mcse_mean"][usable] = array_stats.mcse(draws, method="mean", **axes)
    return Convergence(**out, finite=finite, moving=moving)
