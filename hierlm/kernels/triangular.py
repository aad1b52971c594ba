"""Cholesky factors and triangular solves in loops: no exceptions, a status instead."""

from __future__ import annotations

import math

import numba as nb
import numpy as np

__all__ = ["cholesky", "dense_cholesky", "dense_inverse", "invert_from_cholesky", "solve_lower", "solve_upper"]

SMALL = 40
"""Up to this size loops are faster than calling LAPACK."""


@nb.njit(cache=True, nogil=True)
def cholesky(A: np.ndarray) -> bool:
    """Overwrite the lower triangle of A (k × k) by L with L Lᵀ = A; False where A is not positive definite."""
    k = A.shape[0]
    for j in range(k):
        pivot = A[j, j]
        for m in range(j):
            pivot -= A[j, m] * A[j, m]
        if not pivot > 0.0 or not math.isfinite(pivot):
            return False
        root = math.sqrt(pivot)
        A[j, j] = root
        for i in range(j + 1, k):
            value = A[i, j]
            for m in range(j):
                value -= A[i, m] * A[j, m]
            A[i, j] = value / root
    return True


@nb.njit(cache=True, nogil=True)
def solve_lower(L: np.ndarray, x: np.ndarray) -> None:
    """x ← L⁻¹ x."""
    for i in range(L.shape[0]):
        value = x[i]
        for m in range(i):
            value -= L[i, m] * x[m]
        x[i] = value / L[i, i]


@nb.njit(cache=True, nogil=True)
def solve_upper(L: np.ndarray, x: np.ndarray) -> None:
    """x ← L⁻ᵀ x."""
    k = L.shape[0]
    for i in range(k - 1, -1, -1):
        value = x[i]
        for m in range(i + 1, k):
            value -= L[m, i] * x[m]
        x[i] = value / L[i, i]


@nb.njit(cache=True, nogil=True)
def invert_from_cholesky(L: np.ndarray, out: np.ndarray) -> None:
    """out ← (L Lᵀ)⁻¹, all of it."""
    k = L.shape[0]
    column = np.empty(k)
    for j in range(k):
        column[:] = 0.0
        column[j] = 1.0
        solve_lower(L, column)
        solve_upper(L, column)
        for i in range(k):
            out[i, j] = column[i]


@nb.njit(cache=True, nogil=True)
def dense_cholesky(A: np.ndarray) -> bool:
    """:func:`cholesky` of a matrix of any size, by LAPACK where it is large."""
    if A.shape[0] <= SMALL:
        return cholesky(A)
    for i in range(A.shape[0]):
        if not math.isfinite(A[i, i]):
            return False
    try:
        A[:] = np.linalg.cholesky(A)
    except Exception:  # numba knows no other; LAPACK met a pivot that is not positive, or a number that is not finite
        return False
    return True


@nb.njit(cache=True, nogil=True)
def dense_inverse(L: np.ndarray, out: np.ndarray) -> None:
    """:func:`invert_from_cholesky` of a matrix of any size."""
    if L.shape[0] <= SMALL:
        invert_from_cholesky(L, out)
    else:
        lower = np.zeros(L.shape)
        for i in range(L.shape[0]):
            for j in range(i + 1):
                lower[i, j] = L[i, j]
        inverse = np.linalg.inv(lower)
        out[:] = inverse.T @ inverse
