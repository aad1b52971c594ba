"""A rough posterior of θ, from which sampling coordinates are chosen; it never enters the posterior that is sampled.

With working weights and scores held fixed the effects are integrated out as if the likelihood were normal; the
response's further parameters see the effects at their mode û.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from hierlm.kernels.elimination import solve_upper
from hierlm.kernels.marginal import evidence, solved
from hierlm.kernels.observations import FIELDS, likelihood, observations, predict, working
from hierlm.kernels.packing import floats
from hierlm.kernels.parameters import back_parameters, constrained, parameters, pick
from hierlm.kernels.problem import moments, structure_of
from hierlm.kernels.scaling import divided, prior_norm, times
from hierlm.kernels.structure import accumulate, block_of

__all__ = ["log_density", "settle"]

MODE = FIELDS + 1
"""The field of û."""

NEWTON, SHORTEST = 50, 1e-6
"""Steps at most, and the shortest part of one that is tried."""


@nb.njit(cache=True, nogil=True, error_model="numpy")
def log_density(zeta, buffer, gradient):
    """The pilot's log density of θ and its gradient, unless its array is empty."""
    gradient[:] = 0.0
    p, st = parameters(buffer), structure_of(buffer)
    theta = pick(zeta, p)
    total, values, C, F, positives = constrained(theta, p)
    if not total > -np.inf:
        return -np.inf
    S, r = moments(buffer)
    o = observations(buffer, st.columns)
    F_bar, by_sd, aux_bar = np.zeros(F.shape), np.zeros(values.shape[0]), np.zeros(2)
    value, _ = evidence(F, st, S, r, F_bar)
    if o.aux > 0 or o.deviation >= 0:
        log_aux, tau = _row_parameters(o, positives, values)
        rows, tau_bar = likelihood(o, floats(buffer, MODE), log_aux, tau, np.zeros(st.columns), aux_bar)
        value += rows
        if o.deviation >= 0:
            by_sd[o.deviation] = math.copysign(1.0, values[o.deviation]) * tau_bar
    logp = total + value
    if not math.isfinite(logp):
        return -np.inf
    if not gradient.shape[0]:
        return logp
    back_parameters(theta, p, values, C, F_bar, by_sd, aux_bar, positives, gradient)
    return logp


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _row_parameters(o, positives, values):
    log_aux = np.zeros(2)
    for i in range(o.aux):
        log_aux[i] = math.log(positives[i])
    return log_aux, abs(values[o.deviation]) if o.deviation >= 0 else 0.0


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _weigh(theta, buffer, etas):
    """Working weights and scores at θ and linear predictors, and what follows from them, into the buffer; Σ w log p.

    Where an effect of every row is integrated out, the modes from which its search begins are remembered.
    """
    p, st = parameters(buffer), structure_of(buffer)
    _, values, _, _, positives = constrained(pick(theta, p), p)
    o = observations(buffer, st.columns)
    log_aux, tau = _row_parameters(o, positives, values)
    weights, scores = np.empty(o.y.shape[0]), np.empty(o.y.shape[0])
    fit = working(o, etas, log_aux, tau, weights, scores, o.start)
    S, r = moments(buffer)
    S[:] = 0.0
    r[:] = 0.0
    accumulate(st, block_of(st), o.columns.T, o.Z.T, o.X.T, weights, scores, S, r)
    return fit


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _goal(theta, buffer, u):
    """u ← the mode of the effects for the weights and scores in the buffer; returns whether there is one."""
    p, st = parameters(buffer), structure_of(buffer)
    _, _, _, F, _ = constrained(pick(theta, p), p)
    S, r = moments(buffer)
    V, x = np.empty(S.shape[0]), np.empty(st.columns)
    if not solved(F, st, S, r, V, x)[0]:
        return False
    solve_upper(V, st, x)
    times(F, st, x, u)
    return True


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _objective(theta, buffer, u):
    """log p(y | u) + log p(u | θ) but for a constant, with weights and scores of u left in the buffer; −∞ for NaN."""
    p, st = parameters(buffer), structure_of(buffer)
    o = observations(buffer, st.columns)
    etas, x = np.empty(o.y.shape[0]), np.empty(st.columns)
    predict(o, u, 0, etas)
    fit = _weigh(theta, buffer, etas)
    divided(constrained(pick(theta, p), p)[3], st, u, x)
    value = fit - 0.5 * prior_norm(st, x, np.empty(st.columns))
    return value if abs(value) < np.inf else -np.inf


@nb.njit(cache=True, nogil=True, error_model="numpy")
def settle(theta, buffer, u, etas):
    """u ← the mode of the effects at θ by Newton's method, from ``u`` or from zero, whichever is better.

    A step that does not raise the density is halved.  û with its weights and scores is left in the buffer.

    Parameters
    ----------
    etas : (n,) or (0,) array
        Linear predictors whose weights say where to begin, instead of ``u``.
    """
    if etas.shape[0] > 0:
        _weigh(theta, buffer, etas)
        _goal(theta, buffer, u)
    value, nothing = _objective(theta, buffer, u), np.zeros_like(u)
    at_zero = _objective(theta, buffer, nothing)
    if at_zero >= value:
        u[:], value = 0.0, at_zero
    else:
        _objective(theta, buffer, u)
    goal = u.copy()
    for _ in range(NEWTON):
        if not _goal(theta, buffer, goal):
            break
        step, gained = 1.0, 0.0
        while step > SHORTEST:
            trial = u + step * (goal - u)
            gained = _objective(theta, buffer, trial) - value
            if gained > 0.0:
                u[:] = trial
                value += gained
                break
            step /= 2.0
        if not gained > 1e-9 * (1.0 + abs(value)):
            break
    _objective(theta, buffer, u)
    floats(buffer, MODE)[:] = u
