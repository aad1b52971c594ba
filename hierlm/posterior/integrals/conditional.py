"""Draws of a unit's effects given its rows, and the weights that make them exact."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hierlm.model import Model
from hierlm.posterior.integrals.integrate import Ys, likelihoods_of
from hierlm.posterior.integrals.making import make_batch
from hierlm.posterior.integrals.mode import find_mode
from hierlm.posterior.integrals.units import Units
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, Rows

__all__ = ["proposed"]

Floats = NDArray[np.float64]


def proposed(
    model: Model, rows: Rows, draws: Draws, ys: Ys, units: Units, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """One draw of the whitened effects of a single unit for every draw of everything else.

    w ~ N(ŵ, M⁻¹), the normal approximation of p(w | y, θ); its log-weight is
    log p(y | w, θ) φ(w) − log N(w; ŵ, M⁻¹), which is log p(y | θ) for all w where p(w | y, θ) is normal.

    Returns
    -------
    log_weights : (S,) array
    w : (S, d) array
    """
    new = NewLevels(model, draws, 0, zero=True)
    likelihoods = likelihoods_of(model, rows, draws, ys, units)
    batch = make_batch(rows, draws, likelihoods, units, new, units.rows[0][None], int(units.sizes[0]))
    mode = find_mode(batch)
    z = rng.standard_normal(mode.w.shape)
    w = mode.w + np.matmul(mode.spread, z[..., None])[..., 0]
    h = batch.rows(w).sum(axis=-1) - 0.5 * (w**2).sum(axis=-1)
    size = np.log(np.diagonal(mode.root, axis1=-2, axis2=-1)).sum(axis=-1)
    return (h + 0.5 * (z**2).sum(axis=-1) - size)[:, 0], w[:, 0]
