"""By what the standard deviations of each level are multiplied, draw by draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hierlm import names

if TYPE_CHECKING:
    from hierlm.model import Model
    from hierlm.posterior.linear import Draws

__all__ = ["factors_at", "level_factors"]

Floats = NDArray[np.float64]


def level_factors(model: Model, draws: Draws, group: str) -> Floats | None:
    """exp(X γ) of every level of a grouping, (sample, level); None where its standard deviations have no formula."""
    scale = model.scales.get(group)
    return None if scale is None else factors_at(model, draws, group, scale.X)


def factors_at(model: Model, draws: Draws, group: str, X: Floats) -> Floats:
    """The same for any levels, from their columns X (level, column)."""
    labels = model.scales[group].labels
    gamma = draws.labelled(names.scale(group), **{names.scale_dim(group): labels})
    return np.asarray(np.exp(np.einsum("sq,jq->sj", gamma, X)))
