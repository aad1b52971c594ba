"""θ: standard deviations, correlations and further positive parameters, from the coordinates that are sampled.

θ = centre + axes ζ, a fixed linear map that makes the posterior of ζ about standard normal.  Of θ, positive parameters
(σ, shapes) are on the logarithm, and standard deviations on one of two scales:

* sd = s log(1 + eᵛ), the scaled softplus; a logarithm where s is far above sd;
* sd = |s v|, signed (the unit in the table is −s): where the posterior reaches to zero.  Likelihood and prior are
  even in sd (for correlated effects under a flip of the signs of the correlations too, which the LKJ density does not
  see), so that zero is no boundary and there is no long tail on a logarithm.  The density of v is ½ p(|s v|) s.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from hierlm.kernels.correlations import correlation, correlation_gradient
from hierlm.kernels.packing import floats, ints, on_both_sides
from hierlm.kernels.priors import log_prior

__all__ = ["FIELDS", "Parameters", "back_parameters", "constrained", "parameters", "pick", "without_signs"]

Floats = NDArray[np.float64]
FIELDS = 8
"""Fields of a packed array that :func:`parameters` reads, from the first on."""


class Parameters(NamedTuple):
    """What θ means.

    Parameters
    ----------
    centre (K,), axes (K, K)
    sizes (G,)
        Effects of every grouping.
    owner (G, widest)
        The sd of every effect; −1: it is one.
    sds (n, 6), positives (m, 6)
        (place in θ or −1, value where fixed, unit, prior code, its two arguments).
    cors (c, 6)
        (grouping, first effect, effects, kind, η, place in θ).
    scales (p,)
        Prior sds of the coefficients that belong to the effects.
    """

    centre: Floats
    axes: Floats
    sizes: NDArray[np.int64]
    owner: NDArray[np.int64]
    sds: Floats
    cors: Floats
    positives: Floats
    scales: Floats


@on_both_sides
def parameters(buffer):
    """The first fields of a packed array."""
    centre, sizes = floats(buffer, 0), ints(buffer, 2)
    K, G = centre.shape[0], sizes.shape[0]
    owner = ints(buffer, 3)
    return Parameters(
        centre,
        floats(buffer, 1).reshape((K, K)),
        sizes,
        owner.reshape((G, owner.shape[0] // max(G, 1))),
        floats(buffer, 4).reshape((-1, 6)),
        floats(buffer, 5).reshape((-1, 6)),
        floats(buffer, 6).reshape((-1, 6)),
        floats(buffer, 7),
    )


@nb.njit(cache=True, nogil=True, error_model="numpy")
def pick(zeta, p):
    """θ = centre + axes ζ."""
    K = p.centre.shape[0]
    theta = np.empty(K)
    for i in range(K):
        value = p.centre[i]
        for j in range(K):
            value += p.axes[i, j] * zeta[j]
        theta[i] = value
    return theta


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _log_prior(row, x):
    return log_prior(int(row[3]), row[4], row[5], x)


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _deviations(theta, p, values):
    """Standard deviations with their signs in place; returns the log prior with the log Jacobian."""
    total = 0.0
    for s in range(p.sds.shape[0]):
        place = int(p.sds[s, 0])
        if place < 0:
            values[s] = p.sds[s, 1]
            continue
        v = theta[place]
        if p.sds[s, 2] < 0.0:
            values[s] = -p.sds[s, 2] * v
            if not abs(values[s]) < np.inf:
                return -np.inf
            total += _log_prior(p.sds[s], abs(values[s]))[0]
            continue
        soft = v + math.log1p(math.exp(-v)) if v > 0 else math.log1p(math.exp(v))
        values[s] = p.sds[s, 2] * soft
        if not (values[s] > 0.0 and values[s] < np.inf):
            return -np.inf
        total += _log_prior(p.sds[s], values[s])[0] + v - soft
    return total


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _positives(theta, p, values):
    total = 0.0
    for s in range(p.positives.shape[0]):
        place = int(p.positives[s, 0])
        values[s] = p.positives[s, 1]
        if place >= 0:
            values[s] = math.exp(theta[place])
            if not (values[s] > 0.0 and values[s] < np.inf):
                return -np.inf
            total += _log_prior(p.positives[s], values[s])[0] + theta[place]
    return total


@nb.njit(cache=True, nogil=True, error_model="numpy")
def constrained(theta, p):
    """Everything that θ means.

    Returns
    -------
    log prior + log Jacobians (−∞ on failure), sds with signs, C (G, K, K), F (G + coefficients, K, K), positives
    """
    G, K = p.sizes.shape[0], max(p.owner.shape[1], 1)
    values, positives = np.empty(p.sds.shape[0]), np.empty(p.positives.shape[0])
    C, F = np.zeros((G, K, K)), np.zeros((G + p.scales.shape[0], K, K))
    total = _deviations(theta, p, values) + _positives(theta, p, positives)
    if not total > -np.inf:
        return -np.inf, values, C, F, positives
    for g in range(G):
        for i in range(K):
            C[g, i, i] = 1.0
    for c in range(p.cors.shape[0]):
        g, first, k, place = int(p.cors[c, 0]), int(p.cors[c, 1]), int(p.cors[c, 2]), int(p.cors[c, 5])
        part = C[g, first : first + k, first : first + k]
        total += correlation(int(p.cors[c, 3]), k, p.cors[c, 4], theta[place:], part)
        for i in range(k):
            for j in range(i + 1, k):
                part[i, j] = 0.0
    for g in range(G):
        for i in range(p.sizes[g]):
            sd = 1.0 if p.owner[g, i] < 0 else values[p.owner[g, i]]
            for j in range(i + 1):
                F[g, i, j] = sd * C[g, i, j]
    for j in range(p.scales.shape[0]):
        F[G + j, 0, 0] = p.scales[j]
    return total, values, C, F, positives


@nb.njit(cache=True, nogil=True, error_model="numpy")
def back_parameters(theta, p, values, C, F_bar, by_sd, slopes, positives, out):
    """out ← ∂/∂ζ of the log prior with its Jacobians and of what the following are derivatives of.

    Parameters
    ----------
    F_bar, by_sd, slopes
        By the factors, directly by the sds (with their signs), by the logarithms of the positive parameters; the first
        two are changed.
    """
    by_theta = np.zeros(theta.shape[0])
    for g in range(p.sizes.shape[0]):
        for i in range(p.sizes[g]):
            owner = p.owner[g, i]
            for j in range(i + 1):
                if owner >= 0:
                    by_sd[owner] += C[g, i, j] * F_bar[g, i, j]
                    F_bar[g, i, j] *= values[owner]  # now by C
    for s in range(p.sds.shape[0]):
        place = int(p.sds[s, 0])
        if place >= 0:
            sign = math.copysign(1.0, values[s])
            slope = by_sd[s] + sign * _log_prior(p.sds[s], abs(values[s]))[1]
            if p.sds[s, 2] < 0.0:
                by_theta[place] = -slope * p.sds[s, 2]
                continue
            up = 1.0 / (1.0 + math.exp(-theta[place]))
            by_theta[place] = slope * p.sds[s, 2] * up + 1.0 - up
    for c in range(p.cors.shape[0]):
        g, first, k, place = int(p.cors[c, 0]), int(p.cors[c, 1]), int(p.cors[c, 2]), int(p.cors[c, 5])
        part, bar = C[g, first : first + k, first : first + k], F_bar[g, first : first + k, first : first + k]
        correlation_gradient(int(p.cors[c, 3]), k, p.cors[c, 4], theta[place:], part, bar, by_theta[place:])
    for s in range(p.positives.shape[0]):
        place = int(p.positives[s, 0])
        if place >= 0:
            by_theta[place] = slopes[s] + positives[s] * _log_prior(p.positives[s], positives[s])[1] + 1.0
    for j in range(theta.shape[0]):
        value = 0.0
        for i in range(theta.shape[0]):
            value += p.axes[i, j] * by_theta[i]
        out[j] = value


@nb.njit(cache=True, nogil=True, error_model="numpy")
def without_signs(p, values, C):
    """Standard deviations without their signs, which go to the correlations, in place."""
    for g in range(p.sizes.shape[0]):
        for i in range(p.sizes[g]):
            if p.owner[g, i] >= 0 and values[p.owner[g, i]] < 0.0:
                for j in range(p.sizes[g]):
                    C[g, i, j] = -C[g, i, j]
                    C[g, j, i] = -C[g, j, i]
    for s in range(values.shape[0]):
        values[s] = abs(values[s])
