"""The mode of a unit's effects given everything else, and the curvature there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierlm.posterior.integrals.batch import Batch, Derivatives

__all__ = ["Mode", "find_mode"]

Floats = NDArray[np.float64]
STEPS, HALVINGS = 60, 20
SMALL = 1e-11
"""Newton's decrement at which a mode is reached."""


@dataclass(frozen=True, eq=False)
class Mode:
    """Where h(w) = Σ_i log p(y_i | w) − ½ w'w is largest, for every draw and unit.

    Parameters
    ----------
    w : (S, J, d) array
    h : (S, J) array
    at : Derivatives
        There.
    root : (S, J, d, d) array
        L with L Lᵀ = M, M = I + information.
    spread : (S, J, d, d) array
        L⁻ᵀ: w + L⁻ᵀ z follows the normal approximation where z is standard normal.
    """

    w: Floats
    h: Floats
    at: Derivatives
    root: Floats
    spread: Floats

    @property
    def laplace(self) -> Floats:
        """log ∫ exp(h(w)) dw / (2π)^{d/2} by Laplace's method, h − ½ log|M|, (S, J)."""
        return self.h - np.log(np.diagonal(self.root, axis1=-2, axis2=-1)).sum(axis=-1)


def find_mode(batch: Batch) -> Mode:
    """Newton's method from w = 0, steps halved where they lead downwards."""
    S, J = batch.shape
    w = np.zeros((S, J, batch.d))
    now = batch.derivatives(w)
    h = _value(now.rows, w)
    with np.errstate(all="ignore"):
        for _ in range(STEPS):
            gradient = now.slopes.sum(axis=2) - w
            root = _root(np.eye(batch.d) + now.information)
            step = _solve(root, gradient)
            if not np.any(np.abs(gradient * step).sum(axis=-1) > SMALL):
                break
            w, now, h = _move(batch, w, step, h)
    root = _root(np.eye(batch.d) + now.information)
    spread = np.swapaxes(np.linalg.inv(root), -1, -2)
    return Mode(w, h, now, root, spread)


def _move(batch: Batch, w: Floats, step: Floats, h: Floats) -> tuple[Floats, Derivatives, Floats]:
    """As far along the step as h does not fall."""
    length = np.ones(h.shape)
    found = batch.derivatives(w + step)
    after = _value(found.rows, w + step)
    halved = False
    for _ in range(HALVINGS):
        worse = ~(after >= h - 1e-9 * (1 + np.abs(h)))
        if not worse.any():
            break
        length, halved = np.where(worse, length / 2, length), True
        moved = w + length[..., None] * step
        after = _value(batch.rows(moved), moved)
    else:
        length = np.where(worse, 0.0, length)
    w = w + length[..., None] * step
    if halved:
        found = batch.derivatives(w)
    return w, found, _value(found.rows, w)


def _value(rows: Floats, w: Floats) -> Floats:
    total = rows.sum(axis=-1) - 0.5 * (w**2).sum(axis=-1)
    return np.where(np.isnan(total), -np.inf, total)


def _root(M: Floats) -> Floats:
    """L with L Lᵀ = M; of |M|, at least ¹⁄₁₀₀ in every direction, where the log-density is not concave."""
    M = np.where(np.isfinite(M).all(axis=(-1, -2), keepdims=True), M, np.eye(M.shape[-1]))
    try:
        return np.linalg.cholesky(M)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(M)
        bent = np.where(values > 0, np.maximum(values, 1e-2), np.maximum(-values, 1e-2))
        return np.linalg.cholesky(np.einsum("...ij,...j,...kj->...ik", vectors, bent, vectors))


def _solve(root: Floats, gradient: Floats) -> Floats:
    """M⁻¹ gradient; nowhere to go where the gradient is not finite."""
    finite = np.isfinite(gradient).all(axis=-1, keepdims=True)
    inverse = np.linalg.inv(root)
    half = np.matmul(inverse, np.where(finite, gradient, 0.0)[..., None])
    return np.matmul(np.swapaxes(inverse, -1, -2), half)[..., 0]
