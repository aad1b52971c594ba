"""Whether a prior fits its parameter."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hierlm.errors import PriorError
from hierlm.priors.fixed import Fixed
from hierlm.priors.lkj import LKJ
from hierlm.priors.positive import positive_part
from hierlm.priors.prior import Prior
from hierlm.priors.truncation import truncatable

if TYPE_CHECKING:
    from hierlm.model.assignment import Assignment

__all__ = ["fitting"]


def fitting(row: Assignment, key: str, prior: Prior | LKJ | Fixed) -> Prior | LKJ | Fixed:
    """The prior, if it fits the parameter; a normal for a positive parameter is its positive half."""
    if row.kind == "correlation":
        if isinstance(prior, Fixed):
            raise PriorError(f"The correlation '{key}' cannot be fixed.", hint="Use '||' or idh( ) for correlation 0.")
        return prior
    if isinstance(prior, LKJ):
        raise PriorError(f"LKJ is a prior for correlations, and '{key}' is none.", hint="Use hl.Prior(…).")
    if isinstance(prior, Fixed):
        return _fixed(row, key, prior)
    if row.kind == "positive":
        return positive_part(prior)
    if row.kind == "bounded":
        return _inside(row, key, prior)
    if prior.on != "value":
        raise PriorError(
            f"'{key}' has no {prior.on}: on='{prior.on}' is for standard deviations.", hint="Leave 'on' out."
        )
    if row.kind == "probability" and not (prior.support[0] >= 0 and prior.support[1] <= 1):
        raise PriorError(
            f"{prior!r} allows values outside 0 to 1, and '{key}' is a probability.",
            hint='Give one inside, such as hl.Prior("Beta", alpha=2, beta=8).',
        )
    if row.kind == "elements" and not prior.unbounded:
        raise PriorError(
            f"{prior!r} ends somewhere, and '{key}' may lie anywhere.",
            hint='Give a prior on the whole real line, such as hl.Prior("Normal", mu=0, sigma=3).',
        )
    return prior


def _fixed(row: Assignment, key: str, prior: Fixed) -> Fixed:
    """A number that holds a parameter fixed, if that is a value of it."""
    lower, upper = row.bounds
    if not lower < prior.value < upper:
        raise PriorError(
            f"'{key}' lies between {lower:g} and {upper:g}, so it cannot be fixed at {prior.value:g}.",
            hint="Give a number between them.",
        )
    if row.kind == "positive" and prior.value <= 0:
        raise PriorError(
            f"'{key}' must be positive, so it cannot be fixed at {prior.value:g}.",
            hint="Without variation, leave the term out of the formula.",
        )
    if row.kind == "probability" and not 0 < prior.value < 1:
        raise PriorError(
            f"'{key}' is a probability above 0 and below 1, so it cannot be fixed at {prior.value:g}.",
            hint="At 0 the family without that part is the same model.",
        )
    if row.kind == "elements":
        raise PriorError(
            f"'{key}' are several numbers, which one number cannot fix.", hint="Give hl.Prior(…) for them all."
        )
    return prior


def _inside(row: Assignment, key: str, prior: Prior) -> Prior:
    """A prior of a number between bounds; what lies outside is cut off."""
    lower, upper = row.bounds
    if lower >= 0:
        prior = positive_part(prior) if upper == math.inf else prior
    elif prior.on != "value":
        raise PriorError(f"'{key}' has no {prior.on}.", hint="Leave 'on' out.")
    start, stop = max(lower, prior.support[0]), min(upper, prior.support[1])
    if not start < stop:
        raise PriorError(
            f"{prior!r} excludes every value of '{key}', which lies between {lower:g} and {upper:g}.",
            hint="Give a prior with some mass there.",
        )
    cut = (start, stop) != prior.support
    if cut and (not prior.proper or prior.on != "value" or not truncatable(prior)):
        raise PriorError(
            f"{prior!r} cannot be truncated to ({lower:g}, {upper:g}), where '{key}' lies.",
            hint=f'Give a prior there, such as Prior("Uniform", lower={lower:g}, upper={upper:g}).'
            if math.isfinite(upper - lower)
            else "Use Normal, Gamma or LogNormal.",
        )
    return prior
