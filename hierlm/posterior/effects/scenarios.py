"""Rows to ask about: the data, new rows, a grid; the same with one column changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.design.column import Column, read_column
from hierlm.design.table import Table, available, read_table
from hierlm.errors import DataError, PredictionError, did_you_mean
from hierlm.model import Model
from hierlm.posterior.effects.columns import explaining, grouping_only

__all__ = ["as_typed", "changed", "completed", "level_of", "new_table", "repeated", "typical"]

ROUNDING = 1e-12
"""A mean that is smaller, as a share of the range, is 0: that of a standardised column."""


def new_table(model: Model, new: Any, also: Collection[str] = ()) -> Table:
    """The columns of new rows that the model knows, and those named in ``also``.

    Raises
    ------
    PredictionError
        When they cannot be read.
    """
    try:
        present = available(new)
        wanted = [c for c in (*model.data.columns, *also) if c in present]
        if not wanted:
            raise PredictionError(
                "The new rows have none of the model's columns.", hint=f"It uses {', '.join(explaining(model))}."
            )
        return read_table(new, wanted)
    except DataError as problem:
        raise PredictionError(f"New data: {problem.message}", hint=problem.hint) from problem


def completed(model: Model, table: Table, given: Collection[str], population: Collection[str]) -> Table:
    """The table with a new level in columns that only tell a row's group, where that group does not matter.

    Raises
    ------
    PredictionError
        When it lacks the column of a grouping whose levels are given.
    """
    only, columns = grouping_only(model), dict(table.columns)
    needed = {f for b in model.blocks if b.group in given for f in b.factors}
    for group in given:
        absent = [f for f in model.groups[group][0].factors if f not in columns and f != names.UNITS]
        if absent and set(absent) <= only:
            others = {g: "population" if g == group else "given" for g in given} | dict.fromkeys(
                population, "population"
            )
            instead = "'population' or 'typical'" if len(others) == 1 else str(others)
            raise PredictionError(
                f"With target='given' the rows must say which {group} they belong to.",
                hint=f"Add the column {absent[0]!r}, or ask target={instead}.",
            )
    for block in (b for b in model.blocks if b.group in population):
        own = block.group in model.scales  # what the standard deviations depend on is that of the row
        for place, factor in enumerate(block.factors):
            free = factor in only and factor not in needed and factor in model.data.columns
            if free and (own or factor not in columns):
                taken = [c.values.max() for f in block.factors if (c := model.data.columns.get(f)) and c.levels is None]
                columns[factor] = _new_levels(model.data[factor], table.n, max(taken, default=0.0) + place, own=own)
    return Table(columns, table.rows)


def _new_levels(column: Column, n: int, above: float, *, own: bool) -> Column:
    """Levels that the data do not have, one for all rows or one each; of the same kind, as new data must be.

    Parameters
    ----------
    above : float
        Of numbers: theirs are larger.
    """
    each = np.arange(n) if own else np.zeros(n, dtype=np.int64)
    if column.levels is None:
        return replace(column, values=np.floor(above) + 1.0 + each)
    if column.kind == "bool":  # both are there: either will do, since only the size of effects is asked for
        return replace(column, values=np.zeros(n, dtype=np.int64))
    stem = f"(new {column.name})"
    while any(level.startswith(stem) for level in column.levels):
        stem = f"({stem})"
    labels = tuple(f"{stem} {i}" for i in range(n)) if own else (stem,)
    return replace(column, values=each.astype(np.int64), levels=labels)


def changed(model: Model, table: Table, name: str, value: Any) -> Table:
    """The same rows with another value of one column: one for all, or one a row.

    Raises
    ------
    PredictionError
        For a level that the column does not have.
    """
    column = model.data[name]
    if column.levels is None:
        values = np.broadcast_to(np.asarray(value, dtype=np.float64), (table.n,)).copy()
        return Table({**table.columns, name: replace(column, values=values)}, table.rows)
    code = column.levels.index(level_of(column, value))
    return Table({**table.columns, name: replace(column, values=np.full(table.n, code, dtype=np.int64))}, table.rows)


def level_of(column: Column, value: Any) -> str:
    """The label of a level as a user may write it.

    Raises
    ------
    PredictionError
        When there is no such level.
    """
    levels = column.levels or ()
    label = str(value)
    if label not in levels:
        raise PredictionError(f"'{column.name}' has no level {label!r}.", hint=did_you_mean(label, levels))
    return label


def typical(column: Column) -> Any:
    """The mean of a number, the most frequent level of a factor."""
    if column.levels is None:
        mean = float(column.values.mean())
        return 0.0 if abs(mean) < ROUNDING * float(np.ptp(column.values)) else mean
    label = column.levels[int(np.bincount(column.values, minlength=len(column.levels)).argmax())]
    return label == "True" if column.kind == "bool" else label


def repeated(columns: Mapping[str, Sequence[Any]], model: Model) -> Table:
    """Columns of values as a table, in the kinds of the model's own.

    Raises
    ------
    PredictionError
        For values that the column cannot hold.
    """
    found: dict[str, Column] = {}
    for name, values in columns.items():
        own = model.data[name]
        if own.levels is None:
            found[name] = _numbers(name, values)
        else:
            codes = [own.levels.index(level_of(own, v)) for v in values]
            found[name] = replace(own, values=np.array(codes, dtype=np.int64))
    n = len(next(iter(found.values())).values) if found else 1
    return Table(found, np.arange(n, dtype=np.int64))


def _numbers(name: str, values: Sequence[Any]) -> Column:
    try:
        column = read_column(name, np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError) as problem:
        raise PredictionError(f"{name!r} holds numbers, not {values!r}.", hint="Give numbers.") from problem
    if not np.isfinite(column.values).all():
        raise PredictionError(f"{name!r} is asked at a value that is no finite number.", hint="Leave it out.")
    return column


def as_typed(column: Column) -> NDArray[Any]:
    """A column's values as a user would type them."""
    if column.levels is None:
        return column.values
    if column.kind == "bool":
        return column.values.astype(bool)
    return np.array(column.levels, dtype=object)[column.values]
