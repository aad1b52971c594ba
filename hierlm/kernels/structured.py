"""The marginal density of a Gaussian response with structure in its residuals, effects and coefficients integrated out.

y = W u + e, e ~ N(0, Σ), Σ⁻¹ = Σ_k w_k(φ) Q_k (:mod:`hierlm.kernels.residuals`), u = M z, z ~ N(0, I).  With
S = Σ w_k WᵀQ_kW, r = Σ w_k WᵀQ_ky, B = I + MᵀSM = L Lᵀ and c = L⁻¹Mᵀr,

    log p(y) = −½ N log 2π − ½ log|Σ| − Σ log L_ii − ½ (Σ w_k yᵀQ_ky − cᵀc),   z | y = L⁻ᵀ(c + a), a ~ N(0, I).

The sums over rows are made once, so that the cost does not depend on their number.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from hierlm.kernels.compiling import REORDER
from hierlm.kernels.elimination import add_outer, factorise_back, solve_upper
from hierlm.kernels.marginal import LOG_2PI, less_log_diagonal, solved
from hierlm.kernels.packing import floats
from hierlm.kernels.parameters import back_parameters, constrained, parameters, pick, without_signs
from hierlm.kernels.problem import FIRST, structure_of
from hierlm.kernels.residuals import Residuals, back_residuals, precision, residual_parameters, residuals_of
from hierlm.kernels.scaling import back_scale, back_transposed, times, unscale

__all__ = ["draw_effects", "log_density"]

OWN = FIRST + len(Residuals._fields)
"""The first field after the residuals': WᵀQ_kW, WᵀQ_ky, yᵀQ_ky, and (N, the constant of the density)."""


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def _weighted(w, parts, total):
    """total ← Σ_k w_k parts[k]."""
    size = nb.uint64(total.shape[0])
    total[:] = 0.0
    for k in range(w.shape[0]):
        part, weight = parts[k], w[k]
        for i in range(size):
            total[i] += weight * part[i]


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def _dot(a, b):
    total = 0.0
    for i in range(nb.uint64(a.shape[0])):
        total += a[i] * b[i]
    return total


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _components(buffer, K):
    """(WᵀQ_kW, WᵀQ_ky, yᵀQ_ky)."""
    A, R = floats(buffer, OWN), floats(buffer, OWN + 1)
    return A.reshape((K, A.shape[0] // K)), R.reshape((K, R.shape[0] // K)), floats(buffer, OWN + 2)


@nb.njit(cache=True, nogil=True, error_model="numpy")
def log_density(zeta, buffer, gradient):
    """log p(y | θ) + log p(θ) + log Jacobians up to a constant, and its gradient in place; −∞ on any failure.

    An empty ``gradient``: the value alone.
    """
    gradient[:] = 0.0
    p, st, e = parameters(buffer), structure_of(buffer), residuals_of(buffer)
    K, gamma = e.kinds.shape[0], np.empty(e.gamma.shape[0])
    theta = pick(zeta, p)
    total, values, C, F, positives = constrained(theta, p)
    if not total > -np.inf:
        return -np.inf
    more, rho = residual_parameters(theta, e, gamma)
    w, by_rho, w_bar = np.empty(K), np.empty(K), np.empty(K)
    determinant = precision(e, positives[0], gamma, rho, w, by_rho)
    if not math.isfinite(total + more + determinant):
        return -np.inf
    A, R, q = _components(buffer, K)
    F_bar = np.zeros(F.shape if gradient.shape[0] else (0, 0, 0))
    value = _evidence(F, st, w, A, R, F_bar, w_bar)
    constants = floats(buffer, OWN + 3)
    logp = total + more + constants[1] - 0.5 * (constants[0] * LOG_2PI + determinant + _dot(w, q)) + value
    if not math.isfinite(logp):
        return -np.inf
    if not gradient.shape[0]:
        return logp
    for k in range(K):
        w_bar[k] -= 0.5 * q[k]
    slopes, out = np.zeros(positives.shape[0]), np.zeros(zeta.shape[0])
    slopes[0] = back_residuals(theta, e, gamma, rho, w, by_rho, w_bar, p.axes, out)
    back_parameters(theta, p, values, C, F_bar, np.zeros(values.shape[0]), slopes, positives, gradient)
    gradient += out
    return logp


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _evidence(M, st, w, A, R, M_bar, w_bar):
    """½cᵀc − Σ log L_ii; its derivatives by M, added, and by w, in place; −∞ where L does not exist.

    An empty ``M_bar``: the value alone.
    """
    S, r = np.empty(A.shape[1]), np.empty(R.shape[1])
    _weighted(w, A, S)
    _weighted(w, R, r)
    V, c = np.empty(S.shape[0]), np.empty(st.columns)
    ok, half = solved(M, st, S, r, V, c)
    if not ok:
        return -np.inf
    value = 0.5 * _dot(c, c) - half
    if not M_bar.shape[0]:
        return value
    v = c.copy()
    solve_upper(V, st, v)
    bar, S_bar, r_bar = np.zeros(S.shape[0]), np.zeros(S.shape[0]), np.empty(st.columns)
    add_outer(bar, st, v, c)
    less_log_diagonal(V, bar, st)
    factorise_back(V, bar, st)
    back_scale(M, st, S, bar, M_bar)
    back_transposed(st, r, v, M_bar)
    unscale(M, st, bar, S_bar)
    times(M, st, v, r_bar)
    for k in range(w.shape[0]):
        w_bar[k] = _dot(S_bar, A[k]) + _dot(r_bar, R[k])
    return value


@nb.njit(cache=True, nogil=True, error_model="numpy")
def draw_effects(zetas, buffer, noise):
    """Everything at each draw of ζ, effects from their exact conditional distribution.

    Parameters
    ----------
    zetas (D, K), noise (D, columns) standard normal; noise becomes the effects u

    Returns
    -------
    ok (D,), sds (D, n), C (D, G, K, K), positives (D, m), γ (D, g), ρ (D,)
    """
    p, st, e = parameters(buffer), structure_of(buffer), residuals_of(buffer)
    n, D, G, widest = e.kinds.shape[0], zetas.shape[0], p.sizes.shape[0], max(p.owner.shape[1], 1)
    A, R, _ = _components(buffer, n)
    ok = np.zeros(D, dtype=np.bool_)
    sds, Cs = np.empty((D, p.sds.shape[0])), np.empty((D, G, widest, widest))
    positive, gammas, rhos = np.empty((D, p.positives.shape[0])), np.empty((D, e.gamma.shape[0])), np.empty(D)
    w, by_rho = np.empty(n), np.empty(n)
    S, r, V, c = np.empty(A.shape[1]), np.empty(R.shape[1]), np.empty(A.shape[1]), np.empty(st.columns)
    for d in range(D):
        theta = pick(zetas[d], p)
        _, values, C, F, positives = constrained(theta, p)
        without_signs(p, values, C)
        rhos[d] = residual_parameters(theta, e, gammas[d])[1]
        sds[d], Cs[d], positive[d] = values, C, positives
        precision(e, positives[0], gammas[d], rhos[d], w, by_rho)
        _weighted(w, A, S)
        _weighted(w, R, r)
        ok[d] = solved(F, st, S, r, V, c)[0]
        c += noise[d]
        solve_upper(V, st, c)
        times(F, st, c, noise[d])
    return ok, sds, Cs, positive, gammas, rhos
