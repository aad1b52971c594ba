"""Sparse matrices times many vectors: one pass over the matrix, all vectors side by side."""

from __future__ import annotations

import numba as nb

from hierlm.kernels.compiling import REORDER

__all__ = ["sparse_times"]


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def sparse_times(indptr, indices, data, X, out):
    """out ← A X, A in compressed rows, X (columns of A, m) and out (rows of A, m) in rows."""
    for i in range(out.shape[0]):
        row = out[i]
        row[:] = 0.0
        for t in range(indptr[i], indptr[i + 1]):
            value, other = data[t], X[indices[t]]
            for c in range(row.shape[0]):
                row[c] += value * other[c]
