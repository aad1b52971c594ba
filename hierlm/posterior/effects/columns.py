"""What the columns of a model are for: which explain the response, which only tell the group."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from hierlm.design.column import Column
from hierlm.errors import PredictionError, did_you_mean
from hierlm.model import Model

if TYPE_CHECKING:
    from hierlm.posterior.effects.expectation import Expectation

__all__ = ["check_entering", "column_of", "explaining", "grouping_only", "own_groups"]


def explaining(model: Model, response: str | None = None, parameters: Collection[str] = ()) -> tuple[str, ...]:
    """Columns that the right sides of the formulas name, factors of groupings among them.

    Parameters
    ----------
    response : str, optional
        Of its formulas only.
    parameters : collection of str
        Of the formulas of these parameters only; of all if there are none.
    """
    found = [
        c
        for p in model.design.schema.predictors
        if (response is None or p.key[0] == response) and (not parameters or p.key[1] in parameters)
        for c in p.columns()
    ]
    if response is None:  # formulas for standard deviations of groups
        found += [c for coding in model.design.schema.scales.values() for c in coding.terms.columns]
    return tuple(c for c in dict.fromkeys(found) if c in model.data.columns)


def grouping_only(model: Model) -> set[str]:
    """Columns that only tell which group a row belongs to."""
    used = {c for p in model.design.schema.predictors for c in p.columns(skip=set(model.groups))}
    for plan in model.design.schema.predictors:
        used |= {c for terms in plan.bars for c in terms.columns}
    return {f for b in model.blocks for f in b.factors} - used


def own_groups(model: Model) -> set[str]:
    """Columns that name a level of a grouping, whatever else they do: asked by these, it is the level that is meant."""
    return grouping_only(model) | {b.factors[0] for b in model.blocks if len(b.factors) == 1}


def column_of(model: Model, name: object, *, of: str = "column") -> Column:
    """A column that some formula's right side names.

    Raises
    ------
    PredictionError
        With the nearest names.
    """
    known = explaining(model)
    if name not in known:
        responses = {r.column or r.name for r in model.design.responses}
        hint = "It is the response." if name in responses else did_you_mean(str(name), known)
        raise PredictionError(f"{name!r} is no {of} that explains the response.", hint=hint or "There is none.")
    return model.data[str(name)]


def check_entering(asker: Expectation, name: str) -> None:
    """Refuse a column with which the expectation cannot change.

    Raises
    ------
    PredictionError
    """
    model, own = asker.fit.model, explaining(asker.fit.model, asker.response.name, asker.entering)
    if not asker.linear:  # what the variance of effects depends on, their average depends on
        scales = {g: c for g, c in model.design.schema.scales.items() if g in asker.targets.of("population")}
        own = (*own, *(c for coding in scales.values() for c in coding.terms.columns))
    if name not in own:
        raise PredictionError(
            f"The {asker.quantity} does not depend on {name!r}, which is in another formula.",
            hint=f"It depends on {', '.join(own)}." if own else "It depends on nothing.",
        )
    groups = [b.group for b in model.blocks if name in b.factors]
    if name in grouping_only(model) and not set(groups) & set(asker.targets.of("given")):
        raise PredictionError(
            f"{name!r} only tells which group a row belongs to, and with this target nothing changes with it.",
            hint=f"target='given' compares levels of {', '.join(dict.fromkeys(groups))} with their own effects.",
        )
