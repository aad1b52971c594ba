"""Common effects b and the linear predictors' fixed part: offset + X b."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from hierlm import names
from hierlm.graph.hosting import Hosting, mean_shift
from hierlm.graph.transforms import CentredColumns
from hierlm.graph.vectors import vector
from hierlm.model.assign import link_scale
from hierlm.model.model import Model
from hierlm.model.values import ModelPredictor

__all__ = ["common_effects", "fixed_part"]

Tensor = Any

COLUMNWISE = 8
"""Up to this many columns, X b is a sum over columns, which fuses with the rest of the predictor; a matrix product
costs seconds of compilation."""


def common_effects(model: Model, hosts: Hosting) -> dict[str, Tensor]:
    """Add ``b``, ``b_sigma``, … to the PyMC model on the context stack: parameter → variable."""
    effects = {}
    for parameter in dict.fromkeys(p.parameter for p in model.predictors):
        predictors = [p for p in model.predictors if p.parameter == parameter]
        name = names.common(parameter)
        priors: list[Any] = [a.prior for a in model.assignments if a.variable == name]
        if priors:
            transform = CentredColumns(predictors, hosts, [_spread(model, p) for p in predictors])
            effects[parameter] = vector(name, names.common_dim(parameter), priors, transform=transform)
    return effects


def _spread(model: Model, predictor: ModelPredictor) -> float:
    """The spread of the response on the link scale of one predictor; 1 where it has none."""
    response = next(r for r in model.responses if r.name == predictor.response)
    spread = link_scale(response, predictor.parameter)[1]
    return spread if np.isfinite(spread) and spread > 0 else 1.0


def fixed_part(predictor: ModelPredictor, label: str | None, effects: dict[str, Tensor], hosts: Hosting) -> Tensor:
    """Offset + X b of one predictor without its hosted columns, shape (obs,)."""
    X, p = predictor.X, predictor.X.shape[1]
    hosted = hosts.of(predictor)
    eta: Tensor = pt.zeros(X.shape[0])
    if np.any(predictor.offset):
        eta = pm.Data(names.data("offset", label, predictor.parameter), predictor.offset, dims=names.OBS)
    if p == len(hosted):
        return eta
    b = effects[predictor.parameter][predictor.columns]
    eta = eta - mean_shift(predictor, hosts, b)
    if p == 1 and np.all(X == 1):
        return eta + b[0]
    data = pm.Data(names.data("X", label, predictor.parameter), X)
    if p > COLUMNWISE:
        kept = [j for j in range(p) if j not in hosted]
        return eta + (data[:, kept] @ b[kept] if hosted else data @ b)
    for j in range(p):
        if j in hosted:
            continue
        eta = eta + (b[j] if np.all(X[:, j] == 1) else data[:, j] * b[j])
    return eta
