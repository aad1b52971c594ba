"""The likelihood of all rows given the effects u, with its derivatives; one row's density is called by address."""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from hierlm.kernels.calling import call_response
from hierlm.kernels.compiling import REORDER
from hierlm.kernels.integrated import Quadrature, integrate
from hierlm.kernels.packing import floats, ints
from hierlm.kernels.problem import FIRST

__all__ = [
    "FIELDS",
    "LOG_WEIGHTS",
    "NODES",
    "Observations",
    "likelihood",
    "observation_fields",
    "observations",
    "predictor",
    "working",
]

Floats = NDArray[np.float64]
FIELDS = FIRST + 11
"""The first field after those of the observations."""

NODES, LOG_WEIGHTS = FIRST + 9, FIRST + 10
"""The fields of the quadrature."""


class Observations(NamedTuple):
    """Rows: η = offset + Σ_c Z[:, c] u[columns[:, c]] + X u[last p columns].

    Parameters
    ----------
    address, aux : int
        Of the response's density, and how many further positive parameters it has.
    deviation : int
        The sd of an effect of every row that is integrated out, −1 without one.
    columns (n, C), Z (n, C), X (n, p)
    offset, y, trials, weights, start : (n,) arrays
        ``start`` is where the search for the mode of the integrated effect begins.
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


@nb.njit(cache=True, nogil=True)
def observations(buffer, columns):
    """The observations as they were packed, of a problem with so many columns."""
    head, offset = ints(buffer, FIRST), floats(buffer, FIRST + 4)
    n = max(offset.shape[0], 1)
    at, Z, X = ints(buffer, FIRST + 1), floats(buffer, FIRST + 2), floats(buffer, FIRST + 3)
    return Observations(
        head[0],
        head[1],
        head[2],
        at.reshape((n, at.shape[0] // n)),
        Z.reshape((n, Z.shape[0] // n)),
        X.reshape((n, X.shape[0] // n)),
        offset,
        floats(buffer, FIRST + 5),
        floats(buffer, FIRST + 6),
        floats(buffer, FIRST + 7),
        floats(buffer, FIRST + 8),
        floats(buffer, FIRST + 9),
        floats(buffer, FIRST + 10),
    )


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def predictor(o, u, i):
    """η of row i."""
    eta, p = o.offset[i], o.X.shape[1]
    first = u.shape[0] - p
    for c in range(o.Z.shape[1]):
        eta += o.Z[i, c] * u[o.columns[i, c]]
    for j in range(p):
        eta += o.X[i, j] * u[first + j]
    return eta


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def likelihood(o, u, log_aux, tau, u_bar, aux_bar):
    """Σ w log p(y | η), its derivative added to ``u_bar`` and to ``aux_bar``; returns (it, its derivative by τ).

    Parameters
    ----------
    log_aux : logarithms of the response's further parameters; ``tau``: sd of the integrated effect, or 0
    """
    columns, Z, X, y, trials, weights = o.columns, o.Z, o.X, o.y, o.trials, o.weights
    n, C, p = Z.shape[0], Z.shape[1], X.shape[1]
    first, total, tau_bar = u.shape[0] - p, 0.0, 0.0
    out, q = np.zeros(5), Quadrature(o.nodes, o.log_weights)
    for i in range(n):
        eta, w = o.offset[i], weights[i]
        for c in range(C):
            eta += Z[i, c] * u[columns[i, c]]
        for j in range(p):
            eta += X[i, j] * u[first + j]
        if o.deviation < 0:
            value = call_response(o.address, y[i], trials[i], eta, log_aux, out)
        else:
            value, _ = integrate(o.address, y[i], trials[i], eta, log_aux, tau, o.start[i], q, out)
            tau_bar += w * out[4]
        if not value > -np.inf:
            return -np.inf, 0.0
        total += w * value
        slope = w * out[0]
        for c in range(C):
            u_bar[columns[i, c]] += slope * Z[i, c]
        for j in range(p):
            u_bar[first + j] += slope * X[i, j]
        for j in range(o.aux):
            aux_bar[j] += w * out[2 + j]
    return total, tau_bar


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def working(o, etas, log_aux, tau, weights, scores, start):
    """Working weights Ω and scores η + Ω⁻¹ ∂ℓ/∂η less the offset, by row; modes of integrated effects; Σ ℓ."""
    total = 0.0
    out, q = np.zeros(5), Quadrature(o.nodes, o.log_weights)
    for i in range(o.Z.shape[0]):
        eta = etas[i]
        if o.deviation < 0:
            value = call_response(o.address, o.y[i], o.trials[i], eta, log_aux, out)
        else:
            value, start[i] = integrate(o.address, o.y[i], o.trials[i], eta, log_aux, tau, start[i], q, out)
        total += o.weights[i] * value
        weight = max(out[1], 1e-10)
        weights[i] = o.weights[i] * weight
        scores[i] = eta - o.offset[i] + out[0] / weight
    return total
