"""Checks of the data before anything is computed: which columns are there, and which cells are empty."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from hierlm.design.factor import Factor
from hierlm.design.table import Table, available
from hierlm.errors import DataError, warn_data
from hierlm.formula import unknown_column
from hierlm.formula.values import Formula

__all__ = ["check_factor", "check_known", "complete"]

LARGEST = 1e100
"""Of numbers in data: sums of their squares are still finite."""


def check_known(formula: Formula, data: Any, columns: Iterable[str]) -> None:
    """Refuse a formula with a column that the data lack.

    Raises
    ------
    FormulaError
        With a caret under the name, and the nearest names.
    """
    present = available(data)
    index = [] if not isinstance(data, pd.DataFrame) else list(data.index.names)
    for name in columns:
        if name not in present:
            hint = f"{name!r} is the index of the data: use .reset_index()." if name in index else None
            if not present:
                hint = "The data have no column whose name is text; name their columns."
            raise unknown_column(formula, name, present, hint=hint)


def complete(table: Table, missing: str) -> Table:
    """The table without rows that have missing or infinite values; refuses them unless told to drop them.

    Parameters
    ----------
    missing : {"error", "drop"}

    Raises
    ------
    DataError
        For missing or infinite values if ``missing="error"``; when no row is left.

    Warns
    -----
    DataWarning
        How many rows were dropped, and why.
    """
    if missing not in ("error", "drop"):
        raise DataError(f"missing={missing!r} is not a choice.", hint='Use missing="error" or missing="drop".')
    if table.n == 0:
        raise DataError("The data have no rows.", hint="Check how they were read or filtered.")
    _check_sizes(table)
    keep = np.ones(table.n, dtype=bool)
    reasons = []
    for column in table.columns.values():
        for what, bad in (("missing", column.missing), ("infinite", column.infinite)):
            if not bad.any():
                continue
            if missing == "error":
                raise DataError(
                    f"{column.name!r} has {bad.sum()} {what} value{'s' if bad.sum() > 1 else ''}",
                    column=column.name,
                    rows=table.rows[bad].tolist(),
                    hint='Use missing="drop" to leave out incomplete rows, or fill them in.',
                )
            reasons.append(f"{column.name} ({bad.sum()} {what})")
            keep &= ~bad
    if keep.all():
        return table
    if not keep.any():
        raise DataError(f"No complete row is left: {', '.join(reasons)}.", hint="Check how the columns were read.")
    warn_data(
        f"Dropped {table.n - keep.sum()} of {table.n} rows with missing or infinite values: {', '.join(reasons)}."
    )
    return table.take(keep)


def _check_sizes(table: Table) -> None:
    """Refuse numbers whose squares overflow or vanish."""
    for column in table.columns.values():
        if column.levels is not None:
            continue
        size = np.where(np.isfinite(column.values), np.abs(column.values), 0.0)
        if size.max() > LARGEST or 0 < size.max() < 1 / LARGEST:
            what = f"beyond {LARGEST:g}" if size.max() > LARGEST else f"all below {1 / LARGEST:g}"
            rows = table.rows[size > LARGEST] if size.max() > LARGEST else table.rows[size > 0]
            raise DataError(
                f"{column.name!r} has values {what}, which cannot be computed with",
                column=column.name,
                rows=rows.tolist(),
                hint="Use other units, or check whether such numbers stand for missing values.",
            )


def check_factor(name: str, factor: Factor) -> None:
    """Refuse a factor that does not vary; warn of one that looks like numbers read as text.

    Raises
    ------
    DataError

    Warns
    -----
    DataWarning
        More levels than max(20, n/2).
    """
    n = len(factor.codes)
    if np.ptp(factor.codes) == 0:
        raise DataError(
            f"The factor {name!r} has only the level {factor.levels[factor.codes[0]]!r}: it has no effect.",
            column=name,
            hint="Leave it out, or check whether a filter has left only one level.",
        )
    if len(factor.levels) <= max(20, n / 2):
        return
    odd = [level for level in factor.levels if not _number(level)]
    what = "all of them numbers" if not odd else f"among them {', '.join(map(repr, odd[:3]))}"
    warn_data(
        f"{name!r} is text with {len(factor.levels)} levels in {n} rows, {what}: was a numeric column read as text? "
        f"Use pd.to_numeric(d[{name!r}]), or a group term (1 | {name})."
    )


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
