"""Variance functions in the graph: log σ_i = η_i + Σ log g(v_i)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pymc as pm
from numpy.typing import NDArray

from hierlm import names
from hierlm.graph.vectors import vector
from hierlm.model.model import Model
from hierlm.model.values import ModelResponse
from hierlm.model.variances import log_factor

__all__ = ["scaled", "variance_parameters"]

Tensor = Any


def variance_parameters(model: Model) -> dict[str, Tensor]:
    """Add ``varfun`` to the PyMC model on the context stack: label → value; empty without variance functions."""
    rows = [a for a in model.assignments if a.variable == names.VARIANCE]
    if not rows:
        return {}
    variable = vector(names.VARIANCE, names.VARIANCE_DIM, [a.prior for a in rows])  # type: ignore[misc]
    return {str(a.label): variable[i] for i, a in enumerate(rows)}


def scaled(
    model: Model, response: ModelResponse, etas: Mapping[str, Tensor], values: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The linear predictors of one response, with its variance functions added."""
    found = dict(etas)
    mean = response.links[names.MEAN].inverse(etas[names.MEAN]) if names.MEAN in etas else None
    for predictor in model.predictors:
        for part in predictor.variances if predictor.response == response.name else ():
            own = (response.label, predictor.parameter, part.label)
            v, codes = _data("covariate", part.v, *own), _data("stratum", part.codes, *own)
            found[predictor.parameter] = found[predictor.parameter] + log_factor(part, values, mean, v=v, codes=codes)
    return found


def _data(kind: str, values: NDArray[Any] | None, *labels: str | None) -> Tensor:
    """Numbers of the rows as data of the graph, which may be changed; None for None."""
    return None if values is None else pm.Data(names.data(kind, *labels), values, dims=names.OBS)
