"""The prior factor Λ of the rest: groupings level by level, then coefficients.

``layout[g]`` = (first column, levels, effects) of grouping g of the rest, whose factor is ``Ls[g + 1]``; ``scales`` are
the prior standard deviations of the coefficients, the last columns.
"""

from __future__ import annotations

import numba as nb
import numpy as np

__all__ = ["apply_rest", "scale_rest"]

WIDEST = 8
"""Effects of one grouping at most."""


@nb.njit(cache=True, nogil=True)
def apply_rest(x, Ls, layout, n_groups, scales, transpose):
    """x ← Λx, or Λᵀx."""
    end, part = 0, np.empty(WIDEST)
    for g in range(n_groups):
        start, levels, k = int(layout[g, 0]), int(layout[g, 1]), int(layout[g, 2])
        L = Ls[g + 1]
        for level in range(levels):
            c = start + level * k
            for a in range(k):
                value = 0.0
                if transpose:
                    for m in range(a, k):
                        value += L[m, a] * x[c + m]
                else:
                    for m in range(a + 1):
                        value += L[a, m] * x[c + m]
                part[a] = value
            for a in range(k):
                x[c + a] = part[a]
        end = start + levels * k
    for j in range(end, x.shape[0]):
        x[j] *= scales[j - end]


@nb.njit(cache=True, nogil=True)
def scale_rest(T, Ls, layout, n_groups, scales, transpose):
    """T ← ΛᵀTΛ (transpose), or ΛTΛᵀ; T symmetric."""
    for i in range(T.shape[0]):
        apply_rest(T[i], Ls, layout, n_groups, scales, transpose)
    for i in range(T.shape[0]):
        column = T[:, i].copy()
        apply_rest(column, Ls, layout, n_groups, scales, transpose)
        T[:, i] = column
