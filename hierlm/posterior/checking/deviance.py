"""Deviance residuals of any family: how much better another mean would foresee an observation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.model import Model
from hierlm.model.values import ModelResponse
from hierlm.posterior.correlated import standard
from hierlm.posterior.family_values import family_values
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, Rows, chunks
from hierlm.posterior.response import additions, density_of, free_values, linear_of

__all__ = ["deviance"]

Floats = NDArray[np.float64]
GRID, FINER, ZOOMS, REACH = 601, 41, 6, 15.0
"""Points of the first grid, and of each of those inside its best cell; spreads that the first one reaches."""


def deviance(model: Model, rows: Rows, draws: Draws, response: ModelResponse, fitted: Floats) -> Floats:
    """sign(y − E[y]) √(2 (sup_η log p(y | η) − log p(y | η̂))), (n,).

    η̂ is the posterior mean of the linear predictor of the mean; other parameters are at the posterior means of their
    linear predictors, or at their own.  The supremum is searched within 15 spreads of the response on the link scale,
    by ever finer grids, which needs a density with one mode in η.

    With correlated residuals the densities are those of every row given the rows before it in its block, so that rows
    add up to the deviance of the block; the sign is that of y minus what it was foreseen to be.
    """
    kept, new = tuple(model.groups), NewLevels(model, draws, 0, zero=True)
    if rows.correlated is not None:
        return standard(rows, draws, response, kept, new, means=True).deviance(response.y)[0]
    etas = {p: np.empty(rows.n) for p in response.links}
    for at in chunks(draws.size, rows.n):
        for p, eta in linear_of(rows, draws, response, at, kept, new).items():
            etas[p][at] = eta.mean(axis=0)
    free = {p: v.mean(axis=0, keepdims=True) for p, v in free_values(draws, response).items()}
    given = {a: v for a, v in additions(rows, response, slice(0, rows.n)).items() if a != "weights"}
    y = response.y.astype(np.int64) if response.family.discrete else response.y

    def density(eta: Floats) -> Floats:
        """(m, n) predictors of the mean → log-densities."""
        every = {p: np.broadcast_to(v, eta.shape) for p, v in etas.items()} | {names.MEAN: eta}
        found = family_values(density_of(response), response, given, every, free, y=y)
        return np.where(np.isnan(found), -np.inf, np.broadcast_to(found, eta.shape))

    here = etas[names.MEAN]
    best = np.maximum(_largest(density, here, response), density(here[None])[0])
    weights = response.additions.get("weights", 1.0)
    loss = np.maximum(best - density(here[None])[0], 0.0) * weights
    return np.sign(response.y - fitted) * np.sqrt(2 * loss)


def _largest(density: Callable[[Floats], Floats], here: Floats, response: ModelResponse) -> Floats:
    centre, spread = response.family.link_scale(response.y, response.links[names.MEAN], response.additions)
    a = np.full(len(here), min(centre - REACH * spread, here.min()))
    b = np.full(len(here), max(centre + REACH * spread, here.max()))
    best = np.full(len(here), -np.inf)
    for points in (GRID, *(FINER,) * ZOOMS):
        grid = np.linspace(a, b, points)
        values = density(grid)
        top, every = values.argmax(axis=0), np.arange(len(here))
        best = np.maximum(best, values[top, every])
        a, b = grid[np.maximum(top - 1, 0), every], grid[np.minimum(top + 1, points - 1), every]
    return best
