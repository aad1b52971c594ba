"""Correlation factors C (C Cᵀ = R) from unconstrained numbers, with log-prior and gradient."""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from hierlm.kernels.triangular import cholesky, cholesky_back

__all__ = ["EXCHANGEABLE", "UNSTRUCTURED", "correlation", "correlation_gradient"]

EXCHANGEABLE, UNSTRUCTURED = 1, 2


@nb.njit(cache=True, nogil=True, error_model="numpy")
def correlation(kind, k, eta, v, C):
    """C from v, in place; returns log prior + log Jacobian, up to a constant, or −∞.

    Exchangeable: u = logistic(v₀), r = (k u − 1)/(k − 1), LKJ(η) as u ~ Beta(η, (η − 1)(k − 1) + 1).
    Unstructured: canonical partial correlations z = tanh(v), (z + 1)/2 ~ Beta(α_j, α_j), α_j = η + (k − 2 − j)/2
    (Lewandowski, Kurowicka & Joe 2009).
    """
    if kind == EXCHANGEABLE:
        u = 1.0 / (1.0 + math.exp(-v[0]))
        r = (k * u - 1.0) / (k - 1.0)
        flat = np.full(k * k, r)
        for i in range(k):
            flat[i * k + i] = 1.0
        if not cholesky(flat, 0, k):
            return -np.inf
        for i in range(k):
            for j in range(i + 1):
                C[i, j] = flat[i * k + j]
        log_u, log_not = -math.log1p(math.exp(-v[0])), -math.log1p(math.exp(v[0]))
        return eta * log_u + ((eta - 1.0) * (k - 1.0) + 1.0) * log_not
    total, n = 0.0, 0
    for i in range(k):
        rest = 1.0
        for j in range(i):
            z = math.tanh(v[n])
            log_gap = 2.0 * (math.log(2.0) - abs(v[n]) - math.log1p(math.exp(-2.0 * abs(v[n]))))  # log(1 − z²)
            total += (eta + 0.5 * (k - 2 - j)) * log_gap
            C[i, j] = z * math.sqrt(rest)
            rest *= 1.0 - z * z
            n += 1
        if not rest > 0.0:
            return -np.inf
        C[i, i] = math.sqrt(rest)
    return total


@nb.njit(cache=True, nogil=True, error_model="numpy")
def correlation_gradient(kind, k, eta, v, C, D, out):
    """out ← ∂/∂v of the log-likelihood plus :func:`correlation`'s return; D is the derivative by C, lower triangle."""
    if kind == EXCHANGEABLE:
        u = 1.0 / (1.0 + math.exp(-v[0]))
        flat, bar, total = np.empty(k * k), np.empty(k * k), 0.0
        for i in range(k):
            for j in range(i + 1):
                flat[i * k + j], bar[i * k + j] = C[i, j], D[i, j]
        cholesky_back(flat, bar, 0, k)
        for i in range(k):
            for j in range(i):
                total += bar[i * k + j]
        out[0] = total * k / (k - 1.0) * u * (1.0 - u)
        out[0] += eta * (1.0 - u) - ((eta - 1.0) * (k - 1.0) + 1.0) * u
        return
    n = k * (k - 1) // 2
    for i in range(k - 1, 0, -1):
        bar = D[i, i] * 0.5 / C[i, i]  # with respect to what is left of the row's unit length
        n -= i
        rest = np.empty(i)
        left = 1.0
        for j in range(i):
            rest[j] = left
            left -= C[i, j] * C[i, j]
        for j in range(i - 1, -1, -1):
            z = math.tanh(v[n + j])
            gap = 1.0 - z * z
            bar_C = D[i, j] - 2.0 * C[i, j] * bar
            bar += bar_C * z * 0.5 / math.sqrt(rest[j])
            out[n + j] = bar_C * math.sqrt(rest[j]) * gap - 2.0 * z * (eta + 0.5 * (k - 2 - j))
