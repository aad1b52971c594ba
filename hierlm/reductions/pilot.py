"""Finding working weights, scores and sampling coordinates for a whitened problem."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hierlm.graph.evaluate import evaluate
from hierlm.kernels.callbacks import Called, settle, whitened_callbacks
from hierlm.kernels.observations import observations
from hierlm.kernels.parameters import parameters
from hierlm.kernels.problem import structure_of
from hierlm.links import Link
from hierlm.reductions.centre import centre, find_mode
from hierlm.reductions.theta import start_of

__all__ = ["prepare"]

Floats = NDArray[np.float64]
ROUNDS = 8
"""Of weights given θ and θ given weights; they need not converge."""


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
    density = Called(whitened_callbacks()[0])
    theta, u = start_of(parameters(buffer)), np.zeros(structure_of(buffer).columns)
    settle(theta, buffer, u, _first_predictors(buffer, link))
    for _ in range(ROUNDS):
        before, theta = theta, find_mode(density, buffer, theta)
        settle(theta, buffer, u, np.empty(0))
        if np.all(np.abs(theta - before) < 0.02):
            break
    centre(density, buffer, theta, signed=signed)


def _first_predictors(buffer: Floats, link: Link) -> Floats:
    """g((y + ȳ)/2), drawn half way to the mean to keep zeros and ones inside."""
    o = observations(buffer, structure_of(buffer).columns)
    shares = o.y / np.where(o.trials > 0, o.trials, 1.0)
    etas = evaluate(link.link, mu=(shares + shares.mean()) / 2.0)
    return np.ascontiguousarray(np.where(np.isfinite(etas), etas, o.offset))
