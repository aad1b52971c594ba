"""Cholesky factors and their derivatives in loops: no exceptions, a status instead."""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from hierlm.kernels.compiling import REORDER

__all__ = ["cholesky", "cholesky_back", "dense_cholesky", "dense_cholesky_back"]

SMALL = 48
"""Up to this size loops are faster than calling LAPACK."""


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def cholesky(V: np.ndarray, o: int, k: int) -> bool:
    """The k × k matrix A at V[o:] becomes L with L Lᵀ = A (lower triangle); False if A is not positive definite."""
    for i in range(k):
        p = o + i * k
        for j in range(i):
            q = o + j * k
            value = V[p + j]
            for m in range(j):
                value -= V[p + m] * V[q + m]
            V[p + j] = value / V[q + j]
        pivot = V[p + i]
        for m in range(i):
            pivot -= V[p + m] * V[p + m]
        if not (pivot > 0.0 and pivot < np.inf):
            return False
        V[p + i] = math.sqrt(pivot)
    return True


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def cholesky_back(V: np.ndarray, bar: np.ndarray, o: int, k: int) -> None:
    """∂f/∂L at bar[o:] becomes ∂f/∂A of the lower triangle of A = L Lᵀ, each element counted once (Smith 1995)."""
    for i in range(k - 1, -1, -1):
        p = o + i * k
        bar[p + i] *= 0.5 / V[p + i]
        for m in range(i):
            bar[p + m] -= 2.0 * bar[p + i] * V[p + m]
        for j in range(i - 1, -1, -1):
            q = o + j * k
            bar[p + j] /= V[q + j]
            value = bar[p + j]
            bar[q + j] -= value * V[p + j]
            for m in range(j):
                bar[p + m] -= value * V[q + m]
                bar[q + m] -= value * V[p + m]


@nb.njit(cache=True, nogil=True, error_model="numpy")
def dense_cholesky(V: np.ndarray, o: int, q: int) -> bool:
    """:func:`cholesky` of a matrix of any size, by LAPACK where it is large."""
    if q <= SMALL:
        return cholesky(V, o, q)
    A = V[o : o + q * q].reshape((q, q))
    for i in range(q):
        if not math.isfinite(A[i, i]):
            return False
    try:
        A[:] = np.linalg.cholesky(A)
    except Exception:  # numba knows no other; LAPACK met a pivot that is not positive, or a number that is not finite
        return False
    return True


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def _lower_inverse(L):
    """L⁻¹ by forward substitution; LAPACK's inverse recurses too deeply for the small stack of a chain's thread."""
    X = np.zeros_like(L)
    for i in range(L.shape[0]):
        row = X[i]
        for m in range(i):
            other, value = X[m], L[i, m]
            for j in range(m + 1):
                row[j] -= value * other[j]
        row[i] = 1.0
        inverse = 1.0 / L[i, i]
        for j in range(i + 1):
            row[j] *= inverse
    return X


@nb.njit(cache=True, nogil=True, error_model="numpy")
def dense_cholesky_back(V: np.ndarray, bar: np.ndarray, o: int, q: int) -> None:
    """:func:`cholesky_back` of a matrix of any size: L⁻ᵀ Φ(LᵀL̄) L⁻¹, Φ the lower triangle with half its diagonal."""
    if q <= SMALL:
        cholesky_back(V, bar, o, q)
        return
    L, B = V[o : o + q * q].reshape((q, q)), bar[o : o + q * q].reshape((q, q))
    lower, slope = np.zeros((q, q)), np.zeros((q, q))
    for i in range(q):
        for j in range(i + 1):
            lower[i, j], slope[i, j] = L[i, j], B[i, j]
    middle = lower.T @ slope
    for i in range(q):
        middle[i, i] *= 0.5
        for j in range(i + 1, q):
            middle[i, j] = 0.0
    inverse = _lower_inverse(lower)
    full = inverse.T @ (middle @ inverse)
    for i in range(q):
        for j in range(i):
            B[i, j] = full[i, j] + full[j, i]
        B[i, i] = full[i, i]
