"""One normal effect of a row integrated out by adaptive Gauss–Hermite quadrature, and drawn given the rest.

log ∫ p(y | η + τ z) φ(z) dz with nodes x_k and weights w_k of ∫ f(x) φ(x) dx ≈ Σ w_k f(x_k), moved to z_k = ẑ + s x_k
with the mode ẑ and s² = 1/(1 + τ² I), I the curvature there:

    log Σ_k exp(log w_k + log s + ½x_k² − ½z_k² + log p(y | η + τ z_k)).

Derivatives are the averages of those of the integrand (Fisher's identity).  Source: Pinheiro & Bates (1995).
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np
from numba.core.extending import register_jitable

from hierlm.kernels.compiling import REORDER
from hierlm.kernels.elementary import exp, log, plain
from hierlm.kernels.scratch import BLOCK, local

__all__ = ["HUGE", "TINY", "draw", "guarded", "integrate", "mode"]

TINY, HUGE = 1e-300, 1e300
"""Bounds of a weight."""

NEWTON = 60
TOGETHER = 3
"""Steps that all rows take at once, before single rows are searched for their mode more carefully."""

FARTHEST = 6.0
"""Beyond so many standard deviations a search does not begin."""

CLOSE, CLOSER = 0.05, 0.003
"""Newton's last step in units of s: nodes need not sit exactly at the mode, a hat nearly."""

AWAY = 1.1
"""Of the tangents from the mode, in units of s."""


@plain
def guarded(terms):
    """The five numbers of a density; −∞, 0, TINY, 0, 0 where one of them is not finite.

    The weight is cut to (1e-300, 1e300) whatever it is.
    """
    value, slope, weight, first, second = terms
    finite = (abs(value) < np.inf) & (abs(slope) < np.inf) & (abs(first) < np.inf) & (abs(second) < np.inf)
    weight = weight if weight > TINY else TINY  # NaN is not larger than anything
    weight = weight if weight < HUGE else HUGE
    return (
        value if finite else -np.inf,
        slope if finite else 0.0,
        weight if finite else TINY,
        first if finite else 0.0,
        second if finite else 0.0,
    )


@plain
def begun(effect, tau):
    """The z of an effect τz, where it is not far out."""
    z = effect / tau
    return z if abs(z) < FARTHEST else 0.0


@plain
def mode(density, y, t, eta, aux, tau, start, close):
    """ẑ and s of the effect z given its row, and log p(y | η + τ z) − ½z² near ẑ.

    Newton's method inside a bracket: the slope falls with z, so its sign says on which side the mode lies.
    """
    z, s, top, low, high, last = start, 1.0, -np.inf, -np.inf, np.inf, np.inf
    for _ in range(NEWTON):
        value, by_eta, weight, _, _ = guarded(density(y, t, eta + tau * z, aux))
        top = value - 0.5 * z * z
        slope = tau * by_eta - z  # −z where the density underflows: the way back to 0
        s2 = 1.0 / (1.0 + tau * tau * weight)
        s = math.sqrt(s2)
        step = slope * s2
        if not abs(step) < np.inf:
            return start, s, -np.inf
        if abs(step) < close * s and value > -np.inf:
            z += step
            break
        if slope > 0.0:
            low = z
        else:
            high = z
        largest = 4.0 * s + 1.0
        step = min(max(step, -largest), largest)
        if not (low < z + step < high) or (low > -np.inf and high < np.inf and abs(step) > 0.5 * abs(last)):
            step = 0.5 * (low + high) - z
        last = step
        z += step
    return z, s, top


@plain
def _approach(density, n, y, t, eta, aux, tau, start, close, z, s, top, far):
    """A few steps of Newton's method for all rows at once: s² in ``s``, and (last step/s)² in ``far``."""
    for i in range(n):
        z[i] = begun(start[i], tau)
    for _ in range(TOGETHER):
        away = 0
        for i in range(n):
            value, by_eta, weight, _, _ = guarded(density(y[i], t[i], eta[i] + tau * z[i], aux))
            s[i] = 1.0 / (1.0 + tau * tau * weight)
            top[i] = value - 0.5 * z[i] * z[i]
            slope = tau * by_eta - z[i]
            step = slope * s[i]
            far[i] = abs(step * slope)
            away += 0 if far[i] < close * close else 1
            z[i] += step
        if away == 0:
            break


