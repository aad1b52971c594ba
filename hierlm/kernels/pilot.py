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
from hierlm.kernels.scaling import divided, times

__all__ = ["log_density", "newton_step", "predictors", "row_quantities", "squared_length"]

MODE = FIELDS + 1
"""The field of û."""


@nb.njit(cache=True, nogil=True)
def log_density(zeta, buffer, gradient):
    """The pilot's log density of θ and its gradient."""
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
    back_parameters(theta, p, values, C, F_bar, by_sd, aux_bar, positives, gradient)
    return logp


@nb.njit(cache=True, nogil=True)
def _row_parameters(o, positives, values):
    log_aux = np.zeros(2)
    for i in range(o.aux):
        log_aux[i] = math.log(positives[i])
    return log_aux, abs(values[o.deviation]) if o.deviation >= 0 else 0.0


@nb.njit(cache=True, nogil=True)
def row_quantities(zeta, buffer, etas, weights, scores):
    """Working weights and scores of the rows at θ and linear predictors; returns Σ log p(y | η).

    Where an effect of every row is integrated out, the modes from which its search begins are remembered.
    """
    p, st = parameters(buffer), structure_of(buffer)
    _, values, _, _, positives = constrained(pick(zeta, p), p)
    o = observations(buffer, st.columns)
    log_aux, tau = _row_parameters(o, positives, values)
    return working(o, etas, log_aux, tau, weights, scores, o.start)


@nb.njit(cache=True, nogil=True)
def predictors(buffer, u):
    """η of every row."""
    o = observations(buffer, u.shape[0])
    etas = np.empty(o.y.shape[0])
    predict(o, u, 0, etas)
    return etas


@nb.njit(cache=True, nogil=True)
def newton_step(zeta, buffer, u):
    """u ← the mode of the effects for the weights and scores in the buffer; returns whether there is one."""
    p, st = parameters(buffer), structure_of(buffer)
    _, _, _, F, _ = constrained(pick(zeta, p), p)
    S, r = moments(buffer)
    V, x = np.empty(S.shape[0]), np.empty(st.columns)
    if not solved(F, st, S, r, V, x)[0]:
        return False
    solve_upper(V, st, x)
    times(F, st, x, u)
    return True


@nb.njit(cache=True, nogil=True)
def squared_length(zeta, buffer, u):
    """|Λ⁻¹u|², minus twice the log prior density of the effects but for a constant."""
    p, st = parameters(buffer), structure_of(buffer)
    _, _, _, F, _ = constrained(pick(zeta, p), p)
    x = np.empty(st.columns)
    divided(F, st, u, x)
    return np.sum(x * x)
