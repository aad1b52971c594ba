"""Columns that can be read, but were probably not meant as they are: codes for missing values, stray blanks."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from hierlm.design.column import Column
from hierlm.design.table import Table
from hierlm.errors import show_rows, warn_data

__all__ = ["warn_suspicions"]

CODES = frozenset(sign * (10.0**k - 1) for k in range(2, 9) for sign in (-1, 1))
"""99, 999, … and their negatives, which stand for missing values in many files."""

FAR = 3.0
"""How many ranges of the other values such a number lies beyond them."""


def warn_suspicions(table: Table, groupings: Collection[str]) -> None:
    """Warn of numbers that probably stand for missing values, of levels that differ in blanks, and of empty text.

    Parameters
    ----------
    table : Table
    groupings : collection of str
        Columns whose numbers are labels only.

    Warns
    -----
    DataWarning
    """
    for column in table.columns.values():
        if column.levels is not None:
            _warn_levels(column)
        elif column.name not in groupings:
            _warn_codes(column, table)


def _warn_codes(column: Column, table: Table) -> None:
    for code in (column.values.min(), column.values.max()):
        if code not in CODES:
            continue
        others = column.values[column.values != code]
        if len(np.unique(others)) > 2 and np.abs(others - code).min() > FAR * np.ptp(others):
            rows = table.rows[column.values == code].tolist()
            warn_data(
                f"{column.name!r} is {code:g} in {len(rows)} row{'s' if len(rows) > 1 else ''} {show_rows(rows)}, far "
                f"from all its other values: does that stand for a missing value? Replace it by NaN, and use "
                'missing="drop".'
            )


def _warn_levels(column: Column) -> None:
    first: dict[str, str] = {}
    for level in column.levels or ():
        other = first.setdefault(level.strip(), level)
        if other != level:
            warn_data(
                f"The levels {other!r} and {level!r} of {column.name!r} differ in blanks only and count as two. "
                f"Use d[{column.name!r}].str.strip() if they are one."
            )
    if "" in first:
        warn_data(
            f'{column.name!r} has an empty text as a level. Replace it by None, and use missing="drop", if it stands '
            "for a missing value."
        )
