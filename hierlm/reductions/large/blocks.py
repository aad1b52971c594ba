"""Small matrices, one for every level and draw: arrays (k, k, levels, draws), worked on slab by slab.

The first two axes are those of the matrix, so that each step is one operation on whole slabs (levels, draws).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["applied", "factor", "prior_times", "products"]

Floats = NDArray[np.float64]


def factor(A: Floats) -> Floats:
    """L, lower triangular, with L Lᵀ = A; a pivot that is zero, or negative by rounding, gives a column of zeros."""
    L = np.zeros_like(A)
    for j in range(len(A)):
        pivot = A[j, j] - sum((L[j, m] ** 2 for m in range(j)), start=np.zeros(()))
        root = np.sqrt(np.maximum(pivot, 0.0))
        L[j, j] = root
        inverse = np.divide(1.0, root, out=np.zeros_like(root), where=root > 0.0)
        for i in range(j + 1, len(A)):
            L[i, j] = (A[i, j] - sum((L[i, m] * L[j, m] for m in range(j)), start=np.zeros(()))) * inverse
    return L


def products(S: Floats, phi: Floats) -> tuple[Floats, Floats]:
    """(Y, G) with D = I + ΦᵀSΦ = L Lᵀ, Y = L⁻¹Φᵀ and G = YᵀY = (Φ⁻ᵀΦ⁻¹ + S)⁻¹, where Φ has an inverse.

    Parameters
    ----------
    S : (k, k, J, 1) array
    phi : (k, k, 1, m) array
        Lower triangular.
    """
    k = len(S)
    right = [[sum((S[a, c] * phi[c, b] for c in range(b, k)), start=np.zeros(())) for b in range(k)] for a in range(k)]
    D = np.array([[sum(phi[c, a] * right[c][b] for c in range(a, k)) + (a == b) for b in range(k)] for a in range(k)])
    L, Y = factor(D), np.zeros_like(D)
    for a in range(k):
        for b in range(k):
            Y[a, b] = (phi[b, a] - sum((L[a, c] * Y[c, b] for c in range(a)), start=np.zeros(()))) / L[a, a]
    G = np.array([[sum(Y[c, a] * Y[c, b] for c in range(k)) for b in range(k)] for a in range(k)])
    return Y, G


def applied(A: Floats, x: Floats, *, transposed: bool = False) -> Floats:
    """A x or Aᵀ x of every level and draw; x (J k, m), level by level."""
    k = len(A)
    if k == 1:
        return np.asarray(A[0, 0] * x)
    slabs, out = x.reshape(-1, k, x.shape[1]), np.empty((len(x) // k, k, x.shape[1]))
    for i in range(k):
        out[:, i] = sum((A[j, i] if transposed else A[i, j]) * slabs[:, j] for j in range(k))
    return out.reshape(x.shape)


def prior_times(parts: list[tuple[slice, Floats]], x: Floats, *, transposed: bool = False) -> Floats:
    """Block after block: the columns of each grouping times the matrix that all of its levels share.

    Parameters
    ----------
    parts : list of (slice of the columns, (k, k, 1, m) array)
    x : (columns, m) array
    """
    out = np.empty_like(x)
    for some, phi in parts:
        out[some] = applied(phi, x[some], transposed=transposed)
    return out
