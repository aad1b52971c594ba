"""Check a response against a kind of support, and return it as numbers: what the families of one kind share."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hierlm.families.checks import (
    check_additions,
    check_categories,
    check_finite,
    check_inside,
    check_numeric,
    check_trials,
    check_varies,
    check_whole,
)

__all__ = ["prepare_categories", "prepare_counts", "prepare_numbers", "prepare_open", "prepare_successes"]

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
