"""A density of one row made into compiled functions of many: compiled once a machine, then read from numba's cache.

A C function of rows is

    double rows(int64 n, double *y, double *t, double *w, double *eta, double *aux, double *slopes, double *weights,
                double *bars, double tau, double *start, int64 q, double *nodes, double *log_weights, double *modes)

for n ≤ BLOCK rows.  It returns Σ w log p, −∞ or NaN where that is not finite, fills ``slopes`` (∂ log p/∂η, without w)
and ``weights`` (for −∂²), and adds Σ w ∂ log p/∂(aux, τ) to ``bars``.  What follows ``bars`` belongs to an effect of
every row that is integrated out, and is not looked at without one: its sd τ, the value at which the search for its mode
starts, the quadrature, and room for the modes z (of the effect τz).
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from hierlm.kernels.compiling import REORDER
from hierlm.kernels.integrated import draw, guarded, integrate
from hierlm.kernels.observations import predict
from hierlm.kernels.scratch import BLOCK, local

__all__ = ["effect_draws", "integrated_rows", "one_row", "rows"]

_REALS = nb.types.CPointer(nb.types.float64)
_WHOLE, _REAL = nb.types.int64, nb.types.float64
_SIGNATURE = _REAL(_WHOLE, *[_REALS] * 8, _REAL, _REALS, _WHOLE, *[_REALS] * 3)


def _c_function(function: Any) -> Any:
    return nb.cfunc(_SIGNATURE, cache=True, error_model="numpy", fastmath=REORDER)(function)


def one_row(density: Any) -> Any:
    """``(y, t, eta, aux)`` → the five numbers of the density, guarded."""

    @nb.njit(cache=True, nogil=True, error_model="numpy")
    def one(y, t, eta, aux):
        return guarded(density(y, t, eta, aux))

    return one


def rows(density: Any) -> Any:
    """The C function of rows."""

    def plain_rows(n, y, t, w, eta, aux, slopes, weights, bars, tau, start, q, nodes, log_weights, modes):
        ys, ts, ws, etas, other = (
            nb.carray(y, n),
            nb.carray(t, n),
            nb.carray(w, n),
            nb.carray(eta, n),
            nb.carray(aux, 2),
        )
        slope, weight = nb.carray(local(), BLOCK), nb.carray(local(), BLOCK)
        total, first, second = 0.0, 0.0, 0.0
        for i in range(n):
            value, slope[i], weight[i], by_first, by_second = guarded(density(ys[i], ts[i], etas[i], other))
            total += ws[i] * value
            first += ws[i] * by_first
            second += ws[i] * by_second
        slope_out, weight_out, sums = nb.carray(slopes, n), nb.carray(weights, n), nb.carray(bars, 3)
        for i in range(n):
            slope_out[i], weight_out[i] = slope[i], weight[i]
        sums[0] += first
        sums[1] += second
        return total

    return _c_function(plain_rows)


def integrated_rows(density: Any) -> Any:
    """The C function of rows of which each has a normal effect of its own, integrated out."""

    def quadrature(n, y, t, w, eta, aux, slopes, weights, bars, tau, start, q, nodes, log_weights, modes):
        return integrate(
            density,
            n,
            nb.carray(y, n),
            nb.carray(t, n),
            nb.carray(w, n),
            nb.carray(eta, n),
            nb.carray(aux, 2),
            nb.carray(slopes, n),
            nb.carray(weights, n),
            nb.carray(bars, 3),
            tau,
            nb.carray(start, n),
            nb.carray(nodes, q),
            nb.carray(log_weights, q),
            nb.carray(modes, n),
        )

    return _c_function(quadrature)


def effect_draws(density: Any) -> Any:
    """A function that draws the integrated effect of every row given everything else, exactly.

    ``(rng, observations, u, log_aux, taus, effects)`` fills ``effects`` (D, n) from ``u`` (D, columns), ``log_aux``
    (D, 2) and ``taus`` (D,), and returns which of the D are whole.
    """

    @nb.njit(cache=True, nogil=True, error_model="numpy")
    def draws(rng, o, u, log_aux, taus, effects):
        found, scratch = np.ones(u.shape[0], dtype=np.bool_), np.empty(BLOCK)
        for d in range(u.shape[0]):
            for begin in range(0, o.y.shape[0], BLOCK):
                end = min(begin + BLOCK, o.y.shape[0])
                y, t, start, etas = o.y[begin:end], o.trials[begin:end], o.start[begin:end], scratch[: end - begin]
                predict(o, u[d], begin, etas)
                ok = draw(density, rng, y, t, etas, log_aux[d], taus[d], start, effects[d, begin:end])
                found[d] = found[d] and ok
        return found

    return draws
