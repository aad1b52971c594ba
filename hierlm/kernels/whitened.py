"""The joint density of θ and whitened effects z: exact for any response, about standard normal for all θ.

With working weights Ω̂ and scores ẑ of the rows, held fixed, B(θ) = K⁻¹ + ΛᵀSΛ = L Lᵀ (K = I but for related
levels), S = WᵀΩ̂W, c = L⁻¹ΛᵀWᵀΩ̂ẑ:

    u = Λ x,   x = L⁻ᵀ(c + z),   log p(θ, z | y) = Σ log p(y | W u) − ½ xᵀK⁻¹x − Σ log L_ii + log p(θ) + constant.

Were the likelihood normal with those weights, z would be N(0, I) given every θ.  It is a change of variables: whatever
the weights, the posterior of (θ, u) is exact.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from hierlm.kernels.elimination import add_outer, factorise, factorise_back, solve_lower, solve_upper
from hierlm.kernels.marginal import less_log_diagonal
from hierlm.kernels.observations import FIELDS, likelihood, observations
from hierlm.kernels.packing import floats
from hierlm.kernels.parameters import back_parameters, constrained, parameters, pick, without_signs
from hierlm.kernels.priors import log_real_prior
from hierlm.kernels.problem import moments, structure_of
from hierlm.kernels.scaling import back_scale, back_transposed, prior_norm, scale, times, transposed

__all__ = ["draw_effects", "log_density"]


@nb.njit(cache=True, nogil=True, error_model="numpy")
def coefficient_priors(rows, u, u_bar):
    """Σ log p(b_j) − log N(b_j), where a coefficient's prior is not normal; the derivative is added to ``u_bar``."""
    total, first = 0.0, u.shape[0] - rows.shape[0]
    for j in range(rows.shape[0]):
        code = int(rows[j, 0])
        if code < 0:
            continue
        x, scale = u[first + j], rows[j, 4]
        value, slope = log_real_prior(code, rows[j, 1], rows[j, 2], x)
        total += value + 0.5 * (x / scale) ** 2
        u_bar[first + j] += slope + x / (scale * scale)
    return total


@nb.njit(cache=True, nogil=True, error_model="numpy")
def log_density(zeta, buffer, gradient):
    """The log density of (ζ, z) up to a constant, and its gradient if its array is not empty; −∞ on any failure."""
    gradient[:] = 0.0
    p, st = parameters(buffer), structure_of(buffer)
    K = p.centre.shape[0]
    theta = pick(zeta[:K], p)
    total, values, C, F, positives = constrained(theta, p)
    if not total > -np.inf:
        return -np.inf
    S, r = moments(buffer)
    o = observations(buffer, st.columns)
    z = zeta[K:]
    V, c, x, u = np.empty(S.shape[0]), np.empty(st.columns), np.empty(st.columns), np.empty(st.columns)
    scale(F, st, S, V)
    ok, half = factorise(V, st)
    if not ok:
        return -np.inf
    transposed(F, st, r, c)
    solve_lower(V, st, c)
    for i in range(st.columns):
        x[i] = c[i] + z[i]
    solve_upper(V, st, x)
    Kx = np.empty(st.columns)
    norm = prior_norm(st, x, Kx)
    times(F, st, x, u)
    u_bar, aux_bar, log_aux = np.zeros(st.columns), np.zeros(2), np.zeros(2)
    for i in range(o.aux):
        log_aux[i] = math.log(positives[i])
    tau = abs(values[o.deviation]) if o.deviation >= 0 else 0.0
    rows, tau_bar = likelihood(o, u, log_aux, tau, u_bar, aux_bar)
    priors = coefficient_priors(floats(buffer, FIELDS).reshape((-1, 5)), u, u_bar)
    logp = total + rows + priors - 0.5 * norm - half
    if not math.isfinite(logp):
        return -np.inf
    if not gradient.shape[0]:
        return logp
    x_bar = np.empty(st.columns)
    transposed(F, st, u_bar, x_bar)
    for i in range(st.columns):
        x_bar[i] -= Kx[i]
    bar, F_bar, by_sd = np.zeros(S.shape[0]), np.zeros(F.shape), np.zeros(values.shape[0])
    back_transposed(st, u_bar, x, F_bar)
    solve_lower(V, st, x_bar)
    add_outer(bar, st, x, x_bar)
    for i in range(st.columns):
        gradient[K + i] = x_bar[i]
    solve_upper(V, st, x_bar)
    add_outer(bar, st, x_bar, c)
    less_log_diagonal(V, bar, st)
    factorise_back(V, bar, st)
    back_scale(F, st, S, bar, F_bar)
    back_transposed(st, r, x_bar, F_bar)
    if o.deviation >= 0:
        by_sd[o.deviation] = math.copysign(1.0, values[o.deviation]) * tau_bar
    back_parameters(theta, p, values, C, F_bar, by_sd, aux_bar, positives, gradient[:K])
    return logp


@nb.njit(cache=True, nogil=True, error_model="numpy")
def draw_effects(zeta, buffer, u, out):
    """u ← everything at a draw of (ζ, z) but the effects that are integrated out.

    Parameters
    ----------
    out : array
        Whether it worked, sds, C (G, K, K) flat and positives are written there.
    """
    out[:] = 0.0
    p, st = parameters(buffer), structure_of(buffer)
    S, r = moments(buffer)
    K, n = p.centre.shape[0], p.sds.shape[0]
    V, c = np.empty(S.shape[0]), np.empty(st.columns)
    _, values, C, F, positives = constrained(pick(zeta[:K], p), p)
    scale(F, st, S, V)
    ok = factorise(V, st)[0]
    transposed(F, st, r, c)
    solve_lower(V, st, c)
    for i in range(st.columns):
        c[i] += zeta[K + i]
    solve_upper(V, st, c)
    times(F, st, c, u)
    without_signs(p, values, C)
    out[0] = 1.0 if ok else 0.0
    out[1 : 1 + n] = values
    out[1 + n : 1 + n + C.size] = C.ravel()
    out[1 + n + C.size :] = positives
