"""Finding working weights, scores and sampling coordinates for a whitened problem."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hierlm.kernels import pilot
from hierlm.kernels.observations import FIELDS, observations
from hierlm.kernels.parameters import parameters
from hierlm.kernels.packing import floats
from hierlm.kernels.problem import moments, structure_of
from hierlm.reductions.arrangement import Rows
from hierlm.reductions.centre import centre, find_mode
from hierlm.reductions.statistics import cross_products
from hierlm.reductions.theta import start_of

__all__ = ["prepare"]

Floats = NDArray[np.float64]
ROUNDS = 8
"""Of weights given θ and θ given weights; they need not converge."""

NEWTON = 25


def prepare(buffer: Floats) -> None:
    """Write weights, scores, û and coordinates of θ into a packed problem."""
    theta = start_of(parameters(buffer))
    u = floats(buffer, FIELDS + 1)
    for _ in range(ROUNDS):
        _mode_of_effects(theta, buffer, u)
        before = theta
        theta = find_mode(pilot.log_density, buffer, theta)
        if np.all(np.abs(theta - before) < 0.02):
            break
    _mode_of_effects(theta, buffer, u)
    centre(pilot.log_density, buffer, theta)


def _mode_of_effects(theta: Floats, buffer: Floats, u: Floats) -> None:
    """Newton's method for the effects at θ, in place, with weights and scores left in the buffer.

    A step that does not raise the joint density is halved; where rounding ends the search the last weights stay.
    """
    structure = structure_of(buffer)
    o = observations(buffer, structure.columns)
    rows = Rows(o.columns, o.Z, o.X, o.offset)
    weights, scores = np.zeros(len(o.y)), np.zeros(len(o.y))
    S, r = moments(buffer)
    fit, norm = pilot.row_quantities(theta, buffer, u, weights, scores), np.inf
    objective = -np.inf
    for _ in range(NEWTON):
        S[:], r[:] = cross_products(structure, rows, weights, scores)
        target = u.copy()
        norm_target = pilot.newton_step(theta, buffer, target)
        if not np.isfinite(norm_target):
            return
        step = 1.0
        while step > 1e-3:
            trial = u + step * (target - u)
            mixed = norm_target if step == 1.0 or not np.isfinite(norm) else (step * np.sqrt(norm_target) + (1.0 - step) * np.sqrt(norm)) ** 2
            fit = pilot.row_quantities(theta, buffer, trial, weights, scores)
            if np.isfinite(fit) and fit - 0.5 * mixed >= objective - 1e-9:
                break
            step /= 2.0
        gained = fit - 0.5 * mixed - objective
        u[:], norm, objective = trial, mixed, fit - 0.5 * mixed
        if gained < 1e-6 * (1.0 + abs(objective)):
            break
    S[:], r[:] = cross_products(structure, rows, weights, scores)
