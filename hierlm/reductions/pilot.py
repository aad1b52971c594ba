"""Finding working weights, scores and sampling coordinates for a whitened problem."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hierlm.graph.evaluate import evaluate
from hierlm.kernels import pilot
from hierlm.kernels.observations import FIELDS, observations
from hierlm.kernels.packing import floats
from hierlm.kernels.parameters import parameters
from hierlm.kernels.problem import moments, structure_of
from hierlm.links import Link
from hierlm.reductions.arrangement import Rows
from hierlm.reductions.centre import centre, find_mode
from hierlm.reductions.statistics import cross_products
from hierlm.reductions.theta import start_of

__all__ = ["prepare"]

Floats = NDArray[np.float64]
ROUNDS = 8
"""Of weights given θ and θ given weights; they need not converge."""

NEWTON, SHORTEST = 50, 1e-6
"""Steps at most, and the shortest part of one that is tried."""


def prepare(buffer: Floats, link: Link, *, signed: bool = True) -> None:
    """Write weights, scores, û and coordinates of θ into a packed problem.

    Parameters
    ----------
    buffer : array, changed
    link : Link
        Of the mean: the first weights are those of predictors at the link of the responses.
    signed : bool
        Whether sds may be sampled with a sign.
    """
    theta = start_of(parameters(buffer))
    u = _first_effects(theta, buffer, link)
    for _ in range(ROUNDS):
        u = _mode_of_effects(theta, buffer, u)
        before, theta = theta, find_mode(pilot.log_density, buffer, theta)
        if np.all(np.abs(theta - before) < 0.02):
            break
    _mode_of_effects(theta, buffer, u)
    centre(pilot.log_density, buffer, theta, signed=signed)


def _first_effects(theta: Floats, buffer: Floats, link: Link) -> Floats:
    """Effects that fit g((y + ȳ)/2), drawn half way to the mean to keep zeros and ones inside."""
    o = observations(buffer, structure_of(buffer).columns)
    shares = o.y / np.where(o.trials > 0, o.trials, 1.0)
    etas = evaluate(link.link, mu=(shares + shares.mean()) / 2.0)
    _reweighted(theta, buffer, np.where(np.isfinite(etas), etas, o.offset))
    u = np.zeros(structure_of(buffer).columns)
    pilot.newton_step(theta, buffer, u)
    return u


def _reweighted(theta: Floats, buffer: Floats, etas: Floats) -> float:
    """Weights and scores at given predictors, with what follows from them, into the buffer; Σ log p(y | η)."""
    structure = structure_of(buffer)
    o = observations(buffer, structure.columns)
    weights, scores = np.zeros(len(o.y)), np.zeros(len(o.y))
    fit = float(pilot.row_quantities(theta, buffer, etas, weights, scores))
    S, r = moments(buffer)
    columns, Z, X = (np.ascontiguousarray(a.T) for a in (o.columns, o.Z, o.X))
    S[:], r[:] = cross_products(structure, Rows(columns, Z, X, o.offset), weights, scores)
    return fit


def _objective(theta: Floats, buffer: Floats, u: Floats) -> float:
    """log p(y | u) + log p(u | θ) but for a constant, with weights and scores of u left in the buffer; −∞ for NaN."""
    value = _reweighted(theta, buffer, pilot.predictors(buffer, u)) - 0.5 * pilot.squared_length(theta, buffer, u)
    return float(value) if np.isfinite(value) else -np.inf


def _mode_of_effects(theta: Floats, buffer: Floats, u: Floats) -> Floats:
    """The mode of the effects at θ by Newton's method, from ``u`` or from zero, whichever is better.

    A step that does not raise the density is halved.  û with its weights and scores is left in the buffer.
    """
    best, value = u, _objective(theta, buffer, u)
    nothing = np.zeros_like(u)
    at_zero = _objective(theta, buffer, nothing)
    if at_zero >= value:
        best, value = nothing, at_zero
    else:
        _objective(theta, buffer, best)
    for _ in range(NEWTON):
        goal = best.copy()
        if not pilot.newton_step(theta, buffer, goal):
            break
        step, gained = 1.0, 0.0
        while step > SHORTEST:
            trial = best + step * (goal - best)
            gained = _objective(theta, buffer, trial) - value
            if gained > 0.0:
                best, value = trial, value + gained
                break
            step /= 2.0
        if not gained > 1e-6 * (1.0 + abs(value)):
            break
    _objective(theta, buffer, best)
    floats(buffer, FIELDS + 1)[:] = best
    return best
