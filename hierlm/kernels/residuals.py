"""The precision of residuals whose covariance has few parameters, as a sum of known matrices: Σ⁻¹ = Σ_k w_k(φ) Q_k.

The standard deviation of a row depends on its stratum, log σ_s = log σ + o_s + x_s γ, and w_k is a function of the
correlation ρ over the standard deviations of two strata, w_k = f(ρ) / (σ_s σ_t).  With d a distance in time, m the
size of a block:

* first or alone     f = 1
* Markov (ar1, car1) e_i given the one before, ρᵈ apart: f = 1/(1 − ρ²ᵈ) of e_i², −ρᵈ/(1 − ρ²ᵈ) of 2 e_i e_{i−1},
  ρ²ᵈ/(1 − ρ²ᵈ) of e²_{i−1}; log|R| has log(1 − ρ²ᵈ) of each
* exchangeable (cs)  f = 1/(1 − ρ) of e_i², −ρ/((1 − ρ)(1 + (m − 1)ρ)) of (Σ e_i)²; log|R| has
  (m − 1) log(1 − ρ) + log(1 + (m − 1)ρ) of each block
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from hierlm.kernels.packing import floats
from hierlm.kernels.priors import log_bounded_prior, log_prior, log_real_prior
from hierlm.kernels.problem import FIRST

__all__ = [
    "ALONE",
    "BEFORE",
    "EACH",
    "NORMAL",
    "PAIR",
    "TOGETHER",
    "WITH_BEFORE",
    "Residuals",
    "back_residuals",
    "precision",
    "residual_fields",
    "residual_parameters",
    "residuals_of",
]

ALONE, WITH_BEFORE, PAIR, BEFORE, EACH, TOGETHER = range(6)
"""What f is; the second to fourth are those of a Markov chain, the last two those of exchangeable rows."""

NORMAL = -1
"""Code of a normal prior, location and scale being its arguments."""

Floats = NDArray[np.float64]


class Residuals(NamedTuple):
    """Parameters and components of the residuals' precision.

    Parameters
    ----------
    gamma (g, 7)
        (place in θ or −1, value where fixed, location, prior code, its two arguments, whether the prior is that of eᵞ)
        of γ.
    rho (0 or 1, 8)
        (place in θ or −1, value where fixed, lower bound, upper bound, prior code, its two arguments, unused).
    X (S, g), offset (S,)
        Of the strata.
    rows (S,)
        How many rows (or their weights) a stratum has.
    kinds (K, 4)
        (f, d or m, stratum, stratum) of each component.
    determinants (D, 3)
        (f, d or m, how often) of the terms of log|R|.
    """

    gamma: Floats
    rho: Floats
    X: Floats
    offset: Floats
    rows: Floats
    kinds: Floats
    determinants: Floats


def residual_fields(r: Residuals) -> list[Floats]:
    """The fields of a packed problem, from the first of its own on."""
    return [*r]


@nb.njit(cache=True, nogil=True, error_model="numpy")
def residuals_of(buffer):
    """As they were packed."""
    gamma, offset = floats(buffer, FIRST).reshape((-1, 7)), floats(buffer, FIRST + 3)
    return Residuals(
        gamma,
        floats(buffer, FIRST + 1).reshape((-1, 8)),
        floats(buffer, FIRST + 2).reshape((offset.shape[0], gamma.shape[0])),
        offset,
        floats(buffer, FIRST + 4),
        floats(buffer, FIRST + 5).reshape((-1, 4)),
        floats(buffer, FIRST + 6).reshape((-1, 3)),
    )


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _gamma_prior(row, x):
    if row[6] != 0.0:
        value, slope = log_prior(int(row[3]), row[4], row[5], math.exp(x))
        return value + x, slope * math.exp(x) + 1.0
    if int(row[3]) == NORMAL:
        t = (x - row[2]) / row[4]
        return -0.5 * t * t, -t / row[4]
    return log_real_prior(int(row[3]), row[4], row[5], x - row[2])


@nb.njit(cache=True, nogil=True, error_model="numpy")
def residual_parameters(theta, e, gamma):
    """γ in place; returns (log prior with the log Jacobian, ρ).

    ρ = lower + (upper − lower) / (1 + e⁻ᵛ).
    """
    total, rho = 0.0, 0.0
    for j in range(e.gamma.shape[0]):
        place = int(e.gamma[j, 0])
        gamma[j] = e.gamma[j, 1] if place < 0 else theta[place]
        if place >= 0:
            total += _gamma_prior(e.gamma[j], gamma[j])[0]
    for j in range(e.rho.shape[0]):
        place, lower, upper = int(e.rho[j, 0]), e.rho[j, 2], e.rho[j, 3]
        rho = e.rho[j, 1]
        if place >= 0:
            v = theta[place]
            share = 1.0 / (1.0 + math.exp(-v))
            rho = lower + (upper - lower) * share
            total += math.log(share) + math.log1p(-share)
            total += log_bounded_prior(int(e.rho[j, 4]), e.rho[j, 5], e.rho[j, 6], rho)[0]
    return total, rho


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _weight(kind, d, rho):
    """f(ρ) and its derivative."""
    if kind == ALONE:
        return 1.0, 0.0
    if kind <= BEFORE:
        a = rho**d
        slope = d * rho ** (d - 1.0)
        free = 1.0 - a * a
        if kind == WITH_BEFORE:
            return 1.0 / free, 2.0 * a * slope / (free * free)
        if kind == PAIR:
            return -a / free, -slope * (1.0 + a * a) / (free * free)
        return a * a / free, 2.0 * a * slope / (free * free)
    free = 1.0 - rho
    if kind == EACH:
        return 1.0 / free, 1.0 / (free * free)
    more = 1.0 + (d - 1.0) * rho
    both = free * more
    return -rho / both, -(1.0 + (d - 1.0) * rho * rho) / (both * both)


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _log_determinant(kind, d, rho):
    """A term of log|R| and its derivative."""
    if kind <= BEFORE:
        a = rho**d
        return math.log1p(-a * a), -2.0 * a * d * rho ** (d - 1.0) / (1.0 - a * a)
    more = 1.0 + (d - 1.0) * rho
    return (d - 1.0) * math.log1p(-rho) + math.log(more), (d - 1.0) * (1.0 / more - 1.0 / (1.0 - rho))


@nb.njit(cache=True, nogil=True, error_model="numpy")
def precision(e, sigma, gamma, rho, w, by_rho):
    """w and its derivative by ρ in place; returns log|Σ|, of which the known scales of rows are not a part."""
    strata = e.offset.shape[0]
    log_sd, total = np.empty(strata), 0.0
    for s in range(strata):
        log_sd[s] = math.log(sigma) + e.offset[s]
        for j in range(gamma.shape[0]):
            log_sd[s] += e.X[s, j] * gamma[j]
        total += 2.0 * e.rows[s] * log_sd[s]
    for k in range(w.shape[0]):
        f, slope = _weight(int(e.kinds[k, 0]), e.kinds[k, 1], rho)
        scale = math.exp(-log_sd[int(e.kinds[k, 2])] - log_sd[int(e.kinds[k, 3])])
        w[k], by_rho[k] = f * scale, slope * scale
    for k in range(e.determinants.shape[0]):
        total += e.determinants[k, 2] * _log_determinant(int(e.determinants[k, 0]), e.determinants[k, 1], rho)[0]
    return total


@nb.njit(cache=True, nogil=True, error_model="numpy")
def back_residuals(theta, e, gamma, rho, w, by_rho, w_bar, axes, out):
    """The derivative by log σ; that by γ and ρ with their priors is added to ``out``, by ζ.

    Parameters
    ----------
    w, by_rho : from :func:`precision`
    w_bar : derivative by w; that by log|Σ| is −½
    axes : of θ = centre + axes ζ
    """
    strata = e.offset.shape[0]
    by_log_sd, rho_bar = -e.rows, 0.0
    for k in range(w.shape[0]):
        value = w_bar[k] * w[k]
        by_log_sd[int(e.kinds[k, 2])] -= value
        by_log_sd[int(e.kinds[k, 3])] -= value
        rho_bar += w_bar[k] * by_rho[k]
    for k in range(e.determinants.shape[0]):
        rho_bar -= (
            0.5 * e.determinants[k, 2] * _log_determinant(int(e.determinants[k, 0]), e.determinants[k, 1], rho)[1]
        )
    for j in range(gamma.shape[0]):
        place = int(e.gamma[j, 0])
        if place >= 0:
            slope = _gamma_prior(e.gamma[j], gamma[j])[1]
            for s in range(strata):
                slope += by_log_sd[s] * e.X[s, j]
            for i in range(out.shape[0]):
                out[i] += axes[place, i] * slope
    for j in range(e.rho.shape[0]):
        place, width = int(e.rho[j, 0]), e.rho[j, 3] - e.rho[j, 2]
        if place >= 0:
            share = 1.0 / (1.0 + math.exp(-theta[place]))
            slope = rho_bar + log_bounded_prior(int(e.rho[j, 4]), e.rho[j, 5], e.rho[j, 6], rho)[1]
            slope = slope * width * share * (1.0 - share) + 1.0 - 2.0 * share
            for i in range(out.shape[0]):
                out[i] += axes[place, i] * slope
    return np.sum(by_log_sd)
