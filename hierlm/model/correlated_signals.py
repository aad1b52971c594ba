"""How much more rows with exchangeable residuals say about levels than independent ones would: for centring alone.

Near ρ = −1/(m − 1) the sum of a block's residuals is nearly known, so that levels that cut across blocks are known far
better than by as many independent rows: zᵀ R⁻¹ z is many times zᵀ z.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hierlm.model.residuals import ResidualCorrelation

__all__ = ["exchangeable_rho", "gain"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROUNDS = 5
MOST = 2_000_000
"""Numbers of the columns that least squares are solved for."""
NEAR = 1e-6
"""How near to the ends of its interval ρ is estimated."""


def exchangeable_rho(
    residual: ResidualCorrelation, y: Floats, columns: Sequence[tuple[Floats, Ints]], X: Floats
) -> float:
    """ρ by moments of what generalised least squares of y leaves, effects of levels as free as those of X.

    S and W being the mean squares of sums and within blocks, S/W = (1 + (m − 1) ρ)/(1 − ρ).  Zero where the effects
    leave less than half of the sums.

    Parameters
    ----------
    columns : sequence of (z (n,), codes (n,))
        Of the effects of levels.
    """
    codes, m = residual.codes, np.bincount(residual.codes).astype(np.float64)
    blocks, largest = int(np.count_nonzero(m)), float(m.max())
    q = X.shape[1] + sum(int(c.max()) + 1 for _, c in columns)
    if 2 * q > blocks or len(y) * q > MOST or largest < 2:
        return 0.0
    A = np.column_stack([X, *(z[:, None] * np.eye(int(c.max()) + 1)[c] for z, c in columns)])
    rho, size = 0.0, m[codes]
    for _ in range(ROUNDS):
        e = y - A @ _least_squares(A, y, rho, codes, m)
        sums = np.bincount(codes, e)
        S = float(np.sum(sums[m > 0] ** 2 / m[m > 0])) / (blocks - q)
        W = float(np.sum((e - sums[codes] / size) ** 2)) / max(len(y) - blocks, 1)
        if not W > 0:
            return 0.0
        rho = float(np.clip((S / W - 1) / (S / W - 1 + largest), -1 / (largest - 1) + NEAR, 1 - NEAR))
    return rho


def _least_squares(A: Floats, y: Floats, rho: float, codes: Ints, m: Floats) -> Floats:
    """With R⁻½ x = (x − x̄)/√(1 − ρ) + x̄/√(1 + (m − 1) ρ), x̄ the mean of the block."""
    both = np.column_stack([A, y])
    mean = np.stack([np.bincount(codes, x)[codes] for x in both.T], axis=1) / m[codes][:, None]
    white = (both - mean) / np.sqrt(1 - rho) + mean / np.sqrt(1 + (m[codes] - 1) * rho)[:, None]
    return np.asarray(np.linalg.lstsq(white[:, :-1], white[:, -1], rcond=None)[0])


def gain(residual: ResidualCorrelation, rho: float, z: Floats, codes: Ints) -> float:
    """zᵀ R⁻¹ z over zᵀ z of the typical level, zᵀ R⁻¹ z = (Σ z² − Σ_b ρ (Σ z)²/(1 + (m − 1) ρ))/(1 − ρ); at least 1."""
    m = np.bincount(residual.codes)
    cells, place = np.unique(codes * len(m) + residual.codes, return_inverse=True)
    sums, of = np.bincount(place.reshape(-1), z), m[cells % len(m)]
    lost = np.bincount(cells // len(m), rho * sums**2 / (1 + (of - 1) * rho), int(codes.max()) + 1)
    plain = np.bincount(codes, z**2)
    known, used = (plain - lost) / (1 - rho), plain > 0
    return max(1.0, float(np.median(known[used] / plain[used]))) if used.any() else 1.0
