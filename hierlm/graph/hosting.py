"""Hierarchical centring: a centred block sampled around the common effects of the same columns.

Where a column of Z is also a column of X, its coefficient b and the mean of its group effects r are confounded by the
data: only b + r̄ is known well.  Sampling v_j = b + r_j instead of r_j removes that (Gelfand, Sahu & Carlin 1995,
*Biometrika* 82:479–488).  It is a shift with Jacobian one: the density of r is unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytensor.tensor as pt

from hierlm.model.model import Model
from hierlm.model.values import GroupBlock, ModelPredictor

__all__ = ["Hosting", "hosted_means", "hosting", "mean_shift"]

Tensor = Any


@dataclass(frozen=True)
class Hosting:
    """Which coefficients are sampled inside which group effects.

    Parameters
    ----------
    columns : mapping (response, parameter) → tuple of int
        Columns of X that groups carry; they leave the fixed part of the predictor.
    effects : mapping (grouping, column of ``r_g``) → column of X
    """

    columns: Mapping[tuple[str, str], tuple[int, ...]]
    effects: Mapping[tuple[str, int], int]

    def of(self, predictor: ModelPredictor) -> tuple[int, ...]:
        """The hosted columns of one predictor."""
        return self.columns.get((predictor.response, predictor.parameter), ())


def hosting(model: Model) -> Hosting:
    """Every coefficient goes to the centred block with the fewest levels whose Z has the same column.

    The mean of few levels is what the data say least about, so that is where the confounding is worst.
    """
    columns: dict[tuple[str, str], tuple[int, ...]] = {}
    effects: dict[tuple[str, int], int] = {}
    predictors = {(p.response, p.parameter): p for p in model.predictors}
    for block in sorted((b for b in model.blocks if b.centred and _hosts(b)), key=lambda b: len(b.levels)):
        if len(block.pieces) != 1:
            continue
        (piece,) = block.pieces
        key = (piece.response, piece.parameter)
        for k, effect in enumerate(piece.effects):
            for j in range(predictors[key].X.shape[1]):
                taken = columns.get(key, ())
                if j not in taken and np.array_equal(predictors[key].X[:, j], piece.Z[:, k]):
                    columns[key] = (*taken, j)
                    effects[block.group, block.columns[effect]] = j
                    break
    return Hosting(columns, effects)


def _hosts(block: GroupBlock) -> bool:
    """Whether its effects may be sampled around coefficients."""
    return block.members is None and not block.covariance.structured(len(block.effects))


def mean_shift(predictor: ModelPredictor, hosts: Hosting, b: Tensor) -> Tensor | float:
    """Σ x̄_j b_j over the columns that stay in the fixed part: a hosted intercept is that of centred columns."""
    hosted = hosts.of(predictor)
    if predictor.intercept is None or predictor.intercept not in hosted:
        return 0.0
    means = predictor.X.mean(axis=0)
    means[list(hosted)] = 0.0
    return (pt.constant(means) * b).sum() if np.any(means) else 0.0


def hosted_means(model: Model, block: GroupBlock, hosts: Hosting, effects: Mapping[str, Tensor]) -> dict[int, Tensor]:
    """Column of ``r_g`` → the mean that its sampled values v have; empty without a hosted coefficient."""
    if len(block.pieces) != 1:
        return {}
    (piece,) = block.pieces
    predictor = next(p for p in model.predictors if (p.response, p.parameter) == (piece.response, piece.parameter))
    means: dict[int, Tensor] = {}
    for column in block.columns:
        j = hosts.effects.get((block.group, column))
        if j is not None:
            b = effects[predictor.parameter][predictor.columns]
            means[column] = b[j] + (mean_shift(predictor, hosts, b) if j == predictor.intercept else 0.0)
    return means
