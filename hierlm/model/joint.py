"""Joint priors in a model: who their members are, and the rows of their hyperparameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hierlm import names
from hierlm.errors import PriorError
from hierlm.model.assignment import Assignment
from hierlm.model.scales import link_scale
from hierlm.model.values import GroupBlock, ModelPredictor, ModelResponse
from hierlm.priors.defaults import nonzero_rms
from hierlm.priors.joint import Bound, Conditional, Hyper, JointPrior, Member
from hierlm.priors.joint.joint import COEFFICIENT, DEVIATION, RESIDUAL

if TYPE_CHECKING:
    from hierlm.model.model import Model

__all__ = ["bounds_of", "hypers_of", "settle"]


def settle(
    rows: Sequence[Assignment],
    given: Sequence[JointPrior | None],
    responses: Sequence[ModelResponse],
    predictors: Sequence[ModelPredictor],
    blocks: Sequence[GroupBlock],
) -> tuple[Assignment, ...]:
    """The rows with what their members have in place of priors, and behind them those of the hyperparameters.

    Parameters
    ----------
    rows : sequence of Assignment
    given : sequence of JointPrior or None
        Of every row.
    blocks : sequence of GroupBlock
        Those of smooths among them.

    Raises
    ------
    PriorError
        When a joint prior is given to a parameter that it is not of, or two parameters would have one name.
    """
    found, hypers = list(rows), []
    groups: dict[tuple[JointPrior, str], list[int]] = {}
    for i, joint in enumerate(given):
        if joint is not None:
            groups.setdefault((joint, "" if joint.across else rows[i].variable), []).append(i)
    for (joint, _), own in groups.items():
        members = tuple(_member(rows[i], joint, responses, predictors, blocks) for i in own)
        bound = Bound(joint, members, len(responses[0].y))
        for position, i in enumerate(own):
            found[i] = replace(rows[i], prior=Conditional(bound, position))
        source = rows[own[0]].source
        hypers += [Assignment(h.variable, h.label, h.prior, source=source, kind=h.kind) for h in bound.hypers]
    _check_names(found, hypers)
    return (*found, *hypers)


def _check_names(rows: Sequence[Assignment], hypers: Sequence[Assignment]) -> None:
    every = [*(row.name for row in rows), *(h.name for h in hypers)]
    twice = next((name for name in every if every.count(name) > 1), None)
    if twice is not None:
        raise PriorError(
            f"'{twice}' would be the name of two parameters.",
            hint="A model can have one joint prior of this kind: give the same one to all parameters.",
        )


def bounds_of(assignments: Sequence[Assignment]) -> tuple[Bound, ...]:
    """The joint priors of a model with their members, each once."""
    found = [a.prior.bound for a in assignments if isinstance(a.prior, Conditional)]
    return tuple(dict.fromkeys(found))


def hypers_of(model: Model) -> tuple[Hyper, ...]:
    """The hyperparameters of all joint priors of a model."""
    return tuple(h for bound in bounds_of(model.assignments) for h in bound.hypers)


def _member(
    row: Assignment,
    joint: JointPrior,
    responses: Sequence[ModelResponse],
    predictors: Sequence[ModelPredictor],
    blocks: Sequence[GroupBlock],
) -> Member:
    member = _coefficient(row, responses, predictors) or _deviation(row, responses, blocks) or _residual(row, responses)
    if member is None or member.kind not in joint.takes:
        what = {COEFFICIENT: "coefficients", DEVIATION: "standard deviations of groups", RESIDUAL: "the residual sd"}
        intercept = row.kind == "intercept"
        raise PriorError(
            f"'{row.name}' cannot be under {joint}.",
            hint="An intercept has a prior of its own: leave it out of the joint prior."
            if intercept
            else f"It is for {' and '.join(what[k] for k in joint.takes)} of the mean.",
        )
    return member


def _coefficient(
    row: Assignment, responses: Sequence[ModelResponse], predictors: Sequence[ModelPredictor]
) -> Member | None:
    if row.kind != "coefficient":
        return None
    for p in predictors:
        if names.common(p.parameter) == row.variable and row.label in p.labels:
            x = p.X[:, p.labels.index(row.label)]
            size = float(x.std(ddof=1)) if np.ptp(x) > 0 else 1.0
            response = next(r for r in responses if r.name == p.response)
            return Member(row.name, row.variable, COEFFICIENT, size, link_scale(response, p.parameter)[1], p.response)
    return None


def _deviation(row: Assignment, responses: Sequence[ModelResponse], blocks: Sequence[GroupBlock]) -> Member | None:
    for block in blocks:
        if names.sd(block.group) != row.variable or row.kind != "positive":
            continue
        for shared in block.covariance.sd_groups(len(block.effects)):
            labels = [label for label, own in block.scales if set(own) <= set(shared)]
            if row.label is not None and row.label not in labels:
                continue
            piece = next(p for p in block.pieces if shared[0] in p.effects)
            Z = piece.Z if row.label is None else piece.Z[:, [piece.effects.index(shared[0])]]
            size = nonzero_rms(np.sqrt((Z**2).sum(axis=1)))
            response = next(r for r in responses if r.name == piece.response)
            if piece.parameter != names.MEAN:
                return None
            spread = link_scale(response, piece.parameter)[1]
            return Member(row.name, row.variable, DEVIATION, size, spread, piece.response)
    return None


def _residual(row: Assignment, responses: Sequence[ModelResponse]) -> Member | None:
    for r in responses:
        if r.family.residual_scale == row.variable and row.label == r.label and row.variable in r.free:
            return Member(row.name, row.variable, RESIDUAL, 1.0, link_scale(r, names.MEAN)[1], r.name)
    return None
