"""The observed variables: family, link and linear predictor put together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm

from hierlm import names
from hierlm.families.family import Predicted
from hierlm.graph.residuals import correlated_response
from hierlm.graph.vectors import vector
from hierlm.links import get_link
from hierlm.model.model import Model
from hierlm.model.residuals import ResidualCorrelation
from hierlm.model.values import ModelResponse

__all__ = ["free_parameters", "observe"]

Tensor = Any


def free_parameters(model: Model) -> dict[tuple[str, str], Tensor]:
    """Add ``sigma``, ``shape``, … without a predictor to the PyMC model: (response, parameter) → scalar."""
    found: dict[tuple[str, str], Tensor] = {}
    for parameter in dict.fromkeys(p for r in model.responses for p in r.free):
        owners = [r.name for r in model.responses if parameter in r.free]
        priors = [a.prior for a in model.assignments if a.variable == parameter]
        if model.responses[0].label is None:
            found[owners[0], parameter] = priors[0].build(parameter)  # type: ignore[union-attr]
        else:
            variable = vector(parameter, names.response_dim(parameter), priors)  # type: ignore[arg-type]
            found |= {(owner, parameter): variable[i] for i, owner in enumerate(owners)}
    return found


def observe(
    response: ModelResponse,
    position: int,
    etas: dict[str, Tensor],
    free: dict[tuple[str, str], Tensor],
    residual: ResidualCorrelation | None = None,
    rescor: Tensor = None,
) -> None:
    """Add the observed variable of one response, ``y`` or ``y_1``, …

    Weights multiply the log-density of their rows, as in brms: Σ_i w_i log p(y_i | …).  Correlated residuals make it
    one variable of all rows, with the coefficients ``rescor``.
    """
    several = response.label is not None
    name = names.response_variable(position, several)
    label = str(position + 1) if several else None
    additions = {
        key: pm.Data(names.data(key, label), values, dims=names.OBS) for key, values in response.additions.items()
    }
    predicted = {p: Predicted(etas[p], link) for p, link in response.links.items()}
    predicted |= {
        p: Predicted(free[response.name, p], get_link("identity")) for p in (*response.free, *response.elements)
    }
    values = response.y.astype(np.int64) if response.family.discrete else response.y
    data = pm.Data(names.data("observed", name), values, dims=names.OBS)
    if residual is None:
        variable = response.family.distribution(additions, **predicted)
    else:
        variable = correlated_response(response, residual, predicted, rescor)
    pm.modelcontext(None).register_rv(variable, name, observed=data, dims=(names.OBS,))
    if "weights" in additions:
        extra = (additions["weights"] - 1.0) * pm.logp(variable, data)
        pm.Potential(names.data("weighting", name), extra.sum())
