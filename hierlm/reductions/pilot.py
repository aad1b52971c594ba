"""Finding working weights, scores and sampling coordinates for a whitened problem."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hierlm.graph.evaluate import evaluate
from hierlm.kernels import pilot
from hierlm.kernels.observations import FIELDS, LOG_WEIGHTS, NODES, observations
from hierlm.kernels.packing import floats, replaced
from hierlm.kernels.parameters import parameters
from hierlm.kernels.problem import moments, structure_of
from hierlm.links import Link
from hierlm.reductions.arrangement import Rows
from hierlm.reductions.centre import centre, find_mode
from hierlm.reductions.observed import quadrature
from hierlm.reductions.statistics import cross_products
from hierlm.reductions.theta import start_of

__all__ = ["enough_nodes", "prepare"]

Floats = NDArray[np.float64]
ROUNDS = 8
"""Of weights given θ and θ given weights; they need not converge."""

NEWTON = 25

CANDIDATES, REFERENCE = (3, 5, 7, 9, 13, 19), 41
"""Nodes that are tried, and those that are believed."""

TOLERANCE = 1e-3
"""Of the log density of all rows together."""


def prepare(buffer: Floats, link: Link, *, signed: bool = True) -> None:
    """Write weights, scores, û and coordinates of θ into a packed problem."""
    theta = start_of(parameters(buffer))
    u = floats(buffer, FIELDS + 1)
    _begin(theta, buffer, link)
    for _ in range(ROUNDS):
        _mode_of_effects(theta, buffer, u)
        before = theta
        theta = find_mode(pilot.log_density, buffer, theta)
        if np.all(np.abs(theta - before) < 0.02):
            break
    _mode_of_effects(theta, buffer, u)
    centre(pilot.log_density, buffer, theta, signed=signed)


def _begin(theta: Floats, buffer: Floats, link: Link) -> None:
    """Weights and scores at the link of the responses, drawn half way to their mean to keep zeros and ones inside."""
    structure = structure_of(buffer)
    o = observations(buffer, structure.columns)
    shares = o.y / np.where(o.trials > 0, o.trials, 1.0)
    etas = evaluate(link.link, mu=(shares + shares.mean()) / 2.0)
    etas = np.where(np.isfinite(etas), etas, o.offset)
    weights, scores = np.zeros(len(o.y)), np.zeros(len(o.y))
    pilot.first_quantities(theta, buffer, etas, weights, scores)
    S, r = moments(buffer)
    S[:], r[:] = cross_products(structure, Rows(o.columns, o.Z, o.X, o.offset), weights, scores)


def enough_nodes(buffer: Floats) -> Floats | None:
    """The problem with as few nodes of quadrature as leave its density unchanged, or None where too many are needed.

    Compared with more than twice as many, at the pilot's mode and two standard deviations away from it on every axis;
    a constant does not count.
    """
    axes = np.eye(len(floats(buffer, 0)))
    points = [0.0 * axes[0], *(2.0 * axes), *(-2.0 * axes)] if len(axes) else []
    exact = np.array([_at(_with_nodes(buffer, REFERENCE), x) for x in points])
    for nodes in CANDIDATES:
        cheaper = _with_nodes(buffer, nodes)
        error = np.array([_at(cheaper, x) for x in points]) - exact
        if np.isfinite(error).all() and np.ptp(error) < TOLERANCE:
            return cheaper
    return None


def _with_nodes(buffer: Floats, nodes: int) -> Floats:
    points, log_weights = quadrature(nodes)
    return replaced(buffer, {NODES: points, LOG_WEIGHTS: log_weights})


def _at(buffer: Floats, zeta: Floats) -> float:
    return float(pilot.log_density(zeta, buffer, np.zeros(len(zeta))))


def _mode_of_effects(theta: Floats, buffer: Floats, u: Floats) -> None:
    """Newton's method for the effects at θ, in place, with weights and scores left in the buffer.

    A step that does not raise the joint density is halved; where rounding ends the search the last weights stay.
    """
    structure = structure_of(buffer)
    o = observations(buffer, structure.columns)
    rows = Rows(o.columns, o.Z, o.X, o.offset)
    weights, scores = np.zeros(len(o.y)), np.zeros(len(o.y))
    S, r = moments(buffer)
    norm, objective = np.inf, -np.inf
    if u.any():  # else the buffer has those of the data
        pilot.row_quantities(theta, buffer, u, weights, scores)
        S[:], r[:] = cross_products(structure, rows, weights, scores)
    for _ in range(NEWTON):
        target = u.copy()
        norm_target = pilot.newton_step(theta, buffer, target)
        if not np.isfinite(norm_target):
            return
        step = 1.0
        while step > 1e-3:
            trial = u + step * (target - u)
            mixed = (
                norm_target
                if step == 1.0 or not np.isfinite(norm)
                else (step * np.sqrt(norm_target) + (1.0 - step) * np.sqrt(norm)) ** 2
            )
            fit = pilot.row_quantities(theta, buffer, trial, weights, scores)
            if np.isfinite(fit) and fit - 0.5 * mixed >= objective - 1e-9:
                break
            step /= 2.0
        gained = fit - 0.5 * mixed - objective
        u[:], norm, objective = trial, mixed, fit - 0.5 * mixed
        S[:], r[:] = cross_products(structure, rows, weights, scores)
        if gained < 1e-6 * (1.0 + abs(objective)):
            break
