"""The marginal density of a Gaussian response, group effects and coefficients integrated out.

y = W u + e, e ~ N(0, σ² Ω⁻¹), u = Λ w, w ~ N(0, I).  With S = WᵀΩW, r = WᵀΩy and B = I + ΛᵀSΛ/σ²,

    log p(y) = −½ [N log 2πσ² − log|Ω| + log|B| + yᵀΩy/σ² − gᵀB⁻¹g],   g = Λᵀr/σ²,   w | y ~ N(B⁻¹g, B⁻¹).

The effects of one grouping (E) are eliminated level by level, the rest (R: other groupings, coefficients) by one dense
Schur complement.  Gradients by Fisher's identity: for a block with factor L, ∂/∂L = L⁻ᵀA with
A = Σ_levels (v vᵀ + (B⁻¹) − I), v = B⁻¹g.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from hierlm.kernels.rest import apply_rest, scale_rest
from hierlm.kernels.triangular import (
    cholesky,
    dense_cholesky,
    dense_inverse,
    invert_from_cholesky,
    solve_lower,
    solve_upper,
)

__all__ = ["draw_effects", "factorise", "marginal"]

LOG_2PI = math.log(2.0 * math.pi)


@nb.njit(cache=True, nogil=True)
def factorise_level(L, S, r, s2, B, a):
    """B ← the Cholesky factor of I + LᵀSL/σ², a ← its solution of Lᵀr/σ²; False where it is not positive definite."""
    k = S.shape[0]
    work = np.empty(k)
    for c in range(k):
        for m in range(k):
            value = 0.0
            for n in range(c, k):
                value += S[m, n] * L[n, c]
            work[m] = value / s2
        for b in range(k):
            value = 0.0
            for m in range(b, k):
                value += L[m, b] * work[m]
            B[b, c] = value
        B[c, c] += 1.0
    for b in range(k):
        value = 0.0
        for m in range(b, k):
            value += L[m, b] * r[m]
        a[b] = value / s2
    if not cholesky(B):
        return False
    solve_lower(B, a)
    return True


@nb.njit(cache=True, nogil=True)
def eliminate_level(L, B, a, s2, columns, val, X, T, h):
    """X ← B⁻¹Lᵀ(couplings)/σ² of one level; T −= XᵀX and h −= Xᵀa in its columns of the rest."""
    k = a.shape[0]
    for n in range(columns.shape[0]):
        for b in range(k):
            value = 0.0
            for m in range(b, k):
                value += L[m, b] * val[n, m]
            X[n, b] = value / s2
        solve_lower(B, X[n])
    for n in range(columns.shape[0]):
        i = int(columns[n])
        for b in range(k):
            h[i] -= X[n, b] * a[b]
        for m in range(n + 1):
            value = 0.0
            for b in range(k):
                value += X[n, b] * X[m, b]
            T[i, int(columns[m])] -= value
            if m != n:
                T[int(columns[m]), i] -= value


@nb.njit(cache=True, nogil=True)
def factorise(Ls, sigma, S_EE, r_E, ptr, idx, val, S_RR, r_R, layout, n_groups, scales):
    """Cholesky factors of B and the solution B⁻¹g.

    Returns
    -------
    ok, log|B|/2, gᵀB⁻¹g, F (J, k, k) factors of the eliminated levels, X (nnz, k) their scaled couplings,
    K (q, q) factor of the Schur complement, v_E (J, k), v_R (q)
    """
    J, k, q, s2 = S_EE.shape[0], S_EE.shape[1], S_RR.shape[0], sigma * sigma
    F, X, a = np.zeros((J, k, k)), np.empty((val.shape[0], k)), np.empty((J, k))
    T, h = S_RR / s2, r_R / s2
    half_logdet, quad = 0.0, 0.0
    for j in range(J):
        if not factorise_level(Ls[0], S_EE[j], r_E[j], s2, F[j], a[j]):
            return False, 0.0, 0.0, F, X, T, a, h
        for b in range(k):
            half_logdet += math.log(F[j, b, b])
            quad += a[j, b] * a[j, b]
        first, last = int(ptr[j]), int(ptr[j + 1])
        eliminate_level(Ls[0], F[j], a[j], s2, idx[first:last], val[first:last], X[first:last], T, h)
    scale_rest(T, Ls, layout, n_groups, scales, True)
    apply_rest(h, Ls, layout, n_groups, scales, True)
    for i in range(q):
        T[i, i] += 1.0
    if not dense_cholesky(T):
        return False, 0.0, 0.0, F, X, T, a, h
    solve_lower(T, h)
    for i in range(q):
        half_logdet += math.log(T[i, i])
        quad += h[i] * h[i]
    solve_upper(T, h)
    effects = h.copy()
    apply_rest(effects, Ls, layout, n_groups, scales, False)
    for j in range(J):
        for n in range(int(ptr[j]), int(ptr[j + 1])):
            for b in range(k):
                a[j, b] -= X[n, b] * effects[int(idx[n])]
        solve_upper(F[j], a[j])
    return True, half_logdet, quad, F, X, T, a, h


@nb.njit(cache=True, nogil=True)
def second_moments(A, v, inverse):
    """A += v vᵀ + inverse − I for one level; returns (vᵀv, the trace of the inverse)."""
    norm, trace = 0.0, 0.0
    for a in range(v.shape[0]):
        norm += v[a] * v[a]
        trace += inverse[a, a]
        for b in range(v.shape[0]):
            A[a, b] += v[a] * v[b] + inverse[a, b]
        A[a, a] -= 1.0
    return norm, trace


@nb.njit(cache=True, nogil=True)
def rest_moments(A, v, inverse, layout, n_groups):
    """:func:`second_moments` of every level of the rest; returns the sums over all its columns."""
    norm, trace = 0.0, 0.0
    for i in range(v.shape[0]):
        norm += v[i] * v[i]
        trace += inverse[i, i]
    for g in range(n_groups):
        start, levels, k = int(layout[g, 0]), int(layout[g, 1]), int(layout[g, 2])
        for level in range(levels):
            c = start + level * k
            second_moments(A[g + 1], v[c : c + k], inverse[c : c + k, c : c + k])
    return norm, trace


@nb.njit(cache=True, nogil=True)
def marginal(Ls, sigma, N, half_log_w, yy, S_EE, r_E, ptr, idx, val, S_RR, r_R, layout, n_groups, scales, A):
    """log p(y | θ) and its gradient.

    Parameters
    ----------
    Ls : (G, K, K) factors of the groupings' covariances, the eliminated one first
    A : (G, K, K), overwritten: A[g] = Σ_levels (v vᵀ + (B⁻¹) − I)

    Returns
    -------
    log p, ∂ log p/∂ log σ; −∞ and 0 where a factorisation fails
    """
    J, k, q, s2 = S_EE.shape[0], S_EE.shape[1], S_RR.shape[0], sigma * sigma
    A[:] = 0.0
    ok, half_logdet, quad, F, X, K, v_E, v_R = factorise(
        Ls, sigma, S_EE, r_E, ptr, idx, val, S_RR, r_R, layout, n_groups, scales
    )
    if not ok:
        return -np.inf, 0.0
    logp = half_log_w - 0.5 * N * (LOG_2PI + math.log(s2)) - half_logdet - 0.5 * (yy / s2 - quad)
    P = np.empty((q, q))
    dense_inverse(K, P)
    norm, trace = rest_moments(A, v_R, P, layout, n_groups)
    scale_rest(P, Ls, layout, n_groups, scales, False)  # now the covariance of the rest's effects, ΛM⁻¹Λᵀ
    small, Y = np.empty((k, k)), np.empty(k)
    for j in range(J):
        first, last = int(ptr[j]), int(ptr[j + 1])
        invert_from_cholesky(F[j], small)
        for n in range(first, last):
            solve_upper(F[j], X[n])
        for n in range(first, last):
            Y[:] = 0.0
            for m in range(first, last):
                p = P[int(idx[n]), int(idx[m])]
                for b in range(k):
                    Y[b] += p * X[m, b]
            for a in range(k):
                for b in range(k):
                    small[a, b] += X[n, a] * Y[b]
        more = second_moments(A[0], v_E[j], small)
        norm, trace = norm + more[0], trace + more[1]
    return logp, -N + yy / s2 - quad - norm + (J * k + q - trace)


@nb.njit(cache=True, nogil=True)
def draw_effects(Ls, sigma, S_EE, r_E, ptr, idx, val, S_RR, r_R, layout, n_groups, scales, z, u_E, u_R):
    """One draw of all effects given θ, u = Λ(B⁻¹g + B^(−½) z), z ~ N(0, I) of length J k + q; False on failure."""
    ok, _, _, F, X, K, v_E, v_R = factorise(Ls, sigma, S_EE, r_E, ptr, idx, val, S_RR, r_R, layout, n_groups, scales)
    if not ok:
        return False
    J, k, q = S_EE.shape[0], S_EE.shape[1], S_RR.shape[0]
    noise = z[J * k :].copy()
    solve_upper(K, noise)
    for i in range(q):
        u_R[i] = v_R[i] + noise[i]
    apply_rest(noise, Ls, layout, n_groups, scales, False)
    apply_rest(u_R, Ls, layout, n_groups, scales, False)
    L, w = Ls[0], np.empty(k)
    for j in range(J):
        for a in range(k):
            w[a] = z[j * k + a]
        for n in range(int(ptr[j]), int(ptr[j + 1])):
            for a in range(k):
                w[a] -= X[n, a] * noise[int(idx[n])]
        solve_upper(F[j], w)
        for a in range(k):
            value = 0.0
            for m in range(a + 1):
                value += L[a, m] * (v_E[j, m] + w[m])
            u_E[j, a] = value
    return True