@register_jitable(error_model="numpy", fastmath=REORDER, forceinline=True)
def integrate(density, n, y, t, w, eta, aux, slopes, weights, bars, tau, start, nodes, log_weights, modes):
    """Σ w log ∫ of n ≤ BLOCK rows and its derivatives: see :mod:`hierlm.kernels.responses.compiled`."""
    z, s, top, far = (
        nb.carray(local(), BLOCK),
        nb.carray(local(), BLOCK),
        nb.carray(local(), BLOCK),
        nb.carray(local(), BLOCK),
    )
    _approach(density, n, y, t, eta, aux, tau, start, CLOSE, z, s, top, far)
    for i in range(n):
        s[i] = math.sqrt(s[i])
    for i in range(n):
        if not (far[i] < CLOSE * CLOSE and top[i] > -np.inf):
            z[i], s[i], top[i] = mode(density, y[i], t[i], eta[i], aux, tau, begun(start[i], tau), CLOSE)
        modes[i] = z[i]
    total, slope, squares = nb.carray(local(), BLOCK), nb.carray(local(), BLOCK), nb.carray(local(), BLOCK)
    bend, by_tau = nb.carray(local(), BLOCK), nb.carray(local(), BLOCK)
    first, second = nb.carray(local(), BLOCK), nb.carray(local(), BLOCK)
    for i in range(n):
        total[i], slope[i], squares[i], bend[i], by_tau[i], first[i], second[i] = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(nodes.shape[0]):
        x, log_weight = nodes[k], log_weights[k] + 0.5 * nodes[k] * nodes[k]
        for i in range(n):
            at = z[i] + s[i] * x
            value, by_eta, weight, by_first, by_second = guarded(density(y[i], t[i], eta[i] + tau * at, aux))
            share = exp(log_weight + value - 0.5 * at * at - top[i])
            total[i] += share
            slope[i] += share * by_eta
            squares[i] += share * by_eta * by_eta
            bend[i] += share * weight
            by_tau[i] += share * by_eta * at
            first[i] += share * by_first
            second[i] += share * by_second
    value, first_bar, second_bar, tau_bar = 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        share = 1.0 / total[i]
        by_eta, weight = slope[i] * share, bend[i] * share
        information = weight - (squares[i] * share - by_eta * by_eta)  # E[I] − Var[slope] is −∂²/∂η²
        slope[i] = by_eta
        bend[i] = information if information > 0.0 else weight / (1.0 + tau * tau * weight)
        first_bar += w[i] * first[i] * share
        second_bar += w[i] * second[i] * share
        tau_bar += w[i] * by_tau[i] * share
        value += w[i] * (top[i] + log(s[i] * total[i]))
    for i in range(n):
        slopes[i], weights[i] = slope[i], bend[i]
    bars[0] += first_bar
    bars[1] += second_bar
    bars[2] += tau_bar
    return value


@plain
def _tangent(density, y, t, eta, aux, tau, at):
    """(value, slope) of log p(y | η + τ z) − ½z² at one place."""
    value, by_eta, _, _, _ = guarded(density(y, t, eta + tau * at, aux))
    return value - 0.5 * at * at, tau * by_eta - at


