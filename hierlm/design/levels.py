"""Levels of a grouping: cells of columns as integer codes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.design.column import labels_of_numbers
from hierlm.design.table import Table
from hierlm.design.values import Ints
from hierlm.errors import DataError, warn_data
from hierlm.formula.values import Bar

__all__ = ["Cell", "cells", "check_levels"]

Cell = tuple[str, ...]


def cells(table: Table, factors: tuple[str, ...]) -> tuple[Ints, list[Cell]]:
    """(codes, cells): the observed combinations of levels, sorted by the first factor, then the second, ….

    Numbers count in numeric order, categories in theirs, text sorted.
    """
    codes = np.zeros(table.n, dtype=np.int64)
    if not factors:
        return codes, [(names.EVERYTHING,)]
    parts: list[tuple[NDArray[np.int64], tuple[str, ...]]] = []
    for name in factors:
        own, levels = _level_codes(table, name)
        parts.append((own, levels))
        codes = np.unique(codes * len(levels) + own, return_inverse=True)[1].astype(np.int64).reshape(-1)
    _, first = np.unique(codes, return_index=True)
    labels = [[levels[c] for c in own[first]] for own, levels in parts]
    return codes, list(zip(*labels, strict=True))


def _level_codes(table: Table, name: str) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    if name == names.UNITS and name not in table.columns:
        return np.arange(table.n, dtype=np.int64), tuple(str(row) for row in table.rows)
    column = table[name]
    if column.levels is not None:
        return column.values, column.levels
    fraction = column.values != np.floor(column.values)
    if fraction.any():
        raise DataError(
            f"{name!r} groups rows but holds fractional numbers",
            column=name,
            rows=table.rows[fraction].tolist(),
            hint=f"Group by a label, or model a slope: (1 + {name} | g). To group by it anyway make it text.",
        )
    found, codes = np.unique(column.values, return_inverse=True)
    return codes.astype(np.int64).reshape(-1), labels_of_numbers(found)


def check_levels(bar: Bar, table: Table, levels: tuple[str, ...]) -> None:
    """Refuse a grouping that does not vary; warn of levels that look like measurements.

    Raises
    ------
    DataError

    Warns
    -----
    DataWarning
    """
    if len(levels) < 2 and bar.needs != "coordinates":
        raise DataError(
            f"The grouping {bar.group!r} has only the level {levels[0]!r}: nothing varies between groups.",
            column=bar.factors[0],
            hint="Leave the term out, or check whether a filter has left only one group.",
        )
    if len(set(levels)) < len(levels):
        raise DataError(
            f"Different cells of {bar.group!r} have the same label.",
            column=bar.factors[0],
            hint="Rename levels with ':'.",
        )
    for name in bar.factors:
        column = table.columns.get(name)
        if column is None or column.levels is None or len(column.levels) <= max(20, table.n / 2):
            continue
        if all(_fractional(level) for level in column.levels[:50]):
            warn_data(
                f"{name!r} has {len(column.levels)} levels that look like measurements ({column.levels[0]!r}, …): "
                "was a numeric column read as text?"
            )


def _fractional(level: str) -> bool:
    try:
        return not float(level).is_integer()
    except ValueError:
        return False
