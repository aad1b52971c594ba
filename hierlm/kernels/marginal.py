"""The marginal density of a Gaussian response, group effects and coefficients integrated out.

y = W u + e, e ~ N(0, σ² Ω⁻¹), u = Λ w, w ~ N(0, K), K = I but for related levels.  With M = Λ/σ, S = WᵀΩW, r = WᵀΩy,
B = K⁻¹ + MᵀSM = L Lᵀ and c = L⁻¹Mᵀr/σ,

    log p(y) = ½ log|Ω| − ½ log|K| − ½ N log 2πσ² − Σ log L_ii − ½ (yᵀΩy/σ² − cᵀc),   w | y = L⁻ᵀ(c + z), z ~ N(0, I).

After one pass over the rows (S, r, yᵀΩy) its cost does not depend on their number.  The gradient is the reverse sweep
through the same steps.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from hierlm.kernels.elimination import add_outer, factorise, factorise_back, solve_lower, solve_upper
from hierlm.kernels.packing import floats
from hierlm.kernels.parameters import back_parameters, constrained, parameters, pick, without_signs
from hierlm.kernels.problem import FIRST, moments, structure_of
from hierlm.kernels.scaling import back_scale, back_transposed, scale, times, transposed

__all__ = ["evidence", "less_log_diagonal", "log_density", "solved"]

LOG_2PI = math.log(2.0 * math.pi)


@nb.njit(cache=True, nogil=True, error_model="numpy")
def solved(M, st, S, r, V, c):
    """V ← L and c ← L⁻¹Mᵀr; returns (whether L exists, Σ log L_ii)."""
    scale(M, st, S, V)
    ok, half = factorise(V, st)
    if ok:
        transposed(M, st, r, c)
        solve_lower(V, st, c)
    return ok, half


@nb.njit(cache=True, nogil=True, error_model="numpy")
def evidence(M, st, S, r, M_bar):
    """½cᵀc − Σ log L_ii and cᵀc, the derivative of the first added to ``M_bar``; −∞ where L does not exist.

    An empty ``M_bar``: the values alone.
    """
    V, c = np.empty(S.shape[0]), np.empty(st.columns)
    ok, half = solved(M, st, S, r, V, c)
    return _evidence(M, st, S, r, V, c, half, M_bar) if ok else (-np.inf, 0.0)


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _evidence(M, st, S, r, V, c, half, M_bar):
    """The same, given L, c and Σ log L_ii."""
    cc = 0.0
    for i in range(st.columns):
        cc += c[i] * c[i]
    if not M_bar.shape[0]:
        return 0.5 * cc - half, cc
    v = c.copy()
    solve_upper(V, st, v)
    bar = np.zeros(S.shape[0])
    add_outer(bar, st, v, c)
    less_log_diagonal(V, bar, st)
    factorise_back(V, bar, st)
    back_scale(M, st, S, bar, M_bar)
    back_transposed(st, r, v, M_bar)
    return 0.5 * cc - half, cc


@nb.njit(cache=True, nogil=True, error_model="numpy")
def log_density(zeta, buffer, gradient, noise, out):
    """log p(y | θ) + log p(θ) + log Jacobians up to a constant, and its gradient in place; −∞ on any failure.

    An empty ``gradient``: the value alone, at less than half the cost.  With ``out`` a draw is made instead, here and
    not in a function of its own, since what takes time at the first fit of a process is loading the factorisation.

    Parameters
    ----------
    noise (columns,) or (0,)
        Standard normal; it becomes the effects u, from their exact conditional distribution.
    out (1 + n + G K² + m,) or (0,)
        Overwritten, of a draw, by 1 where it worked and 0 elsewhere, sds, C (G, K, K), positives.
    """
    gradient[:] = 0.0
    out[:] = 0.0
    p, st = parameters(buffer), structure_of(buffer)
    theta = pick(zeta, p)
    total, values, C, F, positives = constrained(theta, p)
    if not total > -np.inf:
        return -np.inf
    S, r = moments(buffer)
    rows = floats(buffer, FIRST)  # N, ½ log|Ω| − ½ log|K|, yᵀΩy
    sigma = positives[0]
    F /= sigma
    r = r / sigma
    V, c = np.empty(S.shape[0]), np.empty(st.columns)
    ok, half = solved(F, st, S, r, V, c)
    if not ok:
        return -np.inf
    if out.shape[0]:
        c += noise
        solve_upper(V, st, c)
        F *= sigma
        times(F, st, c, noise)
        without_signs(p, values, C)
        n = values.shape[0]
        out[0] = 1.0
        out[1 : 1 + n] = values
        out[1 + n : 1 + n + C.size] = C.ravel()
        out[1 + n + C.size :] = positives
        return 0.0
    F_bar = np.zeros(F.shape if gradient.shape[0] else (0, 0, 0))
    value, cc = _evidence(F, st, S, r, V, c, half, F_bar)
    yy = rows[2] / (sigma * sigma)
    logp = total + rows[1] - rows[0] * (0.5 * LOG_2PI + math.log(sigma)) - 0.5 * yy + value
    if not math.isfinite(logp):
        return -np.inf
    if not gradient.shape[0]:
        return logp
    by_sd, slopes = np.zeros(values.shape[0]), np.full(1, yy - rows[0] - cc - np.sum(F_bar * F))
    F_bar /= sigma
    back_parameters(theta, p, values, C, F_bar, by_sd, slopes, positives, gradient)
    return logp


@nb.njit(cache=True, nogil=True, error_model="numpy")
def less_log_diagonal(V, bar, st):
    """Bar −= the derivative of Σ log L_ii by L."""
    for n in range(st.nodes):
        k, o = st.size[n], st.start[n]
        for i in range(k):
            bar[o + i * k + i] -= 1.0 / V[o + i * k + i]
    q, o = st.root, st.start[st.nodes]
    for i in range(q):
        bar[o + i * q + i] -= 1.0 / V[o + i * q + i]
