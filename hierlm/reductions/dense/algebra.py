"""Cholesky factors of many matrices, and what is solved with them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

__all__ = ["choleskys", "filled_up", "solved"]

Floats = NDArray[np.float64]


def filled_up(V: Floats, filled: NDArray[np.bool_]) -> Floats:
    """V with the identity where there are no rows."""
    if filled.all():
        return V
    there = filled[..., :, None] & filled[..., None, :]
    return np.where(there, V, np.eye(V.shape[-1]))


def choleskys(V: Floats) -> Floats:
    """L with L Lᵀ = V, for many; NaN where there is none."""
    try:
        return np.linalg.cholesky(V)
    except np.linalg.LinAlgError:
        flat = V.reshape(-1, *V.shape[-2:])
        if len(flat) == 1:
            return np.full(V.shape, np.nan)
        return np.stack([choleskys(one[None])[0] for one in flat]).reshape(V.shape)


def solved(L: Floats, B: Floats) -> Floats:
    """L⁻¹ B of several B, (sets, m, q)."""
    m = L.shape[0]
    flat = B.transpose(1, 0, 2).reshape(m, -1)
    if np.isnan(L[0, 0]):
        return np.full(B.shape, np.nan)
    return (
        solve_triangular(L, flat, lower=True, check_finite=False).reshape(m, B.shape[0], B.shape[2]).transpose(1, 0, 2)
    )
