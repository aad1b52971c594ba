"""Check a response against a kind of support, and return it as numbers: what the families of one kind share."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hierlm.errors import DataError, warn_data
from hierlm.families.checks import (
    check_additions,
    check_categories,
    check_finite,
    check_inside,
    check_not_below,
    check_numeric,
    check_trials,
    check_varies,
    check_whole,
)

__all__ = [
    "prepare_categories",
    "prepare_closed",
    "prepare_counts",
    "prepare_hurdle",
    "prepare_numbers",
    "prepare_open",
    "prepare_positive_counts",
    "prepare_successes",
]

Floats = NDArray[np.float64]
Levels = tuple[str, ...] | None
Additions = Mapping[str, Floats]


def prepare_categories(
    family: str, name: str, values: Floats, levels: Levels, success: str | None, additions: Additions
) -> Floats:
    """Categories as 1, 2, …, from codes into levels or from such numbers; at least two of them."""
    if levels is None:
        check_finite(name, values)
    check_additions(additions)
    return check_categories(family, name, values, levels, success)


def prepare_numbers(
    family: str, name: str, values: Floats, levels: Levels, success: str | None, additions: Additions
) -> Floats:
    """Any numbers; not all equal, unless their standard errors are given."""
    check_numeric(family, name, levels, success)
    check_finite(name, values)
    check_additions(additions)
    if "se" not in additions:
        check_varies(family, name, values)
    return values


def prepare_open(
    family: str,
    name: str,
    values: Floats,
    levels: Levels,
    success: str | None,
    additions: Additions,
    *,
    upper: float = np.inf,
    hint: str,
) -> Floats:
    """Numbers strictly between 0 and ``upper`` that are not all equal; ``hint`` says what to do with others."""
    check_numeric(family, name, levels, success)
    check_finite(name, values)
    check_inside(family, name, values, lower=0.0, upper=upper, hint=hint)
    check_additions(additions)
    check_varies(family, name, values)
    return values


def prepare_counts(
    family: str, name: str, values: Floats, levels: Levels, success: str | None, additions: Additions
) -> Floats:
    """Counts 0, 1, 2, … that are not all equal; all zero is a warning."""
    check_numeric(family, name, levels, success)
    check_finite(name, values)
    check_whole(family, name, values, hint="Rates: model the count, with offset(log(exposure)).")
    check_additions(additions)
    check_varies(family, name, values, zeros=True)
    return values


def prepare_positive_counts(
    family: str, name: str, values: Floats, levels: Levels, success: str | None, additions: Additions
) -> Floats:
    """Counts 1, 2, 3, … that are not all equal."""
    check_numeric(family, name, levels, success)
    check_finite(name, values)
    check_whole(family, name, values, hint="Rates: model the count, with offset(log(exposure)).")
    hint = 'A truncated count is never 0. Zeros by a probability of their own: family="hurdle_poisson".'
    check_inside(family, name, values, lower=0.0, hint=hint)
    check_additions(additions)
    check_varies(family, name, values)
    return values


def prepare_hurdle(
    family: str, name: str, values: Floats, levels: Levels, success: str | None, additions: Additions, *, whole: bool
) -> Floats:
    """Zeros and positive numbers (counts where ``whole``); no zero at all is a warning, nothing but zeros an error."""
    check_numeric(family, name, levels, success)
    check_finite(name, values)
    if whole:
        check_whole(family, name, values, hint="Rates: model the count, with offset(log(exposure)).")
    check_not_below(family, name, values, hint="Check the column: a hurdle is at 0, and everything else above it.")
    check_additions(additions)
    above = values[values > 0]
    if not above.size:
        raise DataError(
            f"The response '{name}' is 0 in all {len(values)} rows: there is nothing above the hurdle to model.",
            column=name,
            hint="Check the column, and whether a filter has left only zeros.",
        )
    check_varies(family, name, values)
    if not whole:
        check_varies(family, name, above, part=" where it is above 0")
    elif np.all(above == 1):
        warn_data(
            f"Every count of '{name}' above 0 is 1: only the prior keeps the mean of {family} above 0. Presence and "
            'absence alone are family="bernoulli".'
        )
    if above.size == values.size:
        warn_data(
            f"The response '{name}' has no zeros, so there is no hurdle: 'hu' is near 0 as far as its prior lets it. "
            "Use the family without zeros: truncated_poisson, truncated_negbinomial, gamma, lognormal."
        )
    return values


def prepare_closed(
    family: str, name: str, values: Floats, levels: Levels, success: str | None, additions: Additions
) -> Floats:
    """Numbers from 0 to 1, ends included; neither end is a warning, nothing but ends an error."""
    check_numeric(family, name, levels, success)
    check_finite(name, values)
    check_not_below(family, name, values, upper=1.0, hint="Percentages: divide by 100.")
    check_additions(additions)
    inner = values[(values > 0) & (values < 1)]
    if not inner.size:
        raise DataError(
            f"The response '{name}' is 0 or 1 in all {len(values)} rows: there is nothing between to model.",
            column=name,
            hint='A response of 0 and 1 is family="bernoulli".',
        )
    check_varies(family, name, inner, part=" where it is between 0 and 1")
    if inner.size == values.size:
        warn_data(f"The response '{name}' is never 0 or 1: 'coi' is what its prior says. Use family=\"beta\".")
    return values


def prepare_successes(
    family: str, name: str, values: Floats, levels: Levels, success: str | None, additions: Additions
) -> Floats:
    """Whole numbers of successes, no more than the trials; never any is a warning, always all an error."""
    check_numeric(family, name, levels, success)
    check_finite(name, values)
    trials = check_trials(family, name, values, additions)
    check_additions(additions)
    if not np.any(values) or np.all(values == trials):
        check_varies(family, name, values / trials, zeros=True)
    return values
