"""What draws of ζ say about coefficients, parameters, and effects of levels that were integrated out."""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from hierlm.kernels.levels import begun, coefficients_of, inline, levels, mode_of, rows_with
from hierlm.kernels.observations import observations, predict
from hierlm.kernels.parameters import constrained, parameters, pick, without_signs
from hierlm.kernels.problem import structure_of

__all__ = ["draw_levels", "draw_parameters", "modes"]

REFUSALS = 1000
"""Of proposals for one effect, before its draw counts as failed."""

TANGENTS = 1.0
"""How far from the mode, in units of s: the hat of a normal density has then the least mass, 1.32."""


@nb.njit(cache=True, nogil=True, error_model="numpy")
def draw_parameters(zetas, buffer, u):
    """What each draw of ζ means; ``u`` (D, p) is overwritten by the coefficients less their prior means.

    Returns
    -------
    sds (D, n), C (D, G, K, K), positives (D, m)
    """
    p, at = parameters(buffer), levels(buffer)
    D, K = zetas.shape[0], p.centre.shape[0]
    sds, positive = np.empty((D, p.sds.shape[0])), np.empty((D, p.positives.shape[0]))
    Cs = np.empty((D, p.sizes.shape[0], max(p.owner.shape[1], 1), max(p.owner.shape[1], 1)))
    for d in range(D):
        _, values, C, _, positives = constrained(pick(zetas[d, :K], p), p)
        coefficients_of(zetas[d, K:], at, u[d])
        without_signs(p, values, C)
        sds[d], Cs[d], positive[d] = values, C, positives
    return sds, Cs, positive


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _given(zeta, buffer, etas, log_aux, begins):
    """What the effects depend on at ζ, in place: linear predictors without them, log_aux, where searches begin; τ."""
    p, o, at = parameters(buffer), observations(buffer, structure_of(buffer).columns), levels(buffer)
    K, u = p.centre.shape[0], np.empty(at.centre.shape[0])
    _, values, _, _, positives = constrained(pick(zeta[:K], p), p)
    coefficients_of(zeta[K:], at, u)
    predict(o, u, 0, etas)
    for i in range(o.aux):
        log_aux[i] = math.log(positives[i])
    begun(zeta, o, at, begins)
    return abs(values[o.deviation])


@nb.njit(cache=True, nogil=True, error_model="numpy")
def modes(zeta, buffer, effects):
    """``effects`` (J,) ← their modes at ζ."""
    o, at, log_aux = observations(buffer, structure_of(buffer).columns), levels(buffer), np.zeros(2)
    etas, slopes, bars = np.empty(o.y.shape[0]), np.empty(0), np.zeros(3)
    tau = _given(zeta, buffer, etas, log_aux, effects)
    for j in range(effects.shape[0]):
        effects[j] = tau * mode_of(o, at, j, effects[j], etas, tau, log_aux, slopes, bars)[0]


@nb.njit(cache=True, nogil=True, error_model="numpy")
def draw_levels(rng, buffer, zetas, effects):
    """Exact draws of the effects given everything else, for densities that are log-concave in η.

    Rejection below a hat of two exponentials, the tangents on both sides of the mode (Devroye 1986, VII.2).

    Parameters
    ----------
    zetas (D, dimension)
    effects (D, J), overwritten

    Returns
    -------
    (D,) whether all effects of a draw were found
    """
    o, at = observations(buffer, structure_of(buffer).columns), levels(buffer)
    found, n, begins = np.ones(zetas.shape[0], dtype=np.bool_), o.y.shape[0], np.empty(effects.shape[1])
    etas, slopes, bars, log_aux = np.empty(n), np.empty(0), np.zeros(3), np.zeros(2)
    for d in range(zetas.shape[0]):
        tau = _given(zetas[d], buffer, etas, log_aux, begins)
        for j in range(effects.shape[1]):
            z = _drawn(rng, o, at, j, begins[j], etas, tau, log_aux, slopes, bars)
            effects[d, j] = tau * z
            found[d] = found[d] and z == z
    return found


@inline
def _tangent(o, at, j, etas, tau, log_aux, z, slopes, bars):
    """(value, slope) of the log density of the effect z of level j."""
    first, last = at.starts[j], at.starts[j + 1]
    value, by_effect, _ = rows_with(o, at, first, last, etas, tau * z, log_aux, slopes, bars)
    return value - 0.5 * z * z, tau * by_effect - z


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _drawn(rng, o, at, j, begin, etas, tau, log_aux, slopes, bars):
    """A draw of the effect z of level j; NaN after a thousand refusals."""
    z, s, _ = mode_of(o, at, j, begin, etas, tau, log_aux, slopes, bars)
    low, high = z - TANGENTS * s, z + TANGENTS * s
    left, rising = _tangent(o, at, j, etas, tau, log_aux, low, slopes, bars)
    right, falling = _tangent(o, at, j, etas, tau, log_aux, high, slopes, bars)
    if not (rising > 0.0 and falling < 0.0):
        return np.nan
    ridge = (right - left + rising * low - falling * high) / (rising - falling)  # where the tangents meet
    top, share = left + rising * (ridge - low), falling / (falling - rising)  # the left one's share of the mass
    for _ in range(REFUSALS):
        beyond, slope = rng.standard_exponential(), rising if rng.random() < share else falling
        x = ridge - beyond / slope
        value = _tangent(o, at, j, etas, tau, log_aux, x, slopes, bars)[0]
        if top - beyond - rng.standard_exponential() <= value:
            return x
    return np.nan
