"""Joint priors in the graph: hyperparameters, and their members as functions of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pymc as pm

from hierlm import names
from hierlm.graph.observation import free_parameters
from hierlm.graph.vectors import Given, vector
from hierlm.model.joint import bounds_of
from hierlm.model.model import Model
from hierlm.priors.dirichlet import Dirichlet
from hierlm.priors.joint import Bound, Conditional
from hierlm.priors.joint.joint import COEFFICIENT

__all__ = ["Settled", "settled"]

Tensor = Any
Free = Mapping[tuple[str, str], Tensor]


@dataclass(frozen=True, eq=False)
class Settled:
    """A model whose members of joint priors have their values in place of priors.

    Parameters
    ----------
    model : Model
    free : mapping or None
        Parameters of the responses, where they had to be made before.
    """

    model: Model
    free: Free | None = None


def settled(model: Model) -> Settled:
    """Add hyperparameters, and what members are made of, to the PyMC model on the context stack.

    A coefficient is scale × z with z ~ N(0, 1) (``b__raw``); a standard deviation is its scale.
    """
    bounds = bounds_of(model.assignments)
    if not bounds:
        return Settled(model)
    free = free_parameters(model) if any(b.joint.residual for b in bounds) else None
    values: dict[str, Given] = {}
    for bound in bounds:
        values |= _members(model, bound, free)
    assignments = tuple(
        replace(a, prior=values[a.name]) if isinstance(a.prior, Conditional) else a  # type: ignore[arg-type]
        for a in model.assignments
    )
    made = object.__new__(Model)
    made.__dict__.update({**vars(model), "assignments": assignments})
    return Settled(made, free)


def _members(model: Model, bound: Bound, free: Free | None) -> dict[str, Given]:
    scales = bound.joint.scales(bound.members, _hypers(bound), _residual(model, bound, free))
    moving = [i for i, m in enumerate(bound.members) if m.kind == COEFFICIENT]
    if moving:
        name = names.internal(bound.members[moving[0]].variable, "raw")
        z = pm.Normal(name, 0.0, 1.0, shape=len(moving))
        scales = scales * z if len(moving) == len(bound.members) else scales[moving].inc(scales[moving] * (z - 1.0))
    return {
        member.name: Given(scales[position], Conditional(bound, position).typical())
        for position, member in enumerate(bound.members)
    }


def _hypers(bound: Bound) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    hypers = bound.hypers
    for variable in dict.fromkeys(h.variable for h in hypers):
        own = [h for h in hypers if h.variable == variable]
        first = own[0].prior
        if isinstance(first, Dirichlet):
            found[variable] = first.shares(variable, dims=names.row_dim(variable))
        elif own[0].label is None:
            found[variable] = first.build(variable)
        else:
            priors = [h.prior for h in own if not isinstance(h.prior, Dirichlet)]
            found[variable] = vector(variable, names.row_dim(variable), priors)
    return found


def _residual(model: Model, bound: Bound, free: Free | None) -> Tensor:
    """The residual standard deviation of the members' response; the spread of the response where it has none."""
    member = bound.members[0]
    response = next(r for r in model.responses if r.name == member.response)
    scale = response.family.residual_scale
    if free is None or scale is None or (response.name, scale) not in free:
        return np.float64(member.spread)
    return free[response.name, scale]
