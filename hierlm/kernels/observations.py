"""The likelihood of all rows given the effects u, with its derivatives, in blocks of rows."""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from hierlm.kernels.calling import call_rows
from hierlm.kernels.compiling import REORDER
from hierlm.kernels.packing import floats, ints, on_both_sides
from hierlm.kernels.problem import FIRST
from hierlm.kernels.scratch import BLOCK

__all__ = [
    "FIELDS",
    "LOG_WEIGHTS",
    "NODES",
    "Observations",
    "likelihood",
    "observation_fields",
    "observations",
    "predict",
    "working",
]

Floats = NDArray[np.float64]
FIELDS = FIRST + 11
"""The first field after those of the observations."""

NODES, LOG_WEIGHTS = FIRST + 9, FIRST + 10
"""The fields of the quadrature."""


class Observations(NamedTuple):
    """Rows: η_i = offset_i + Σ_c Z[c, i] u[columns[c, i]] + Σ_j X[j, i] u[first of the last p columns + j].

    Parameters
    ----------
    address, aux : int
        Of the C function of rows, and how many further positive parameters the response has.
    deviation : int
        The sd of an effect of every row that is integrated out, −1 without one.
    columns (C, n), Z (C, n), X (p, n)
    offset, y, trials, weights, start : (n,) arrays
        ``start`` is the effect at which the search for the mode of the integrated one begins.
    nodes, log_weights : (q,) arrays
    """

    address: int
    aux: int
    deviation: int
    columns: NDArray[np.int64]
    Z: Floats
    X: Floats
    offset: Floats
    y: Floats
    trials: Floats
    weights: Floats
    start: Floats
    nodes: Floats
    log_weights: Floats


def observation_fields(o: Observations) -> list[NDArray[np.float64] | NDArray[np.int64]]:
    """The fields of a packed array that :func:`observations` reads."""
    return [np.array(o[:3], dtype=np.int64), *o[3:]]


@on_both_sides
def observations(buffer, columns):
    """The observations as they were packed, of a problem with so many columns."""
    head, offset = ints(buffer, FIRST), floats(buffer, FIRST + 4)
    n = max(offset.shape[0], 1)
    at, Z, X = ints(buffer, FIRST + 1), floats(buffer, FIRST + 2), floats(buffer, FIRST + 3)
    return Observations(
        head[0],
        head[1],
        head[2],
        at.reshape((at.shape[0] // n, n)),
        Z.reshape((Z.shape[0] // n, n)),
        X.reshape((X.shape[0] // n, n)),
        offset,
        floats(buffer, FIRST + 5),
        floats(buffer, FIRST + 6),
        floats(buffer, FIRST + 7),
        floats(buffer, FIRST + 8),
        floats(buffer, FIRST + 9),
        floats(buffer, FIRST + 10),
    )


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def predict(o, u, begin, etas):
    """``etas`` ← η of as many rows from ``begin`` on."""
    n, p = etas.shape[0], o.X.shape[0]
    end, first = begin + n, u.shape[0] - p
    offset = o.offset[begin:end]
    for i in range(n):
        etas[i] = offset[i]
    for j in range(0, p - p % 4, 4):
        x, y, z, w = o.X[j, begin:end], o.X[j + 1, begin:end], o.X[j + 2, begin:end], o.X[j + 3, begin:end]
        a, b, c, d = u[first + j], u[first + j + 1], u[first + j + 2], u[first + j + 3]
        for i in range(n):
            etas[i] += (a * x[i] + b * y[i]) + (c * z[i] + d * w[i])
    for j in range(p - p % 4, p):
        x, a = o.X[j, begin:end], u[first + j]
        for i in range(n):
            etas[i] += a * x[i]
    for c in range(o.Z.shape[0]):
        z, columns = o.Z[c, begin:end], o.columns[c, begin:end]
        for i in range(n):
            etas[i] += z[i] * u[nb.uint64(columns[i])]


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def _back(o, slopes, begin, u_bar):
    """Adds W'slopes of as many rows from ``begin`` on to ``u_bar``."""
    n, p = slopes.shape[0], o.X.shape[0]
    end, first = begin + n, u_bar.shape[0] - p
    for j in range(0, p - p % 4, 4):
        x, y, z, w = o.X[j, begin:end], o.X[j + 1, begin:end], o.X[j + 2, begin:end], o.X[j + 3, begin:end]
        a, b, c, d = 0.0, 0.0, 0.0, 0.0
        for i in range(n):
            a += slopes[i] * x[i]
            b += slopes[i] * y[i]
            c += slopes[i] * z[i]
            d += slopes[i] * w[i]
        u_bar[first + j] += a
        u_bar[first + j + 1] += b
        u_bar[first + j + 2] += c
        u_bar[first + j + 3] += d
    for j in range(p - p % 4, p):
        x, a = o.X[j, begin:end], 0.0
        for i in range(n):
            a += slopes[i] * x[i]
        u_bar[first + j] += a
    for c in range(o.Z.shape[0]):
        z, columns = o.Z[c, begin:end], o.columns[c, begin:end]
        for i in range(n):
            u_bar[nb.uint64(columns[i])] += slopes[i] * z[i]


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _rows(o, begin, end, etas, log_aux, tau, slopes, weights, bars, modes):
    """Σ w log p of the rows from ``begin`` to ``end``, at most :data:`BLOCK`."""
    return call_rows(
        o.address,
        end - begin,
        o.y[begin:end],
        o.trials[begin:end],
        o.weights[begin:end],
        etas,
        log_aux,
        slopes,
        weights,
        bars,
        tau,
        o.start[begin:end],
        o.nodes,
        o.log_weights,
        modes,
    )


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def likelihood(o, u, log_aux, tau, u_bar, aux_bar):
    """Σ w log p(y | η), its derivative added to ``u_bar`` and to ``aux_bar``; returns (it, its derivative by τ).

    Parameters
    ----------
    log_aux : logarithms of the response's further parameters; ``tau``: sd of the integrated effect, or 0
    """
    n, total, bars, scratch = o.y.shape[0], 0.0, np.zeros(3), np.empty((4, BLOCK))
    for begin in range(0, n, BLOCK):
        end = min(begin + BLOCK, n)
        etas, slopes = scratch[0, : end - begin], scratch[1, : end - begin]
        predict(o, u, begin, etas)
        total += _rows(o, begin, end, etas, log_aux, tau, slopes, scratch[2], bars, scratch[3])
        if not abs(total) < np.inf:
            return -np.inf, 0.0
        slopes *= o.weights[begin:end]
        _back(o, slopes, begin, u_bar)
    for j in range(o.aux):
        aux_bar[j] += bars[j]
    return total, bars[2]


@nb.njit(cache=True, nogil=True, error_model="numpy")
def working(o, etas, log_aux, tau, weights, scores, start):
    """Working weights Ω and scores η + Ω⁻¹ ∂ℓ/∂η less the offset, by row; integrated effects at their modes; Σ w ℓ."""
    n, total, bars, modes = o.y.shape[0], 0.0, np.zeros(3), np.empty(BLOCK)
    for begin in range(0, n, BLOCK):
        end = min(begin + BLOCK, n)
        slopes, curvatures = scores[begin:end], weights[begin:end]
        total += _rows(o, begin, end, etas[begin:end], log_aux, tau, slopes, curvatures, bars, modes)
        for i in range(end - begin):
            weight = max(curvatures[i], 1e-10)
            slopes[i] = etas[begin + i] - o.offset[begin + i] + slopes[i] / weight
            curvatures[i] = o.weights[begin + i] * weight
            if o.deviation >= 0:
                start[begin + i] = tau * modes[i]
    return total
