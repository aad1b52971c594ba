"""Probabilities μ by their predictor η: log μ, log(1 − μ), and their derivatives, one function a link.

Each takes (η, successes, failures) and returns

    log μ, log(1 − μ), d log μ/dη, d log(1 − μ)/dη, −d² log μ/dη², −d² log(1 − μ)/dη²;

what has a count of zero may be left at zero, so that 0 · log 0 = 0 and nothing is computed in vain.
"""

from __future__ import annotations

import math

from hierlm.kernels.elementary import exp, log1p_fraction, plain
from hierlm.kernels.responses.response import kernel

__all__ = ["cloglog", "logit", "mass", "probit"]

_ROOT_HALF = math.sqrt(0.5)
_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)
_ROOT_2PI = math.sqrt(2.0 * math.pi)


@plain
def mass(terms, successes, failures):
    """s log μ + f log(1 − μ), its derivative in η, and minus the second: concave under every link here."""
    log_mu, log_not, slope_mu, slope_not, bend_mu, bend_not = terms
    return (
        successes * log_mu + failures * log_not,
        successes * slope_mu + failures * slope_not,
        successes * bend_mu + failures * bend_not,
    )


@plain
def logit(eta, successes, failures):
    """μ = 1/(1 + e^−η): both logarithms from one exponential."""
    e = exp(-abs(eta))
    small, near = log1p_fraction(e), 1.0 / (1.0 + e)
    far, up = e * near, eta >= 0.0
    bend = near * far
    return (
        -small if up else eta - small,
        -eta - small if up else -small,
        far if up else near,
        -near if up else -far,
        bend,
        bend,
    )


@kernel
def probit(eta, successes, failures):
    """μ = Φ(η), 1 − μ = Φ(−η)."""
    log_mu, slope_mu, bend_mu = _log_normal(eta) if successes > 0.0 else (0.0, 0.0, 0.0)
    log_not, slope_not, bend_not = _log_normal(-eta) if failures > 0.0 else (0.0, 0.0, 0.0)
    return log_mu, log_not, slope_mu, -slope_not, bend_mu, bend_not


@kernel
def _log_normal(x):
    """log Φ(x), its derivative h = φ/Φ, and minus the second, h(h + x).

    Below −25 by the series Φ(x) = φ(x)/|x| · (1 − 1/x² + 3/x⁴ − 15/x⁶ + …) (Abramowitz & Stegun 26.2.12).
    """
    if x < -25.0:
        s = 1.0 / (x * x)
        less = s * (1.0 - s * (3.0 - s * (15.0 - s * (105.0 - s * (945.0 - s * 10395.0)))))
        slope = -x / (1.0 - less)
        return -0.5 * x * x - _HALF_LOG_2PI - math.log(-x) + math.log1p(-less), slope, slope * less * slope
    if x < 0.0:
        value = 0.5 * math.erfc(-x * _ROOT_HALF)
        slope = math.exp(-0.5 * x * x) / (_ROOT_2PI * value)
        return math.log(value), slope, slope * (slope + x)
    rest = 0.5 * math.erfc(x * _ROOT_HALF)
    slope = math.exp(-0.5 * x * x) / (_ROOT_2PI * (1.0 - rest))
    return math.log1p(-rest), slope, slope * (slope + x)


@kernel
def cloglog(eta, successes, failures):
    """log(1 − μ) = −u, u = e^η; d log μ/dη = q = u/(eᵘ − 1), and −d² log μ/dη² = q(q + u − 1)."""
    u = math.exp(eta)
    if not successes > 0.0:
        return 0.0, -u, 0.0, -u, 0.0, u
    log_not, bend_not = (-u, u) if failures > 0.0 else (0.0, 0.0)
    if u < 0.02:  # by power series
        s = u * u
        less = 0.5 * u - s / 12.0 + s * s / 720.0
        q = 1.0 - less
        return eta - 0.5 * u + s / 24.0 - s * s / 2880.0, log_not, q, log_not, q * (u - less), bend_not
    if u < 0.7:
        gone = -math.expm1(-u)
        q = u * (1.0 - gone) / gone
        return math.log(gone), log_not, q, log_not, q * (q + u - 1.0), bend_not
    if u > 800.0:
        return 0.0, log_not, 0.0, log_not, 0.0, bend_not
    left = math.exp(-u)
    q = u * left / (1.0 - left)
    return math.log1p(-left), log_not, q, log_not, q * (q + u - 1.0), bend_not