@plain
def draw(density, rng, y, t, eta, aux, tau, start, effects):
    """Exact draws of τz of n ≤ BLOCK rows, for a density that is log-concave in η; returns whether all were found.

    Rejection below a hat of three pieces: flat at the mode, exponential beyond tangents about one s away from it
    (Devroye 1986, VII.2).
    """
    n = y.shape[0]
    z, s, top, far = (
        nb.carray(local(), BLOCK),
        nb.carray(local(), BLOCK),
        nb.carray(local(), BLOCK),
        nb.carray(local(), BLOCK),
    )
    a, left, b, right = (
        nb.carray(local(), BLOCK),
        nb.carray(local(), BLOCK),
        nb.carray(local(), BLOCK),
        nb.carray(local(), BLOCK),
    )
    _approach(density, n, y, t, eta, aux, tau, start, CLOSER, z, s, top, far)
    for i in range(n):
        s[i] = math.sqrt(s[i])
    for i in range(n):
        if not (far[i] < CLOSER * CLOSER and top[i] > -np.inf):
            z[i], s[i], _ = mode(density, y[i], t[i], eta[i], aux, tau, begun(start[i], tau), CLOSER)
    for i in range(n):
        value, _ = _tangent(density, y[i], t[i], eta[i], aux, tau, z[i])
        top[i] = value + 1e-6  # the mode is not exact
        value, left[i] = _tangent(density, y[i], t[i], eta[i], aux, tau, z[i] - AWAY * s[i])
        a[i] = z[i] - AWAY * s[i] + (top[i] - value) / left[i]  # where the tangents reach the top
        value, right[i] = _tangent(density, y[i], t[i], eta[i], aux, tau, z[i] + AWAY * s[i])
        b[i] = z[i] + AWAY * s[i] + (top[i] - value) / right[i]
    return _below(density, rng, y, t, eta, aux, tau, (top, a, left, b, right), effects)


@plain
def _below(density, rng, y, t, eta, aux, tau, hats, effects):
    """Draws by rejection below ``top`` from a to b and exponentials beyond; NaN where there is no hat.

    Rows that were refused are tried together again, a thousand times at most.

    Parameters
    ----------
    hats : tuple of arrays
        (top, a, slope of the left tangent, b, slope of the right one); overwritten.
    """
    top, a, left, b, right = hats
    ys, ts, etas, row = (
        nb.carray(local(), BLOCK),
        nb.carray(local(), BLOCK),
        nb.carray(local(), BLOCK),
        nb.carray(local(), BLOCK),
    )
    where, beyond, bar, x = (
        nb.carray(local(), BLOCK),
        nb.carray(local(), BLOCK),
        nb.carray(local(), BLOCK),
        nb.carray(local(), BLOCK),
    )
    rest = y.shape[0]
    for i in range(rest):
        ys[i], ts[i], etas[i], row[i] = y[i], t[i], eta[i], i
        effects[i] = np.nan
    for _ in range(1000):
        for i in range(rest):
            where[i] = rng.random()
            beyond[i] = rng.standard_exponential()
            bar[i] = rng.standard_exponential()
        for i in range(rest):
            mass_left, mass_flat = 1.0 / left[i], b[i] - a[i]
            v = where[i] * (mass_left + mass_flat - 1.0 / right[i]) - mass_left
            tail = (v < 0.0) | (v >= mass_flat)
            at = a[i] - beyond[i] * mass_left if v < 0.0 else b[i] - beyond[i] / right[i]
            at = at if tail else a[i] + v
            value, _ = _tangent(density, ys[i], ts[i], etas[i], aux, tau, at)
            x[i] = at
            bar[i] = value - (top[i] - (beyond[i] if tail else 0.0) - bar[i])
        refused = 0
        for i in range(rest):
            hat = left[i] > 0.0 and right[i] < 0.0 and a[i] < b[i]
            if hat and bar[i] >= 0.0:
                effects[int(row[i])] = tau * x[i]
            elif hat:
                ys[refused], ts[refused], etas[refused], row[refused] = ys[i], ts[i], etas[i], row[i]
                top[refused], a[refused], left[refused] = top[i], a[i], left[i]
                b[refused], right[refused] = b[i], right[i]
                refused += 1
        rest = refused
        if rest == 0:
            break
    found = True
    for i in range(y.shape[0]):
        found = found and effects[i] == effects[i]
    return found
