"""One normal effect of a row integrated out by adaptive Gauss–Hermite quadrature, and drawn given the rest.

log ∫ p(y | η + τ z) φ(z) dz with nodes x_k and weights w_k of ∫ f(x) φ(x) dx ≈ Σ w_k f(x_k), moved to z_k = ẑ + s x_k
with the mode ẑ and s² = 1/(1 + τ² I), I the curvature there:

    log Σ_k exp(log w_k + log s + ½x_k² − ½z_k² + log p(y | η + τ z_k)).

Derivatives are the averages of those of the integrand (Fisher's identity).  Source: Pinheiro & Bates (1995).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from hierlm.kernels.calling import call_response

__all__ = ["Quadrature", "draw", "integrate"]

NEWTON = 60
CLOSE = 0.02
"""Newton's last step in units of s: nodes need not sit exactly at the mode."""


class Quadrature(NamedTuple):
    """Nodes x_k and log w_k of ∫ f(x) φ(x) dx ≈ Σ w_k f(x_k)."""

    nodes: NDArray[np.float64]
    log_weights: NDArray[np.float64]


@nb.njit(cache=True, nogil=True, error_model="numpy")
def mode(address, y, t, eta, aux, tau, start, close, out):
    """ẑ and s of the effect z given its row, and log p(y | η + τ z) − ½z² near ẑ.

    Newton's method inside a bracket: the slope falls with z, so its sign says on which side the mode lies.
    """
    z, s, top, low, high, last = start, 1.0, -np.inf, -np.inf, np.inf, np.inf
    for _ in range(NEWTON):
        value = call_response(address, y, t, eta + tau * z, aux, out)
        top = value - 0.5 * z * z
        slope = tau * out[0] - z  # −z where the density underflows: the way back to 0
        s2 = 1.0 / (1.0 + tau * tau * out[1])
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


@nb.njit(cache=True, nogil=True, error_model="numpy")
def integrate(address, y, t, eta, aux, tau, start, q, out):
    """The log integral and ẑ; out[:5] ← its derivative by η, a working weight, derivatives by aux, and by τ."""
    z, s, top = mode(address, y, t, eta, aux, tau, start, CLOSE, out)
    if not top > -np.inf:
        return -np.inf, z
    total, slope, squares, bend, first, second, by_tau = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(q.nodes.shape[0]):
        x = q.nodes[k]
        at = z + s * x
        value = call_response(address, y, t, eta + tau * at, aux, out) - 0.5 * at * at
        weight = math.exp(q.log_weights[k] + 0.5 * x * x + value - top)
        total += weight
        slope += weight * out[0]
        squares += weight * out[0] * out[0]
        bend += weight * out[1]
        first += weight * out[2]
        second += weight * out[3]
        by_tau += weight * out[0] * at
    slope /= total
    bend /= total
    information = bend - (squares / total - slope * slope)  # E[I] − Var[slope] is −∂²/∂η²
    out[0], out[1] = slope, information if information > 0.0 else bend / (1.0 + tau * tau * bend)
    out[2], out[3], out[4] = first / total, second / total, by_tau / total
    result = top + math.log(s * total)
    return (result if result < np.inf else -np.inf), z


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _tangent(address, y, t, eta, aux, tau, at, out):
    """(value, slope) of log p(y | η + τ z) − ½z² at one place."""
    value = call_response(address, y, t, eta + tau * at, aux, out)
    return value - 0.5 * at * at, tau * out[0] - at


@nb.njit(cache=True, nogil=True, error_model="numpy")
def draw(rng, address, y, t, eta, aux, tau, start, out):
    """An exact draw of z given its row, for a density that is log-concave in η; NaN where none is found.

    Rejection below a hat of three pieces: flat at the mode, exponential beyond tangents about one s away from it
    (Devroye 1986, VII.2).
    """
    z, s, _ = mode(address, y, t, eta, aux, tau, start, 1e-4, out)
    top, _ = _tangent(address, y, t, eta, aux, tau, z, out)
    left, left_slope = _tangent(address, y, t, eta, aux, tau, z - 1.1 * s, out)
    right, right_slope = _tangent(address, y, t, eta, aux, tau, z + 1.1 * s, out)
    if not (left_slope > 0.0 and right_slope < 0.0):
        return np.nan
    top += 1e-6  # the mode is not exact
    a = z - 1.1 * s + (top - left) / left_slope  # where the tangents reach the top
    b = z + 1.1 * s + (top - right) / right_slope
    if not a < b:
        return np.nan
    mass_left, mass_right = 1.0 / left_slope, -1.0 / right_slope
    mass = mass_left + (b - a) + mass_right
    for _ in range(1000):
        v = rng.random() * mass
        if v < mass_left:
            x = a + math.log(max(v / mass_left, 1e-300)) / left_slope
            hat = top + left_slope * (x - a)
        elif v < mass_left + (b - a):
            x = a + (v - mass_left)
            hat = top
        else:
            x = b + math.log(max((mass - v) / mass_right, 1e-300)) / right_slope
            hat = top + right_slope * (x - b)
        value, _ = _tangent(address, y, t, eta, aux, tau, x, out)
        if math.log(max(rng.random(), 1e-300)) <= value - hat:
            return x
    return np.nan
