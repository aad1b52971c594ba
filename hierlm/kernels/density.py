"""The unnormalised log-posterior of θ = (standard deviations, correlations, σ), structure as data.

Everything is in one float array, so that one compiled function serves every model; its layout is written by
:func:`pack` and read by :func:`log_density`, and by nobody else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numba as nb
import numpy as np
from numpy.typing import NDArray

from hierlm.kernels.correlations import correlation, correlation_gradient
from hierlm.kernels.gaussian import draw_effects, marginal
from hierlm.kernels.priors import log_prior
from hierlm.kernels.triangular import solve_upper

__all__ = ["GaussianData", "callbacks", "constrained", "draws_of_effects", "log_density", "pack", "unpack"]

HEADER = 16
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GaussianData:
    """Sufficient statistics and structure of one Gaussian model.

    Parameters
    ----------
    dimension : int
        Length of θ.
    N, half_log_w, yy : float
        Rows, ½ log|Ω|, yᵀΩy.
    S_EE (J, k, k), r_E (J, k)
        Of the eliminated grouping, by level.
    ptr (J + 1,), idx (nnz,), val (nnz, k)
        Its couplings with the columns of the rest, by level.
    S_RR (q, q), r_R (q,)
        Of the rest: other groupings (level-major), then coefficients.
    layout (G − 1, 3)
        (first column, levels, effects) of the other groupings.
    scales (p,)
        Prior sds of the coefficients.
    sizes (G,), owner (G, K)
        Effects of every grouping, and the sd of each (−1: one).
    sds (n, 6)
        (place in θ or −1, value where fixed, softplus scale, prior code, its two arguments).
    cors (m, 6)
        (grouping, first effect, effects, kind, η, place in θ).
    sigma (6,)
        As a row of ``sds``; its place is on the log scale.
    """

    dimension: int
    N: float
    half_log_w: float
    yy: float
    S_EE: Floats
    r_E: Floats
    ptr: Floats
    idx: Floats
    val: Floats
    S_RR: Floats
    r_R: Floats
    layout: Floats
    scales: Floats
    sizes: Floats
    owner: Floats
    sds: Floats
    cors: Floats
    sigma: Floats


ARRAYS = (
    "S_EE",
    "r_E",
    "ptr",
    "idx",
    "val",
    "S_RR",
    "r_R",
    "layout",
    "scales",
    "sizes",
    "owner",
    "sds",
    "cors",
    "sigma",
)


def pack(data: GaussianData) -> Floats:
    """One array: the header, then every array of the data in order."""
    J, k = data.S_EE.shape[:2]
    header = np.zeros(HEADER)
    parts = [np.ravel(getattr(data, name)) for name in ARRAYS]
    header[:13] = (
        HEADER + sum(p.size for p in parts), data.dimension, data.N, data.half_log_w, data.yy, J, k, len(data.idx),
        len(data.r_R), len(data.scales), len(data.sizes), len(data.sds), len(data.cors),
    )  # fmt: skip
    header[13] = data.owner.shape[1] if data.owner.ndim == 2 else 1
    return np.ascontiguousarray(np.concatenate([header, *parts]), dtype=np.float64)


@nb.njit(cache=True, nogil=True)
def unpack(data):
    """The arrays of :class:`GaussianData` as views."""
    J, k, nnz, q, p = int(data[5]), int(data[6]), int(data[7]), int(data[8]), int(data[9])
    G, n_sd, n_cor, K = int(data[10]), int(data[11]), int(data[12]), int(data[13])
    o = HEADER
    S_EE = data[o : o + J * k * k].reshape((J, k, k))
    o += J * k * k
    r_E = data[o : o + J * k].reshape((J, k))
    o += J * k
    ptr = data[o : o + J + 1]
    o += J + 1
    idx = data[o : o + nnz]
    o += nnz
    val = data[o : o + nnz * k].reshape((nnz, k))
    o += nnz * k
    S_RR = data[o : o + q * q].reshape((q, q))
    o += q * q
    r_R = data[o : o + q]
    o += q
    rest = max(G - 1, 0)
    layout = data[o : o + 3 * rest].reshape((rest, 3))
    o += 3 * rest
    scales = data[o : o + p]
    o += p
    sizes = data[o : o + G]
    o += G
    owner = data[o : o + G * K].reshape((G, K))
    o += G * K
    sds = data[o : o + 6 * n_sd].reshape((n_sd, 6))
    o += 6 * n_sd
    cors = data[o : o + 6 * n_cor].reshape((n_cor, 6))
    o += 6 * n_cor
    return S_EE, r_E, ptr, idx, val, S_RR, r_R, layout, scales, sizes, owner, sds, cors, data[o : o + 6]


@nb.njit(cache=True, nogil=True)
def constrained(theta, sizes, owner, sds, cors, sigma_row):
    """(sd values, C (G, K, K), factors L (G, K, K), σ, log prior + log Jacobians)."""
    G, K = sizes.shape[0], owner.shape[1]
    total = 0.0
    values = np.empty(sds.shape[0])
    for s in range(sds.shape[0]):
        place = int(sds[s, 0])
        if place < 0:
            values[s] = sds[s, 1]
            continue
        v, unit = theta[place], sds[s, 2]
        soft = v + math.log1p(math.exp(-v)) if v > 0 else math.log1p(math.exp(v))
        values[s] = unit * soft
        if not values[s] > 0.0:
            return values, np.zeros((G, K, K)), np.zeros((G, K, K)), 1.0, -np.inf
        total += log_prior(int(sds[s, 3]), sds[s, 4], sds[s, 5], values[s])[0] + v - soft
    C = np.zeros((G, K, K))
    for g in range(G):
        for i in range(K):
            C[g, i, i] = 1.0
    for c in range(cors.shape[0]):
        g, first, k, place = int(cors[c, 0]), int(cors[c, 1]), int(cors[c, 2]), int(cors[c, 5])
        part = np.zeros((k, k))
        total += correlation(int(cors[c, 3]), k, cors[c, 4], theta[place:], part)
        for i in range(k):
            for j in range(i + 1):
                C[g, first + i, first + j] = part[i, j]
    L = np.zeros((G, K, K))
    for g in range(G):
        for i in range(int(sizes[g])):
            sd = 1.0 if owner[g, i] < 0 else values[int(owner[g, i])]
            for j in range(i + 1):
                L[g, i, j] = sd * C[g, i, j]
    place = int(sigma_row[0])
    sigma = sigma_row[1]
    if place >= 0:
        sigma = math.exp(theta[place])
        if not (sigma > 0.0 and math.isfinite(sigma)):
            return values, C, L, 1.0, -np.inf
        total += log_prior(int(sigma_row[3]), sigma_row[4], sigma_row[5], sigma)[0] + theta[place]
    return values, C, L, sigma, total


@nb.njit(cache=True, nogil=True)
def log_density(theta, data, gradient):
    """log p(y | θ) + log p(θ) + log Jacobians up to a constant, and its gradient in place; −∞ on any failure."""
    S_EE, r_E, ptr, idx, val, S_RR, r_R, layout, scales, sizes, owner, sds, cors, sigma_row = unpack(data)
    gradient[:] = 0.0
    values, C, L, sigma, total = constrained(theta, sizes, owner, sds, cors, sigma_row)
    if not math.isfinite(total):
        return -np.inf
    G, K = sizes.shape[0], owner.shape[1]
    A = np.zeros((max(G, 1), K, K))
    Ls = L if G > 0 else np.ones((1, K, K))
    logp, by_log_sigma = marginal(
        Ls, sigma, data[2], data[3], data[4], S_EE, r_E, ptr, idx, val, S_RR, r_R, layout, layout.shape[0], scales, A
    )
    if not math.isfinite(logp):
        return -np.inf
    by_log_sd = np.zeros(sds.shape[0])
    column = np.empty(K)
    for g in range(G):
        k = int(sizes[g])
        for j in range(k):  # D = C⁻ᵀA, in place of A
            for i in range(k):
                column[i] = A[g, i, j]
            solve_upper(C[g, :k, :k], column[:k])
            for i in range(k):
                A[g, i, j] = column[i]
        for i in range(k):
            if owner[g, i] >= 0:
                for j in range(i + 1):
                    by_log_sd[int(owner[g, i])] += C[g, i, j] * A[g, i, j]
    for s in range(sds.shape[0]):
        place = int(sds[s, 0])
        if place >= 0:
            slope = log_prior(int(sds[s, 3]), sds[s, 4], sds[s, 5], values[s])[1] + by_log_sd[s] / values[s]
            up = 1.0 / (1.0 + math.exp(-theta[place]))
            gradient[place] = slope * sds[s, 2] * up + 1.0 - up
    for c in range(cors.shape[0]):
        g, first, k, place = int(cors[c, 0]), int(cors[c, 1]), int(cors[c, 2]), int(cors[c, 5])
        part = np.ascontiguousarray(C[g, first : first + k, first : first + k])
        slope_part = np.ascontiguousarray(A[g, first : first + k, first : first + k])
        correlation_gradient(int(cors[c, 3]), k, cors[c, 4], theta[place:], part, slope_part, gradient[place:])
    place = int(sigma_row[0])
    if place >= 0:
        slope = log_prior(int(sigma_row[3]), sigma_row[4], sigma_row[5], sigma)[1]
        gradient[place] = by_log_sigma + sigma * slope + 1.0
    return logp + total


@nb.njit(cache=True, nogil=True)
def draws_of_effects(thetas, data, noise):
    """Everything at each draw of θ.

    Returns
    -------
    ok (S,), sd values (S, n), C (S, G, K, K), σ (S,), effects of the eliminated grouping (S, J, k), of the rest (S, q)
    """
    S_EE, r_E, ptr, idx, val, S_RR, r_R, layout, scales, sizes, owner, sds, cors, sigma_row = unpack(data)
    S, J, k, q = thetas.shape[0], S_EE.shape[0], S_EE.shape[1], S_RR.shape[0]
    G, K = sizes.shape[0], owner.shape[1]
    ok = np.zeros(S, dtype=np.bool_)
    all_values, all_C, sigmas = np.empty((S, sds.shape[0])), np.zeros((S, G, K, K)), np.empty(S)
    u_E, u_R = np.zeros((S, J, k)), np.zeros((S, q))
    for s in range(S):
        values, C, L, sigma, _ = constrained(thetas[s], sizes, owner, sds, cors, sigma_row)
        Ls = L if G > 0 else np.ones((1, K, K))
        all_values[s], all_C[s], sigmas[s] = values, C, sigma
        ok[s] = draw_effects(
            Ls, sigma, S_EE, r_E, ptr, idx, val, S_RR, r_R, layout, layout.shape[0], scales, noise[s], u_E[s], u_R[s]
        )
    return ok, all_values, all_C, sigmas, u_E, u_R


def _callback(dimension, theta, gradient, value, data):
    n = int(nb.carray(data, 1)[0])
    logp = log_density(nb.carray(theta, dimension), nb.carray(data, n), nb.carray(gradient, dimension))
    nb.carray(value, 1)[0] = logp
    return 0 if math.isfinite(logp) else 4


def _copy(dimension, expanded, theta, out, data):
    for i in range(dimension):
        nb.carray(out, expanded)[i] = nb.carray(theta, dimension)[i]
    return 0


@lru_cache
def callbacks() -> tuple[Any, Any]:
    """C functions for a host: the density, and what is stored of θ (θ itself).

    The first is :func:`log_density` as (dimension, *theta, *gradient, *value, *data) → status: 0, or 4 where the
    density is not finite and another step should be tried.  The second is (dimension, expanded, *theta, *out, *data) →
    status 0.

    Compiled at the first use on a machine, then read from numba's cache.
    """
    real = nb.types.CPointer(nb.types.double)
    whole = nb.types.uint64
    density = nb.cfunc(nb.types.int64(whole, real, real, real, real), cache=True)(_callback)
    store = nb.cfunc(nb.types.int64(whole, whole, real, real, real), cache=True)(_copy)
    return density, store
