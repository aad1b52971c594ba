"""Data frames in: the needed columns, as plain read-only arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm.design.column import Column, read_column
from hierlm.errors import DataError

__all__ = ["KINDS", "Table", "available", "read_table"]

KINDS = ("pandas", "polars", "pyarrow")
"""Libraries whose frames can be given back."""

_STORED = "The archive is damaged: take another copy, or fit again."


@dataclass(frozen=True, eq=False)
class Table:
    """The columns that a model uses, and nothing else of the user's data.

    Parameters
    ----------
    columns : mapping of str to Column
        By name; every column has the same number of rows.
    rows : (n,) int array
        Where each row lay in the user's data, counted from 0.
    kind : {"pandas", "polars", "pyarrow"}
        What the user's frame was made by; frames go back as the same.

    Examples
    --------
    >>> table = read_table({"y": [1.0, 2.5], "g": ["b", "a"], "unused": [[], {}]}, ["y", "g"])
    >>> table["g"].levels, table["g"].values.tolist()
    (('a', 'b'), [1, 0])
    """

    columns: Mapping[str, Column]
    rows: NDArray[np.int64]
    kind: str = "pandas"

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.rows)

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def take(self, keep: NDArray[np.bool_]) -> Table:
        """The rows where ``keep`` is true."""
        return Table(
            {name: column.take(keep) for name, column in self.columns.items()},
            _frozen(self.rows[keep].astype(np.int64)),
            self.kind,
        )

    def same_as(self, other: Table) -> bool:
        """Whether both hold the same columns with the same values, row by row."""
        return (
            self.n == other.n
            and self.columns.keys() == other.columns.keys()
            and all(column.same_as(other.columns[name]) for name, column in self.columns.items())
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays to store: one per column (numbers, or codes into the levels), without names or levels."""
        return {name: column.values for name, column in self.columns.items()}

    def describe(self) -> list[dict[str, Any]]:
        """What :meth:`from_parts` needs beside :meth:`arrays`, as JSON."""
        return [
            {
                "name": c.name,
                "kind": c.kind,
                "levels": None if c.levels is None else list(c.levels),
                "ordered": c.ordered,
            }
            for c in self.columns.values()
        ]

    @staticmethod
    def from_parts(
        description: Sequence[Mapping[str, Any]], arrays: Mapping[str, NDArray[Any]], rows: NDArray[Any]
    ) -> Table:
        """The table that :meth:`describe`, :meth:`arrays` and ``rows`` came from.

        Raises
        ------
        DataError
            When a code lies outside its levels or an array has the wrong length.
        """
        columns = {}
        for entry in description:
            name, levels = str(entry["name"]), entry["levels"]
            dtype = np.float64 if levels is None else np.int64
            values = np.array(arrays[name], dtype=dtype)
            if len(values) != len(rows):
                raise DataError(
                    f"Stored column {name!r} has {len(values)} rows, not {len(rows)}.", column=name, hint=_STORED
                )
            if levels is not None and len(values) and not (values.min() >= -1 and values.max() < len(levels)):
                raise DataError(f"Stored column {name!r} has codes outside its levels.", column=name, hint=_STORED)
            columns[name] = Column(
                name, _frozen(values), entry["kind"], None if levels is None else tuple(levels), bool(entry["ordered"])
            )
        return Table(columns, _frozen(np.array(rows, dtype=np.int64)))


def available(data: Any) -> tuple[str, ...]:
    """The column names of a frame, in order.

    Raises
    ------
    DataError
        When ``data`` is not a data frame in memory.
    """
    return tuple(name for name in _open(data)[0] if isinstance(name, str))


def read_table(data: Any, names: Iterable[str]) -> Table:
    """Read some columns of a pandas, polars or pyarrow frame, a mapping of arrays, or a Table.

    Parameters
    ----------
    data : frame
        Only the columns called for are looked at; they are copied.
    names : iterable of str
        All must be there (see :func:`available`).

    Returns
    -------
    Table

    Raises
    ------
    DataError
        Not a frame, repeated names, columns of different lengths, or values that are neither numbers, text nor
        booleans.
    """
    wanted = list(dict.fromkeys(names))
    if isinstance(data, Table):
        return Table({name: data[name] for name in wanted}, data.rows, data.kind)
    present, column, length = _open(data)
    columns: dict[str, Column] = {}
    for name in wanted:
        if present.count(name) > 1:
            raise DataError(
                f"The data have {present.count(name)} columns called {name!r}.",
                column=name,
                hint="Rename or drop all but one; a formula could mean either.",
            )
        columns[name] = read_column(name, column(name))
        n = len(columns[name].values)
        if length is None:
            length = n
        elif n != length:
            raise DataError(
                f"Column {name!r} has {n} rows where others have {length}.",
                column=name,
                hint="Give all the same length.",
            )
    if length is None and present:  # nothing is needed of a mapping but its number of rows
        length = len(read_column(str(present[0]), column(present[0])).values)
    rows = np.arange(length or 0, dtype=np.int64)
    return Table(columns, _frozen(rows), _kind(data))


def _kind(data: Any) -> str:
    """The library of a frame; pandas for anything but frames of the others."""
    library = type(data).__module__.partition(".")[0]
    return library if library in KINDS else KINDS[0]


def _open(data: Any) -> tuple[list[Any], Callable[[str], Any], int | None]:
    """(column names, getter of a native column, number of rows if known before reading)."""
    if isinstance(data, Table):
        return list(data.columns), data.__getitem__, data.n
    if isinstance(data, pd.DataFrame):
        return list(data.columns), data.__getitem__, len(data)
    if isinstance(data, Mapping) and not hasattr(data, "to_dataframe"):
        return list(data), data.__getitem__, None
    if type(data).__module__.partition(".")[0] == "pyarrow" and hasattr(data, "column_names"):
        arrow: list[Any] = list(data.column_names)  # narwhals refuses repeated names, even of columns that nobody needs
        return arrow, lambda name: data.column(arrow.index(name)), len(data)
    try:
        frame = nw.from_native(data, eager_only=True)
    except TypeError:
        raise _unreadable(data) from None
    names: list[Any] = list(frame.columns)
    return names, lambda name: frame.get_column(name).to_native(), len(frame)


def _unreadable(data: Any) -> DataError:
    hint = "Pass a pandas, polars or pyarrow table in memory, or a dict of arrays."
    if hasattr(data, "to_dataframe"):
        hint = "Call .to_dataframe() first."
    elif hasattr(data, "collect"):
        hint = "It is lazy: call .collect() first."
    return DataError(f"Cannot read data from a {type(data).__name__!r}.", hint=hint)


def _frozen(values: NDArray[Any]) -> NDArray[Any]:
    values.setflags(write=False)
    return values
