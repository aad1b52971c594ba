"""Bars: rows to levels as integer codes (never a row × level matrix), and the columns of the left side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.design.column import labels_of_numbers
from hierlm.design.common import Terms, columns_of
from hierlm.design.evaluate import Evaluator
from hierlm.design.rank import warn_rank, warn_scales
from hierlm.design.table import Table
from hierlm.design.values import Groups, Ints
from hierlm.errors import DataError, FormulaError, warn_data
from hierlm.formula.values import Bar

__all__ = ["GroupCoding", "cells", "fit_groups"]

Cell = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class GroupCoding:
    """What a bar learnt from the training data.

    Parameters
    ----------
    bar : Bar
    terms : Terms
        Of its left side.
    levels : tuple of str
        Labels of the levels.
    place : mapping of tuple of str to int
        The factors' levels in a cell → position of the cell in ``levels``.
    effects : tuple of str
    row_codes : (n,) int array or None
        Of a grouping by ``units``, whose levels are the rows of the training data: row → level.
    """

    bar: Bar
    terms: Terms
    levels: tuple[str, ...]
    place: Mapping[Cell, int]
    effects: tuple[str, ...]
    row_codes: Ints | None

    def apply(self, on: Evaluator, *, known_rows: bool, skip: bool) -> Groups:
        """The bar on new data.

        Parameters
        ----------
        known_rows : bool
            Whether the rows are those of the training data, so that ``units`` know them; other rows are new units.
        skip : bool
            Leave the grouping out: no level and zero columns, so that it adds nothing.
        """
        n = on.table.n
        if skip:
            Z = np.zeros((n, len(self.effects)))
            blank = np.full(n, -1, dtype=np.int64)
            return Groups(self.bar, _frozen(blank), self.levels, _frozen(Z), self.effects, (), _frozen(blank.copy()))
        Z, _ = columns_of(self.terms, on)
        if self.row_codes is not None:
            if known_rows:
                return Groups(self.bar, self.row_codes, self.levels, Z, self.effects)
            rows = np.arange(n, dtype=np.int64)
            new = tuple(f"new row {i}" for i in range(n))
            blank = np.full(n, -1, dtype=np.int64)
            return Groups(self.bar, _frozen(blank), self.levels, Z, self.effects, new, _frozen(rows))
        codes, found = cells(on.table, self.bar.factors)
        places = np.array([self.place.get(cell, -1) for cell in found], dtype=np.int64)
        unseen = np.flatnonzero(places < 0)
        order = np.full(len(found), -1, dtype=np.int64)
        order[unseen] = np.arange(len(unseen))
        labels = tuple(names.cell_label(found[i]) for i in unseen)
        unseen_codes = _frozen(order[codes]) if len(unseen) else None
        return Groups(self.bar, _frozen(places[codes]), self.levels, Z, self.effects, labels, unseen_codes)


def fit_groups(bar: Bar, terms: Terms, on: Evaluator) -> tuple[Groups, GroupCoding]:
    """A bar on the training data.

    Parameters
    ----------
    terms : Terms
        Of the bar's left side.

    Raises
    ------
    FormulaError
        When its left side has no column.
    DataError
        For a grouping with one level, or by fractional numbers.

    Warns
    -----
    DataWarning
        Linearly dependent columns; text that looks like measurements.
    """
    Z, effects = columns_of(terms, on)
    if not effects:
        raise FormulaError("A group term needs an effect.", text=bar.text, stop=len(bar.text), hint="Write (1 | g).")
    warn_rank(Z, effects, f"In ({bar.effects} | {bar.group})")
    warn_scales(Z, effects)
    codes, found = cells(on.table, bar.factors)
    levels = tuple(names.cell_label(cell) for cell in found)
    _check_levels(bar, on.table, levels)
    groups = Groups(bar, _frozen(codes), levels, Z, effects)
    by_row = names.UNITS in bar.factors and names.UNITS not in on.table.columns
    place = {} if by_row else {cell: i for i, cell in enumerate(found)}
    return groups, GroupCoding(bar, terms, levels, place, effects, codes if by_row else None)


def cells(table: Table, factors: tuple[str, ...]) -> tuple[Ints, list[Cell]]:
    """(codes, cells): the observed combinations of levels, sorted by the first factor, then the second, ….

    Numbers count in numeric order, categories in theirs, text sorted.
    """
    codes = np.zeros(table.n, dtype=np.int64)
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


def _check_levels(bar: Bar, table: Table, levels: tuple[str, ...]) -> None:
    if len(levels) < 2:
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


def _frozen[T: np.generic](values: NDArray[T]) -> NDArray[T]:
    values.setflags(write=False)
    return values
