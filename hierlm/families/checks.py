"""Checks of a response against the support of its family, before anything is sampled."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hierlm.errors import DataError, warn_data

__all__ = [
    "check_additions",
    "check_categories",
    "check_codes",
    "check_finite",
    "check_inside",
    "check_not_below",
    "check_numeric",
    "check_trials",
    "check_varies",
    "check_whole",
]

Floats = NDArray[np.float64]

MOST_CATEGORIES = 100
"""Of an ordinal response: the thresholds between them are a parameter each."""


def check_numeric(family: str, name: str, levels: tuple[str, ...] | None, success: str | None) -> None:
    """Refuse text, categories and booleans where numbers are needed."""
    if levels is not None:
        shown = ", ".join(repr(level) for level in levels[:4]) + (", …" if len(levels) > 4 else "")
        raise DataError(
            f"The response '{name}' has categories ({shown}), but {family} needs numbers.",
            column=name,
            hint='Turn it into numbers; two categories are family="bernoulli", ordered ones family="cumulative".',
        )
    if success is not None:
        raise DataError(
            f"'{name}[{success!r}]' picks a category, but '{name}' is numeric and the family is {family}.",
            column=name,
            hint='Categories are picked for family="bernoulli".',
        )


def check_codes(name: str, codes: Floats, levels: tuple[str, ...]) -> None:
    """Refuse codes that point at no level, as those of missing values do."""
    bad = ~np.isin(codes, np.arange(len(levels)))
    _refuse(bad, f"The response '{name}' has missing values.", name, 'See missing="drop".')


def check_categories(
    family: str, name: str, values: Floats, levels: tuple[str, ...] | None, success: str | None
) -> Floats:
    """Categories as 1, 2, …, after checking that they are numbered so, that there are two, and none is picked.

    Warns
    -----
    DataWarning
        A category has no rows: only the prior places the thresholds beside it.
    """
    if success is not None:
        raise DataError(
            f"'{name}[{success!r}]' picks a category, but {family} models all of them in their order.",
            column=name,
            hint=f'Write {name} ~ …; one category against the rest is family="bernoulli".',
        )
    if levels is not None:
        check_codes(name, values, levels)
        numbers, known = values + 1.0, levels
    else:
        hint = "Number the categories from 1, or make them text with a declared order: pd.Categorical(…, ordered=True)."
        wrong = (values < 1) | (values != np.floor(values))
        _refuse(wrong, f"The response '{name}' has values that are no category of {family}.", name, hint)
        numbers, known = values, tuple(str(k + 1) for k in range(int(values.max())))
    if len(known) > MOST_CATEGORIES:
        raise DataError(
            f"The response '{name}' has {len(known):,} categories, which is no ordinal response.",
            column=name,
            hint="Model it as a number, or join categories.",
        )
    found = np.bincount(numbers.astype(int) - 1, minlength=len(known))
    if np.count_nonzero(found) < 2:
        only = known[int(numbers[0]) - 1]
        raise DataError(
            f"The response '{name}' is {only!r} in all {len(numbers)} rows: there is nothing to model.",
            column=name,
            hint="Check the column, and whether a filter has left only one value.",
        )
    empty = [label for label, count in zip(known, found, strict=True) if count == 0]
    if empty:
        shown = ", ".join(map(repr, empty[:5])) + (", …" if len(empty) > 5 else "")
        warn_data(
            f"No row of '{name}' is in {'category' if len(empty) == 1 else 'the categories'} {shown}: the data say "
            "nothing about the thresholds there, and their prior decides. Remove or join such categories."
        )
    return numbers


def check_finite(name: str, values: Floats) -> None:
    """Refuse NaN and infinities."""
    _refuse(~np.isfinite(values), f"The response '{name}' has missing or infinite values.", name, 'See missing="drop".')


def check_whole(family: str, name: str, values: Floats, *, hint: str) -> None:
    """Refuse negative numbers and fractions."""
    _refuse(values < 0, f"The response '{name}' has negative values, but {family} counts.", name, hint)
    _refuse(values != np.floor(values), f"The response '{name}' has fractions, but {family} counts.", name, hint)


def check_inside(
    family: str, name: str, values: Floats, *, lower: float = -np.inf, upper: float = np.inf, hint: str
) -> None:
    """Refuse values at or beyond open bounds."""
    bounds = f"above {lower:g}" if upper == np.inf else f"strictly between {lower:g} and {upper:g}"
    outside = (values <= lower) | (values >= upper)
    _refuse(outside, f"The response '{name}' must be {bounds} for {family}.", name, hint)


def check_not_below(family: str, name: str, values: Floats, *, upper: float = np.inf, hint: str) -> None:
    """Refuse values below 0, and above ``upper``."""
    bounds = "0 or more" if upper == np.inf else f"from 0 to {upper:g}"
    outside = (values < 0) | (values > upper)
    _refuse(outside, f"The response '{name}' must be {bounds} for {family}.", name, hint)


def check_varies(family: str, name: str, values: Floats, *, zeros: bool = False, part: str = "") -> None:
    """Refuse a response that never changes; with ``zeros``, only warn when it is zero throughout.

    Parameters
    ----------
    part : str
        Which of its rows are looked at, `` where it is above 0``.

    Warns
    -----
    DataWarning
        All values are zero.
    """
    if len(values) < 2 or np.ptp(values) > 0:
        return
    if zeros and values[0] == 0:
        warn_data(
            f"The response '{name}' is 0 in all {len(values)} rows: only the prior keeps the {family} mean above 0."
        )
        return
    raise DataError(
        f"The response '{name}' is {values[0]:g} in all {len(values)} rows{part}: there is nothing to model.",
        column=name,
        hint="Check the column, and whether a filter has left only one value.",
    )


def check_trials(family: str, name: str, values: Floats, additions: Mapping[str, Floats]) -> Floats:
    """The trials, after checking that they are whole, at least 1, and no fewer than the successes."""
    if "trials" not in additions:
        raise DataError(
            f"A {family} response needs the number of trials.",
            column=name,
            hint=f'Write {name} | trials(n) ~ …, with a column or a number; or family="bernoulli" for one trial a row.',
        )
    trials = np.broadcast_to(np.asarray(additions["trials"], dtype=float), values.shape)
    check_additions({"trials": trials})
    inside = (values >= 0) & (values <= 1)
    if np.any(values != np.floor(values)) and np.all(inside):
        raise DataError(
            f"The response '{name}' looks like proportions, but {family} counts successes.",
            column=name,
            rows=np.flatnonzero(values != np.floor(values)).tolist(),
            hint=f"Multiply by the trials: p({name}, n) ~ … or a column round({name} * n).",
        )
    check_whole(family, name, values, hint="Give the number of successes.")
    _refuse(values > trials, f"'{name}' is larger than its trials.", name, "Check both columns; are they swapped?")
    return trials


def check_additions(additions: Mapping[str, Floats]) -> None:
    """Refuse trials that are no numbers of trials, negative weights, and standard errors that are not positive."""
    if "trials" in additions:
        trials = np.asarray(additions["trials"], dtype=float)
        bad = ~np.isfinite(trials) | (trials < 1) | (trials != np.floor(trials))
        _refuse(bad, "trials( ) must be whole numbers, 1 or more.", "trials", "Drop rows without trials.")
    if "weights" in additions:
        weights = np.asarray(additions["weights"], dtype=float)
        bad = ~np.isfinite(weights) | (weights < 0)
        _refuse(bad, "weights( ) must be 0 or more.", "weights", "A weight of 2 counts a row twice, 0 leaves it out.")
        if not np.any(weights > 0):
            raise DataError("weights( ) are all zero: no row counts.", column="weights", hint="Check the column.")
    if "se" in additions:
        se = np.asarray(additions["se"], dtype=float)
        bad = ~np.isfinite(se) | (se <= 0)
        _refuse(bad, "se( ) must be above 0.", "se", "A standard error of 0 claims that a value is known exactly.")


def _refuse(bad: NDArray[np.bool_], message: str, column: str, hint: str) -> None:
    if np.any(bad):
        raise DataError(message, column=column, rows=np.flatnonzero(np.atleast_1d(bad)).tolist(), hint=hint)
