"""The joint density of θ and effects in coordinates whitened once, at the mode: for designs whose factor is dear.

With L and Λ̂ of :mod:`hierlm.kernels.marginal` or :mod:`hierlm.kernels.whitened` at the mode θ̂ and the effects' mode û,

    u = û + Λ̂ L⁻ᵀ z + Σ_k ζ_k d_k,   d_k = ∂û/∂ζ_k,

a linear map with a constant Jacobian; the density is Σ log p(y | W u) + log N(u | 0, ΛΛᵀ) + log p(θ).  Nothing is
factorised while sampling.  It suits effects that their data inform well; others want the factor to follow θ.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from hierlm.kernels.compiling import REORDER
from hierlm.kernels.elimination import solve_lower, solve_upper
from hierlm.kernels.observations import FIELDS, likelihood, observations
from hierlm.kernels.packing import floats, ints
from hierlm.kernels.parameters import back_parameters, constrained, parameters, pick, without_signs
from hierlm.kernels.problem import structure_of
from hierlm.kernels.scaling import times, transposed
from hierlm.kernels.whitened import coefficient_priors

__all__ = ["draw_effects", "log_density"]

MODE, FACTOR, PRIOR, SHIFTS = FIELDS + 1, FIELDS + 2, FIELDS + 3, FIELDS + 4
"""The fields of û, L, Λ̂ and d."""

POINTERS, INDICES, VALUES, SCORES, TOTALS = FIELDS + 5, FIELDS + 6, FIELDS + 7, FIELDS + 8, FIELDS + 9
"""Of a normal response WᵀΩW in compressed rows, WᵀΩy, (N, yᵀΩy): they stand for the rows."""


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def _effects(zeta, buffer, st, K, u):
    """u of (ζ, z)."""
    w = zeta[K:].copy()
    solve_upper(floats(buffer, FACTOR), st, w)
    prior = floats(buffer, PRIOR)
    width = ints(buffer, 3).shape[0] // max(ints(buffer, 2).shape[0], 1)
    width = max(width, 1)
    times(prior.reshape((-1, width, width)), st, w, u)
    mode, shifts = floats(buffer, MODE), floats(buffer, SHIFTS)
    for i in range(st.columns):
        u[i] += mode[i]
    for k in range(K):
        for i in range(st.columns):
            u[i] += zeta[k] * shifts[k * st.columns + i]


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def _normal_likelihood(buffer, u, sigma, u_bar):
    """−N log σ − (yᵀΩy − 2rᵀu + uᵀSu)/2σ², the derivative by u added to ``u_bar``; also that by log σ."""
    pointers, indices, values = ints(buffer, POINTERS), ints(buffer, INDICES), floats(buffer, VALUES)
    r, totals = floats(buffer, SCORES), floats(buffer, TOTALS)
    s2, squares = sigma * sigma, totals[1]
    for i in range(u.shape[0]):
        value = 0.0
        for t in range(pointers[i], pointers[i + 1]):
            value += values[t] * u[indices[t]]
        squares += u[i] * (value - 2.0 * r[i])
        u_bar[i] += (r[i] - value) / s2
    return -totals[0] * math.log(sigma) - 0.5 * squares / s2, squares / s2 - totals[0]


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def _normal_effects(F, st, u, u_bar, F_bar):
    """log N(u | 0, ΛΛᵀ), its derivatives added."""
    total = 0.0
    w, v = np.empty(F.shape[1]), np.empty(F.shape[1])
    for b in range(st.blocks):
        k, c, f = st.size[b], st.column[b], st.factor[b]
        for i in range(k):
            value = u[c + i]
            for m in range(i):
                value -= F[f, i, m] * w[m]
            w[i] = value / F[f, i, i]
            total -= 0.5 * w[i] * w[i] + math.log(abs(F[f, i, i]))
        for i in range(k - 1, -1, -1):
            value = w[i]
            for m in range(i + 1, k):
                value -= F[f, m, i] * v[m]
            v[i] = value / F[f, i, i]
            u_bar[c + i] -= v[i]
        for i in range(k):
            for m in range(i + 1):
                F_bar[f, i, m] += v[i] * w[m]
            F_bar[f, i, i] -= 1.0 / F[f, i, i]
    return total


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def log_density(zeta, buffer, gradient):
    """The log density of (ζ, z) up to a constant, and its gradient if its array is not empty; −∞ on any failure."""
    gradient[:] = 0.0
    p, st = parameters(buffer), structure_of(buffer)
    K = p.centre.shape[0]
    theta = pick(zeta[:K], p)
    total, values, C, F, positives = constrained(theta, p)
    if not total > -np.inf:
        return -np.inf
    u, u_bar = np.empty(st.columns), np.zeros(st.columns)
    F_bar, by_sd, aux_bar = np.zeros(F.shape), np.zeros(values.shape[0]), np.zeros(2)
    _effects(zeta, buffer, st, K, u)
    if floats(buffer, TOTALS).shape[0] > 0:
        rows, aux_bar[0] = _normal_likelihood(buffer, u, positives[0], u_bar)
    else:
        o, log_aux = observations(buffer, st.columns), np.zeros(2)
        for i in range(o.aux):
            log_aux[i] = math.log(positives[i])
        rows, _ = likelihood(o, u, log_aux, 0.0, u_bar, aux_bar)
    rows += coefficient_priors(floats(buffer, FIELDS).reshape((-1, 5)), u, u_bar)
    logp = total + rows + _normal_effects(F, st, u, u_bar, F_bar)
    if not math.isfinite(logp):
        return -np.inf
    if not gradient.shape[0]:
        return logp
    back_parameters(theta, p, values, C, F_bar, by_sd, aux_bar, positives, gradient[:K])
    shifts = floats(buffer, SHIFTS)
    for k in range(K):
        for i in range(st.columns):
            gradient[k] += shifts[k * st.columns + i] * u_bar[i]
    prior = floats(buffer, PRIOR)
    transposed(prior.reshape(F.shape), st, u_bar, gradient[K:])
    solve_lower(floats(buffer, FACTOR), st, gradient[K:])
    return logp


@nb.njit(cache=True, nogil=True, error_model="numpy")
def draw_effects(zetas, buffer, u):
    """Everything at each draw of (ζ, z): u (D, columns) is overwritten; returns ok, sds, C, positives."""
    p, st = parameters(buffer), structure_of(buffer)
    D, G, K, k = zetas.shape[0], p.sizes.shape[0], p.centre.shape[0], max(p.owner.shape[1], 1)
    ok = np.ones(D, dtype=np.bool_)
    sds, Cs, positive = np.empty((D, p.sds.shape[0])), np.empty((D, G, k, k)), np.empty((D, p.positives.shape[0]))
    for d in range(D):
        _, values, C, _, positives = constrained(pick(zetas[d, :K], p), p)
        without_signs(p, values, C)
        sds[d], Cs[d], positive[d] = values, C, positives
        _effects(zetas[d], buffer, st, K, u[d])
    return ok, sds, Cs, positive
