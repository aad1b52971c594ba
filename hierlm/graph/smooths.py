"""Penalised parts of smooths: r = sd z, z ~ N(0, 1), and Z r in their predictor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from hierlm import names
from hierlm.graph.transforms import ScaledSoftplus
from hierlm.graph.vectors import Given
from hierlm.model.model import Model
from hierlm.model.values import GroupBlock
from hierlm.priors.fixed import Fixed
from hierlm.priors.prior import Prior

__all__ = ["smooth_effects", "smooth_part"]

Tensor = Any


def smooth_effects(model: Model, block: GroupBlock) -> Tensor:
    """Add ``sd_s(x)``, a number, and ``r_s(x)``, a vector, to the PyMC model on the context stack; the vector."""
    name, dim = names.sd(block.group), names.effect_dim(block.group)
    prior = next(a.prior for a in model.assignments if a.variable == name)
    sd: Tensor
    if isinstance(prior, Fixed):
        sd = pm.Deterministic(name, pt.constant(float(prior.value)))
    elif isinstance(prior, Given):
        sd = prior.build(name)
    else:
        assert isinstance(prior, Prior)
        own = prior.support == ScaledSoftplus.support and prior.on == "value"
        options = {"default_transform": ScaledSoftplus(np.array(prior.typical() / 2.5))} if own else {}
        sd = prior.build(name, **options)
    z = pm.Normal(names.offset_effects(block.group, 0), 0.0, 1.0, dims=dim)
    return pm.Deterministic(names.effects(block.group), sd * z, dims=dim)


def smooth_part(block: GroupBlock, response: str, parameter: str, r: Tensor) -> Tensor | None:
    """Z r of one block in one predictor, shape (obs,); None where it has no part in it."""
    (piece,) = block.pieces
    if (piece.response, piece.parameter) != (response, parameter):
        return None
    dims = (names.OBS, names.effect_dim(block.group))
    return (pm.Data(names.data("Z", block.group), piece.Z, dims=dims) * r).sum(axis=1)
