"""What a reduction's coordinates mean: the effects at a point, and how its density relates to that of the model."""

from __future__ import annotations

import numpy as np
from scipy import stats

import hierlm as hl
from hierlm import names
from hierlm.kernels.parameters import parameters
from hierlm.reductions.gaussian_marginal import GaussianMarginal
from hierlm.reductions.reduction import Problem, Reduction
from hierlm.reductions.whitened import Whitened
from tests.unit.reductions.dense import Natural
from tests.unit.reductions.gaussian_models import conditional
from tests.unit.reductions.whitened_models import whitening


def thetas(data: np.ndarray) -> int:
    """How many of the coordinates are those of θ."""
    return len(parameters(data).centre)


def effects(
    reduction: Reduction, model: hl.Model, problem: Problem, data: np.ndarray, zeta: np.ndarray, n: Natural
) -> tuple[np.ndarray, float]:
    """Effects u, and the log density of what is sampled less that of (θ, standardised effects) of the graph."""
    place, rng = problem.place, np.random.default_rng(5)
    scale = sum(j * np.log(np.abs(np.diag(part))).sum() for j, part in zip(place.levels, n.scaled, strict=True))
    if isinstance(reduction, GaussianMarginal):
        mean, covariance = conditional(model, place, n)
        u = rng.multivariate_normal(mean, covariance)
        return u, -scale - float(stats.multivariate_normal(mean, covariance).logpdf(u))
    if isinstance(reduction, Whitened):
        factor, L, c = whitening(model, place, data, n)
        return factor @ np.linalg.solve(L.T, c + zeta[thetas(data) :]), -np.log(np.diag(L)).sum()
    draw = reduction.recover(model, problem, zeta[None, None], 1).isel(chain=0, draw=0)
    b = draw["b"].to_numpy() - place.means
    return np.concatenate([*(draw[names.effects(g)].to_numpy().ravel() for g in place.groups), b[place.free]]), -scale
