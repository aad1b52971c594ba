"""Densities of rows at given linear predictors, for algorithms that do the rest in NumPy."""

from __future__ import annotations

import numba as nb
import numpy as np

from hierlm.kernels.calling import call_rows
from hierlm.kernels.scratch import BLOCK

__all__ = ["rows_at"]


@nb.njit(cache=True, nogil=True, error_model="numpy")
def rows_at(address, y, t, eta, log_aux, slopes, weights, bars):
    """Σ log p(y | η), −∞ where that is not finite, by the C function of rows at ``address``.

    Parameters
    ----------
    y, t, eta : (n,) arrays
    log_aux : (2,) array
        Logarithms of further parameters.
    slopes, weights : (n,) arrays, filled
        Derivative by η and minus the second one.
    bars : (3,) array, added to
        Derivatives by ``log_aux``.
    """
    total, nothing, scratch, ones = 0.0, np.empty(0), np.empty(BLOCK), np.ones(BLOCK)
    for begin in range(0, y.shape[0], BLOCK):
        end = min(begin + BLOCK, y.shape[0])
        total += call_rows(
            address,
            end - begin,
            y[begin:end],
            t[begin:end],
            ones,
            eta[begin:end],
            log_aux,
            slopes[begin:end],
            weights[begin:end],
            bars,
            0.0,
            nothing,
            nothing,
            nothing,
            scratch,
        )
    return total if abs(total) < np.inf else -np.inf
