"""Averages over rows: of all, of the rows of each cell, or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

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
    weights : (n,) array, optional
        How many rows each stands for; one unless given.
    """

    codes: NDArray[np.int64]
    labels: Mapping[str, Sequence[Any]]
    rows: bool = False
    weights: Floats | None = None

    @property
    def number(self) -> int:
        """How many there are."""
        return len(self.codes) if self.rows else int(self.codes.max()) + 1

    @cached_property
    def shares(self) -> Floats:
        """Each row's share of its cell."""
        weights = np.ones(len(self.codes)) if self.weights is None else self.weights
        return np.asarray(weights / np.bincount(self.codes, weights, self.number)[self.codes])

    def add(self, total: Floats, values: Floats, at: slice) -> None:
        """Add each row's share of its cell's mean: total (S, cells, K) += values (S, rows in ``at``, K)."""
        if self.rows:
            total[:, at] = values
            return
        cells, own = np.unique(self.codes[at], return_inverse=True)
        shares = csr_array((self.shares[at], (own, np.arange(len(own)))), shape=(len(cells), len(own)))
        for k in range(values.shape[2]):
            total[:, cells, k] += (shares @ values[:, :, k].T).T

    def distinct(self, keys: Sequence[NDArray[Any]]) -> tuple[NDArray[np.int64], Cells]:
        """Rows that are alike as one: where the first of each lies, and the cells of these."""
        _, first, back = np.unique(_joint([*keys, self.codes]), return_index=True, return_inverse=True)
        counts = np.bincount(back.reshape(-1), self.weights, len(first)).astype(np.float64)
        return first, replace(self, codes=self.codes[first], weights=counts)


def _joint(keys: Sequence[NDArray[Any]]) -> NDArray[np.int64]:
    """One code for each combination of values."""
    found = np.zeros(len(keys[-1]), dtype=np.int64)
    for values in keys:
        own = np.unique(values, return_inverse=True)[1].reshape(-1)
        found = np.unique(found * (own.max() + 1) + own, return_inverse=True)[1].reshape(-1)
    return found


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
        labels = {name: _typed(table, name, slice(None)) for name in shown} or {"row": table.rows.tolist()}
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
    return Cells(back.reshape(-1), {name: _typed(table, name, first) for name in wanted})


def _codes(table: Table, name: str) -> tuple[Sequence[Any], NDArray[np.int64]]:
    column = table[name]
    if column.levels is not None:
        return column.levels, column.values
    values, codes = np.unique(column.values, return_inverse=True)
    return list(values), codes.reshape(-1).astype(np.int64)


def _typed(table: Table, name: str, at: NDArray[np.int64] | slice) -> list[Any]:
    column = replace(table[name], values=table[name].values[at])
    if column.kind == "bool":
        return [bool(c) for c in as_typed(column)]
    if column.levels is not None:
        return [column.levels[c] for c in column.values]
    if abs(column.values).max(initial=0.0) >= 1e15:
        return list(labels_of_numbers(column.values))
    whole = bool((column.values == np.floor(column.values)).all())
    return [int(v) if whole else float(v) for v in column.values]
