"""Coefficients of covariance structures as variables of the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from hierlm import names
from hierlm.graph.vectors import vector
from hierlm.model.coefficients import coefficient_rows
from hierlm.model.model import Model
from hierlm.model.values import GroupBlock
from hierlm.priors.fixed import Fixed
from hierlm.priors.prior import Prior

__all__ = ["bounded_vector", "coefficient_values", "values_of"]

Tensor = Any
AnyPrior = Prior | Fixed


def coefficient_values(model: Model, blocks: Sequence[GroupBlock]) -> list[dict[str, Tensor]]:
    """Add the coefficients of a grouping's structures to the PyMC model on the context stack.

    Returns
    -------
    list of dict
        For every block: coefficient → its value, a scalar, or a vector where it has labels.
    """
    assigned = {(a.variable, a.label): a for a in model.assignments if a.kind == "bounded"}
    variables: dict[str, Tensor] = {}
    for variable in dict.fromkeys(row.variable for row in coefficient_rows(blocks)):
        mine = [a for (v, _), a in assigned.items() if v == variable]
        priors: list[AnyPrior] = [a.prior for a in mine]  # type: ignore[misc]
        bounds = [a.bounds for a in mine]
        if mine[0].label is None:
            variables[variable] = _scalar(variable, priors[0], bounds[0])
        else:
            variables[variable] = bounded_vector(variable, names.row_dim(variable), priors, bounds)
    return values_of(blocks, variables)


def values_of(blocks: Sequence[GroupBlock], variables: Mapping[str, Tensor]) -> list[dict[str, Tensor]]:
    """Every block's coefficients, picked out of the variables that hold them (their last axis over the rows)."""
    taken: dict[str, int] = dict.fromkeys(variables, 0)
    found: list[dict[str, Tensor]] = []
    rows = coefficient_rows(blocks)
    for block in blocks:
        mine: dict[str, Tensor] = {}
        for name in dict.fromkeys(r.coefficient.name for r in rows if r.block is block):
            own = [r for r in rows if r.block is block and r.coefficient.name == name]
            variable = own[0].variable
            start = taken[variable]
            taken[variable] += len(own)
            if own[0].label is None:
                mine[name] = variables[variable]
            elif own[0].coefficient.label is None:
                mine[name] = variables[variable][..., start]
            else:
                mine[name] = variables[variable][..., start : start + len(own)]
        found.append(mine)
    return found


def _scalar(name: str, prior: AnyPrior, bounds: tuple[float, float]) -> Tensor:
    cut = _cut(prior, bounds)
    if cut is None:
        return prior.build(name)
    return pm.Truncated(name, prior.dist(), lower=cut[0], upper=cut[1])  # type: ignore[union-attr]


def bounded_vector(name: str, dim: str, priors: Sequence[AnyPrior], bounds: Sequence[tuple[float, float]]) -> Tensor:
    """Add numbers between bounds: one variable where no prior is cut off; else one for each number, gathered."""
    if all(_cut(p, b) is None for p, b in zip(priors, bounds, strict=True)):
        return vector(name, dim, priors)
    parts = [_scalar(names.internal(name, i), p, b) for i, (p, b) in enumerate(zip(priors, bounds, strict=True))]
    return pm.Deterministic(name, pt.stack(parts), dims=dim)


def _cut(prior: AnyPrior, bounds: tuple[float, float]) -> tuple[Tensor, Tensor] | None:
    """Where a prior is cut off; None where it does not reach beyond the bounds."""
    if isinstance(prior, Fixed):
        return None
    start, stop = max(bounds[0], prior.support[0]), min(bounds[1], prior.support[1])
    if (start, stop) == prior.support:
        return None
    return tuple(None if np.isinf(end) else np.asarray(end) for end in (start, stop))  # type: ignore[return-value]
