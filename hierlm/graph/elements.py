"""Family parameters of several elements, such as thresholds: one prior for all elements, and their order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray
from pymc.distributions.shape_utils import rv_size_is_none

from hierlm import names
from hierlm.families.family import Vector
from hierlm.graph.vectors import vector
from hierlm.model.model import Model
from hierlm.model.values import ModelResponse
from hierlm.priors.prior import Prior

__all__ = ["element_labels", "vector_parameters"]

Tensor = Any


def element_labels(model: Model) -> dict[str, list[str]]:
    """Every dimension of elements with its labels, those of all responses in a row."""
    found: dict[str, list[str]] = {}
    for response in model.responses:
        for name, labels in response.elements.items():
            found.setdefault(names.element_dim(name), []).extend(labels)
    return found


def vector_parameters(model: Model) -> dict[tuple[str, str], Tensor]:
    """Add ``thresholds`` to the PyMC model: (response, parameter) → (k,) variable.

    Of several responses each has a variable of its own, gathered under the parameter's name.
    """
    found: dict[tuple[str, str], Tensor] = {}
    for name in dict.fromkeys(name for r in model.responses for name in r.elements):
        owners = [r for r in model.responses if name in r.elements]
        priors = {a.label: a.prior for a in model.assignments if a.variable == name}
        alone = len(model.responses) == 1
        for i, owner in enumerate(owners):
            prior = priors[owner.label]
            assert isinstance(prior, Prior)
            own = name if alone else names.internal(name, i)
            found[owner.name, name] = _variable(own, names.element_dim(name) if alone else None, owner, name, prior)
        if not alone:
            together = pt.concatenate([found[owner.name, name] for owner in owners])
            pm.Deterministic(name, together, dims=names.element_dim(name))
    return found


def _variable(own: str, dim: str | None, response: ModelResponse, name: str, prior: Prior) -> Tensor:
    declared: Vector = next(v for v in response.family.vectors if v.name == name)
    k = len(response.elements[name])
    dims = {"dims": dim} if dim is not None else {}
    if not declared.ordered:
        return vector(own, dim, [prior] * k) if dim is not None else prior.build(own, shape=k)
    start = response.family.starts(response.y, response.links[names.MEAN], response.categories)[name]
    return pm.CustomDist(own, **_ordered(prior, k, start), **dims)


def _ordered(prior: Prior, k: int, start: NDArray[np.float64]) -> dict[str, Any]:
    """k numbers drawn from one prior and sorted: their density is k! Π p(τ_j) where they increase."""

    def draw(size: Tensor) -> Tensor:
        shape = (k,) if rv_size_is_none(size) else (*tuple(size), k)
        return pt.sort(prior.dist(size=shape), axis=-1)

    def log_density(value: Tensor) -> Tensor:
        density = pm.logp(prior.dist(), value).sum(axis=-1) + math.lgamma(k + 1)
        return pt.switch(pt.all(value[..., 1:] > value[..., :-1], axis=-1), density, -np.inf)

    return {
        "dist": draw,
        "logp": log_density,
        "signature": "->(k)",
        "class_name": f"Ordered{prior.name}",
        "support_point": lambda *_: pt.constant(start),
        "default_transform": pm.distributions.transforms.ordered,
    }
