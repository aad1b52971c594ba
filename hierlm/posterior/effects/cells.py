"""Averages over rows: of all, of the rows of each cell, or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierlm.design.column import labels_of_numbers
from hierlm.design.table import Table
from hierlm.errors import PredictionError, did_you_mean
from hierlm.posterior.effects.scenarios import as_typed

__all__ = ["Cells", "cells_of"]

Floats = NDArray[np.float64]
MOST_CELLS = 20_000


@dataclass(frozen=True, eq=False)
class Cells:
    """Which rows are averaged together.

    Parameters
    ----------
    codes : (n,) int array
        Row → cell.
    labels : mapping of column to (cells,) array
        What tells the cells apart; empty where all rows are one.
    rows : bool
        Whether every row is its own cell.
    """

    codes: NDArray[np.int64]
    labels: Mapping[str, Sequence[Any]]
    rows: bool = False

    @property
    def number(self) -> int:
        """How many there are."""
        return len(self.codes) if self.rows else int(self.codes.max()) + 1

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Rows of each."""
        return np.bincount(self.codes, minlength=self.number)

    def add(self, total: Floats, values: Floats, at: slice) -> None:
        """Add each row's share of its cell's mean: total (S, cells, K) += values (S, rows in ``at``, K)."""
        if self.rows:
            total[:, at] = values
            return
        codes = self.codes[at]
        share = values / self.sizes[codes][None, :, None]
        for cell in np.unique(codes):
            total[:, cell] += share[:, codes == cell].sum(axis=1)


def cells_of(table: Table, by: bool | str | Sequence[str], shown: Sequence[str] = ()) -> Cells:
    """The cells of rows.

    Parameters
    ----------
    by : bool, str or sequence of str
        ``False``: every row by itself; ``True``: all rows; names: rows with the same values of these columns.
    shown : sequence of str
        Columns that tell single rows apart.

    Raises
    ------
    PredictionError
        For a column that the rows do not have.
    """
    if by is False:
        labels = {name: list(_typed(table, name)) for name in shown} or {"row": table.rows.tolist()}
        return Cells(np.arange(table.n), labels, rows=True)
    if by is True:
        return Cells(np.zeros(table.n, dtype=np.int64), {})
    wanted = [by] if isinstance(by, str) else list(by)
    codes, columns = np.zeros(table.n, dtype=np.int64), []
    for name in wanted:
        if name not in table.columns:
            raise PredictionError(
                f"The rows have no column {name!r} to average by.", hint=did_you_mean(str(name), table.columns)
            )
        values, own = _codes(table, name)
        codes = codes * len(values) + own
        columns.append(own)
    _, first, back = np.unique(codes, return_index=True, return_inverse=True)
    if len(first) > MOST_CELLS:
        raise PredictionError(
            f"by={by!r} makes {len(first):,} cells.", hint="Average by a factor, or by=False for single rows."
        )
    return Cells(back.reshape(-1), {name: [_typed(table, name)[i] for i in first] for name in wanted})


def _codes(table: Table, name: str) -> tuple[Sequence[Any], NDArray[np.int64]]:
    column = table[name]
    if column.levels is not None:
        return column.levels, column.values
    values, codes = np.unique(column.values, return_inverse=True)
    return list(values), codes.reshape(-1).astype(np.int64)


def _typed(table: Table, name: str) -> Sequence[Any]:
    column = table[name]
    if column.kind == "bool":
        return [bool(c) for c in as_typed(column)]
    if column.levels is not None:
        return [column.levels[c] for c in column.values]
    whole = bool((column.values == np.floor(column.values)).all())
    return (
        [int(v) if whole else float(v) for v in column.values]
        if abs(column.values).max() < 1e15
        else list(labels_of_numbers(column.values))
    )
