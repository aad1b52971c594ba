"""Tables of two kinds, and the columns that each kind has its own words for."""

from __future__ import annotations

import datetime
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, final

import pandas as pd
import polars as pl

from tests.badinput.test_model import D

COLUMNS: dict[str, list[Any]] = {name: D[name].to_list() for name in D}
N = len(D)
START = datetime.datetime(2020, 1, 1)


def at(column: str, value: Any, *rows: int) -> list[Any]:
    """A column of the table with some cells changed."""
    return [value if i in rows else v for i, v in enumerate(COLUMNS[column])]


class Frame(ABC):
    """How to make tables and columns of one kind."""

    name: ClassVar[str]

    def table(
        self,
        changes: Mapping[str, Any] | None = None,
        *,
        drop: Iterable[str] = (),
        rename: Mapping[str, str] | None = None,
        rows: int = N,
        **columns: Any,
    ) -> Any:
        """The table of 40 rows with columns changed, added, dropped or renamed, or its first rows.

        A single number or text stands for a column of it.
        """
        new = COLUMNS | dict(changes or {}) | columns
        names = rename or {}
        whole = {
            names.get(k, k): [v] * N if isinstance(v, (int, float, str)) or v is None else v
            for k, v in new.items()
            if k not in drop
        }
        return self.make(whole)[:rows]

    @abstractmethod
    def make(self, columns: Mapping[str, Any]) -> Any:
        """A table of columns."""

    @abstractmethod
    def categories(self, values: Sequence[Any], levels: Sequence[str], *, ordered: bool = False) -> Any:
        """A column of declared categories."""

    @abstractmethod
    def nullable(self, values: Sequence[Any], kind: str) -> Any:
        """Integers (``"Int64"``), booleans (``"boolean"``) or text (``"string"``) with None for missing."""

    @abstractmethod
    def numbers(self, values: Sequence[Any], kind: str) -> Any:
        """Numbers of this type (``"float32"``, ``"int8"``, ``"uint64"``)."""

    @abstractmethod
    def objects(self, values: Sequence[Any]) -> Any:
        """Anything."""

    def dates(self) -> Any:
        """One instant a row, a day apart."""
        return self.times([START + datetime.timedelta(days=i) for i in range(N)])

    def durations(self) -> Any:
        """One duration a row."""
        return self.times([datetime.timedelta(days=i) for i in range(N)])

    @abstractmethod
    def times(self, values: Sequence[Any]) -> Any:
        """Instants or durations."""


@final
class Pandas(Frame):
    """pandas."""

    name = "pandas"

    def make(self, columns: Mapping[str, Any]) -> pd.DataFrame:
        """See :meth:`Frame.make`."""
        return pd.DataFrame(dict(columns))

    def categories(self, values: Sequence[Any], levels: Sequence[str], *, ordered: bool = False) -> Any:
        """See :meth:`Frame.categories`."""
        return pd.Categorical(values, categories=list(levels), ordered=ordered)

    def nullable(self, values: Sequence[Any], kind: str) -> Any:
        """See :meth:`Frame.nullable`."""
        return pd.array(list(values), dtype=kind)

    def numbers(self, values: Sequence[Any], kind: str) -> Any:
        """See :meth:`Frame.numbers`."""
        return pd.Series(list(values), dtype=kind)

    def objects(self, values: Sequence[Any]) -> Any:
        """See :meth:`Frame.objects`."""
        return pd.Series(list(values), dtype=object)

    def times(self, values: Sequence[Any]) -> Any:
        """See :meth:`Frame.times`."""
        return pd.Series(list(values))


@final
class Polars(Frame):
    """polars."""

    name = "polars"
    KINDS = {
        "Int64": pl.Int64, "boolean": pl.Boolean, "string": pl.String, "float32": pl.Float32, "int8": pl.Int8,
        "uint64": pl.UInt64, "int64": pl.Int64,
    }  # fmt: skip

    def make(self, columns: Mapping[str, Any]) -> pl.DataFrame:
        """See :meth:`Frame.make`."""
        return pl.DataFrame({k: v if isinstance(v, pl.Series) else pl.Series(v) for k, v in columns.items()})

    def categories(self, values: Sequence[Any], levels: Sequence[str], *, ordered: bool = False) -> Any:
        """See :meth:`Frame.categories`; polars' declared categories are always ordered."""
        return pl.Series(list(values), dtype=pl.Enum(list(levels)))

    def nullable(self, values: Sequence[Any], kind: str) -> Any:
        """See :meth:`Frame.nullable`."""
        return pl.Series(list(values), dtype=self.KINDS[kind])

    def numbers(self, values: Sequence[Any], kind: str) -> Any:
        """See :meth:`Frame.numbers`."""
        return pl.Series(list(values), dtype=self.KINDS[kind])

    def objects(self, values: Sequence[Any]) -> Any:
        """See :meth:`Frame.objects`."""
        return pl.Series(list(values), dtype=pl.Object)

    def times(self, values: Sequence[Any]) -> Any:
        """See :meth:`Frame.times`."""
        return pl.Series(list(values))


FRAMES: dict[str, Frame] = {frame.name: frame for frame in (Pandas(), Polars())}
