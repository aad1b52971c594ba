"""Checks of the data before anything is computed: which columns are there, and which cells are empty."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from hierlm.design.factor import Factor
from hierlm.design.notice import warn_data
from hierlm.design.table import Table, available
from hierlm.errors import DataError
from hierlm.formula import unknown_column
from hierlm.formula.values import Formula

__all__ = ["check_factor", "check_known", "complete"]


def check_known(formula: Formula, data: Any, columns: Iterable[str]) -> None:
    """Refuse a formula with a column that the data lack.

    Raises
    ------
    FormulaError
        With a caret under the name, and the nearest names.
    """
    present = available(data)
    for name in columns:
        if name not in present:
            raise unknown_column(formula, name, present)


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
        raise DataError("The data have no rows.")
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
