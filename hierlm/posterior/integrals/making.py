"""Batches of units: what their effects w ~ N(0, I) do to the linear predictors of their rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hierlm.posterior.integrals.batch import Batch, IndependentBatch, Parts
from hierlm.posterior.integrals.correlated import CorrelatedLikelihood, correlated_batch
from hierlm.posterior.integrals.likelihood import Likelihood, Predictor
from hierlm.posterior.integrals.units import Units
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, Rows, linear_predictor

__all__ = ["AnyLikelihood", "make_batch"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
AnyLikelihood = Likelihood | CorrelatedLikelihood


def make_batch(
    rows: Rows, draws: Draws, likelihoods: Sequence[AnyLikelihood], units: Units, new: NewLevels, at: Ints, d: int
) -> Batch:
    """Units of n rows and d effects each, at all draws.

    Parameters
    ----------
    at : (J, n) int array
        Their rows.
    """
    others = tuple(g for g in dict.fromkeys(b.group for b in rows.blocks) if g not in units.groupings)
    base: dict[Predictor, Floats] = {}
    for k in likelihoods:
        for p in (*k.moving, *k.still):
            eta = linear_predictor(rows, draws, k.response.name, p, at.ravel(), others, new)
            base[k.response.name, p] = eta.reshape(draws.size, *at.shape)
    moving = [(k.response.name, p) for k in likelihoods for p in k.moving]
    columns = {predictor: np.zeros((draws.size, *at.shape, d)) for predictor in moving}
    place = np.indices(at.shape)
    for block in rows.blocks:
        if block.group not in units.groupings:
            continue
        labels, root = new.labels(block.group), new.root(block.group)
        first = units.slots[block.group][at]
        for piece in block.pieces:
            A = columns[piece.response, piece.parameter]
            own = [labels.index(block.effects[e]) for e in piece.effects]
            weights = np.einsum("jnk,ske->sjne", piece.Z[at], root[:, own, :])
            for e in range(len(labels)):
                A[:, place[0], place[1], first + e] += weights[..., e]
    parts = Parts(at, np.arange(draws.size), base, columns, d)
    if rows.correlated is not None:
        (correlated,) = likelihoods
        assert isinstance(correlated, CorrelatedLikelihood)
        return correlated_batch(parts, correlated)
    return IndependentBatch(*parts, [k for k in likelihoods if isinstance(k, Likelihood)])
