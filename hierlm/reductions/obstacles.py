"""Which priors and structures kernels cannot deal with."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator

from hierlm import names
from hierlm.model import Model
from hierlm.model.assignment import AnyPrior
from hierlm.priors.dirichlet import Dirichlet
from hierlm.priors.fixed import Fixed
from hierlm.priors.joint import Conditional
from hierlm.priors.lkj import LKJ
from hierlm.priors.prior import Prior
from hierlm.reductions.relations import relation_obstacles

__all__ = ["prior_obstacles", "structure_obstacles"]


def prior_obstacles(model: Model, *, normal: Collection[str] = ()) -> Iterator[str]:
    """Which priors kernels cannot deal with, one sentence each; those of correlated residuals are no matter here.

    Parameters
    ----------
    normal : collection of str
        Variables of coefficients that must be normal, since they are integrated out.
    """
    for a in (a for a in model.assignments if a.variable != names.RESIDUAL):
        why = _obstacle(a.kind, a.prior, a.variable in normal)
        if why is not None:
            yield f"the prior of {a.name} is {a.prior}, but {why}"


def _obstacle(kind: str, prior: AnyPrior, normal: bool) -> str | None:
    if isinstance(prior, Fixed):
        return None
    if isinstance(prior, Conditional | Dirichlet):
        return "joint priors of several parameters have no kernel"
    if kind == "bounded":
        return "numbers with bounds of their own have no kernel"
    if isinstance(prior, LKJ) or kind == "correlation":
        return None if isinstance(prior, LKJ) and kind == "correlation" else "correlations have a kernel for LKJ only"
    if kind in ("coefficient", "intercept", "real"):
        if normal:
            known = prior.name == "Normal" and set(prior.arguments) == {"mu", "sigma"}
            return None if known else "a coefficient that is integrated out needs Normal(mu, sigma)"
        return None if prior.unbounded else f"kernels sample coefficients on the whole real line, {_not_on(prior)}"
    if prior.support != (0.0, math.inf):
        return f"kernels sample positive parameters on (0, ∞), {_not_on(prior)}"
    return None


def _not_on(prior: Prior) -> str:
    """A density that ends somewhere would end trajectories there: NUTS would report divergences."""
    lower, upper = (f"{end:.4g}".replace("inf", "∞") for end in prior.support)
    return f"not on ({lower}, {upper})"


def structure_obstacles(model: Model, *, related: bool = False, correlated: bool = False) -> Iterator[str]:
    """Which group blocks kernels cannot deal with, one sentence each.

    Parameters
    ----------
    related : bool
        Whether the kernel takes levels that are related.
    correlated : bool
        Whether it knows about correlated residuals.
    """
    response = model.responses[0].name
    if model.residual is not None and not correlated:
        yield f"residuals are correlated, {model.residual.label}"
    for group in model.scales:
        yield f"the standard deviation of {group} has a formula of its own"
    for block in (*model.blocks, *model.smooths):
        k = len(block.effects)
        if any((p.response, p.parameter) != (response, names.MEAN) for p in block.pieces):
            yield f"effects of {block.group} reach beyond the mean"
        if block.covariance.structured(k):
            yield f"the structure {block.label} of {block.group} has no kernel"
        if block.relation is not None and not related:
            yield f"the levels of {block.group} are related by {block.related_by}"
        if block.members is not None:
            yield f"rows belong to several levels of {block.group}"
        if block.covariance.correlated(k) and block.covariance.correlation_kernel(k) is None:
            yield f"the structure {block.structure} of {block.group} has no kernel"
        if list(block.columns) != list(range(block.columns[0], block.columns[0] + k)):
            yield f"the effects of {block.group} are interleaved"
    if related:
        yield from relation_obstacles(model)
