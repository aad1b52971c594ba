"""Gamma functions and their ratios without cancellation, together with the derivatives that come for the same price.

From x = 8 on Stirling's series is exact to the last digits; smaller arguments are moved there by Γ(x + 1) = xΓ(x).
Everything takes x with its logarithm, which stays finite where x underflows, and derivatives come multiplied by powers
of x, so that they stay finite too.
"""

from __future__ import annotations

import math

from hierlm.kernels.responses.response import kernel

__all__ = ["digamma", "information_of_rising", "log_rising", "stirling"]

_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)
_STIRLING = 8.0
_FEW = 12.0  # terms of a product that is multiplied out
_NO_OVERFLOW = 1e15  # of such a product


@kernel
def _error_series(x):
    """δ(x) = log Γ(x) − [(x − ½) log x − x + ½ log 2π] for x ≥ 8 (Abramowitz & Stegun 6.1.41)."""
    r = 1.0 / x
    s = r * r
    tail = 1.0 / 1188.0 - s * (691.0 / 360360.0 - s / 156.0)
    return r * (1.0 / 12.0 - s * (1.0 / 360.0 - s * (1.0 / 1260.0 - s * (1.0 / 1680.0 - s * tail))))


@kernel
def _digamma_series(x):
    """x(log x − ψ(x)) − ½ = −xδ′(x) for x ≥ 8 (Abramowitz & Stegun 6.3.18)."""
    r = 1.0 / x
    s = r * r
    tail = 1.0 / 132.0 - s * (691.0 / 32760.0 - s / 12.0)
    return r * (1.0 / 12.0 - s * (1.0 / 120.0 - s * (1.0 / 252.0 - s * (1.0 / 240.0 - s * tail))))


@kernel
def _trigamma_series(x):
    """x²ψ′(x) − x − ½ for x ≥ 8 (Abramowitz & Stegun 6.4.12)."""
    r = 1.0 / x
    s = r * r
    tail = 5.0 / 66.0 - s * (691.0 / 2730.0 - s * 7.0 / 6.0)
    return r * (1.0 / 6.0 - s * (1.0 / 30.0 - s * (1.0 / 42.0 - s * (1.0 / 30.0 - s * tail))))


@kernel
def _move(x):
    """x beyond 8 by steps of 2: (z, x(x + 1)…(z − 1), its logarithm's derivative, minus the second derivative)."""
    product, first, second = 1.0, 0.0, 0.0
    while x < _STIRLING:
        pair = x * (x + 1.0)
        r = (x + x + 1.0) / pair  # 1/x + 1/(x + 1)
        product *= pair
        first += r
        second += r * r - 2.0 / pair
        x += 2.0
    return x, product, first, second


@kernel
def stirling(x, log_x):
    """Stirling's error of log Γ, and two derivatives: (δ(x), x(log x − ψ(x)), x²ψ′(x)), for x > 0.

    The second runs from 1 at 0 to ½ at ∞, the third starts at 1 and ends as x + ½.
    """
    if x >= _STIRLING:
        return _error_series(x), 0.5 + _digamma_series(x), x + 0.5 + _trigamma_series(x)
    z, product, first, second = _move(x + 1.0)
    log_z = math.log(z)
    error = (z - 0.5) * log_z - (z - x) + _error_series(z) - math.log(product) - (x + 0.5) * log_x
    slope = 1.0 + x * (log_x - log_z + (0.5 + _digamma_series(z)) / z + first)
    return error, slope, 1.0 + x * x * (second + (z + 0.5 + _trigamma_series(z)) / (z * z))


@kernel
def digamma(x):
    """ψ(x) = d log Γ(x)/dx, for x > 0."""
    log_x = math.log(x)
    return log_x - stirling(x, log_x)[1] / x


@kernel
def log_rising(x, log_x, y):
    """log Γ(x + y) − log Γ(x) and x times its derivative, x(ψ(x + y) − ψ(x)), for x > 0 and y ≥ 0.

    A few whole steps are the product x(x + 1)…(x + y − 1).  A large x has nothing but small differences:
    (x + y − ½) log(1 + y/x) + y (log x − 1) + δ(x + y) − δ(x).
    """
    if y == 0.0:
        return 0.0, 0.0
    if y <= _FEW and y == math.floor(y) and x < _NO_OVERFLOW:
        product, total = 1.0, 0.0
        for j in range(1, int(y)):
            product *= x + j
            total += 1.0 / (x + j)
        return log_x + math.log(product), 1.0 + x * total
    if x >= _STIRLING:
        z, step = x + y, math.log1p(y / x)
        value = (z - 0.5) * step + y * (log_x - 1.0) + _error_series(z) - _error_series(x)
        return value, x * step + 0.5 * y / z + _digamma_series(x) - x / z * _digamma_series(z)
    return _log_rising_of_small(x, log_x, y)


@kernel
def _log_rising_of_small(x, log_x, y):
    """The same for x < 8: both ends of the ratio are moved beyond 8."""
    low, above, total, _ = _move(x + 1.0)
    high, below, less, _ = _move(x + y)
    log_low, log_high = math.log(low), math.log(high)
    value = (high - 0.5) * log_high - (low - 0.5) * log_low - (high - low) + _error_series(high) - _error_series(low)
    digammas = log_high - log_low - (0.5 + _digamma_series(high)) / high + (0.5 + _digamma_series(low)) / low
    return log_x + math.log(above / below) + value, 1.0 + x * (total - less + digammas)


@kernel
def _trigamma_drop(x, y):
    """x²(ψ′(x) − ψ′(x + y)), for x > 0 and y > 0; 1 at x = 0."""
    if x >= _STIRLING:
        z = x + y
        q = x / z
        lead = y * q + 0.5 * (y / z) * (1.0 + q)
        return lead + _trigamma_series(x) - q * q * _trigamma_series(z)
    low, _, _, total = _move(x + 1.0)
    high, _, _, less = _move(x + y)
    total += (low + 0.5 + _trigamma_series(low)) / (low * low)
    return 1.0 + x * x * (total - less - (high + 0.5 + _trigamma_series(high)) / (high * high))


@kernel
def information_of_rising(x, mean, some):
    """A close upper bound of x²(ψ′(x) − E ψ′(x + Y)), for a count Y: what log Γ(x + Y) − log Γ(x) tells about log x.

    ψ′ is convex, so by Jensen it is at most P(Y > 0) x²(ψ′(x) − ψ′(x + E[Y | Y > 0])); exact when Y is 0 or 1.

    Parameters
    ----------
    x : float
    mean, some : float
        E[Y] and P(Y > 0) > 0.
    """
    return some * _trigamma_drop(x, max(mean / some, 1.0))
