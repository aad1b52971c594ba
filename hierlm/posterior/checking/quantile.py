"""Where each observation lies in its predictive distribution."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["normal_scores", "places", "places_of_draws"]

Floats = NDArray[np.float64]


def places(y: Floats, drawn: Floats, seed: int, weights: Floats | None = None) -> Floats:
    """u_i = P(y_rep < y_i) + v_i P(y_rep = y_i), v uniform: uniform where the fit is right; in (0, 1).

    The distribution function is that of the S data sets, y itself counted among them, so that every family is served
    alike, and a y beyond all of them is not infinitely far.

    Parameters
    ----------
    y : (n,) array
    drawn : (S, n) array
    seed : int
        Of v.
    weights : (S, n) array, optional
        Of the data sets for each row, adding up to 1; equal unless given.
    """
    S = len(drawn)
    v = np.random.default_rng(np.random.SeedSequence([seed, 17])).uniform(size=y.shape)
    if weights is None:
        below, same = (drawn < y).mean(axis=0), (drawn == y).mean(axis=0)
    else:
        below, same = (weights * (drawn < y)).sum(axis=0), (weights * (drawn == y)).sum(axis=0)
    return np.asarray((S * (below + v * same) + v) / (S + 1))


def places_of_draws(drawn: Floats, seed: int) -> Floats:
    """The same for each of the data sets among the others, (S, n)."""
    S = len(drawn)
    v = np.random.default_rng(np.random.SeedSequence([seed, 18])).uniform(size=drawn.shape)
    order = np.sort(drawn, axis=0)
    u = np.empty(drawn.shape)
    for i in range(drawn.shape[1]):
        low = np.searchsorted(order[:, i], drawn[:, i], side="left")
        high = np.searchsorted(order[:, i], drawn[:, i], side="right")
        u[:, i] = (low + v[:, i] * (high - low)) / S
    return u


def normal_scores(u: Floats) -> Floats:
    """Φ⁻¹(u)."""
    return np.asarray(ndtri(np.clip(u, 1e-12, 1 - 1e-12)))
