"""One column of data as numbers, or as codes and levels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm.errors import DataError

__all__ = ["Column", "Kind", "labels_of_numbers", "read_column"]

Kind = Literal["numeric", "bool", "category", "text"]

EXACT = 2**53  # the largest range in which every integer is a float64
BOOLEAN = ("False", "True")


@dataclass(frozen=True, eq=False)
class Column:
    """A column.

    Parameters
    ----------
    name : str
    values : (n,) array
        float64 with NaN for missing, or int64 codes into ``levels`` with −1 for missing; read-only.
    kind : {"numeric", "bool", "category", "text"}
    levels : tuple of str or None
        Of everything but numbers. Categories keep their declared order; text is sorted (by code point, as R
        does in the C locale); booleans are ``("False", "True")``.
    ordered : bool
        Whether the user declared the categories as ordered (their coding does not change).
    """

    name: str
    values: NDArray[Any]
    kind: Kind
    levels: tuple[str, ...] | None = None
    ordered: bool = False

    @property
    def missing(self) -> NDArray[np.bool_]:
        """(n,) where the value is missing."""
        return np.isnan(self.values) if self.levels is None else np.less(self.values, 0)

    @property
    def infinite(self) -> NDArray[np.bool_]:
        """(n,) where the value is infinite."""
        return np.isinf(self.values) if self.levels is None else np.zeros(len(self.values), dtype=bool)

    @property
    def observed(self) -> int:
        """How many different values there are, missing ones aside."""
        return len(np.unique(self.values[~self.missing]))

    def take(self, keep: NDArray[np.bool_]) -> Column:
        """The rows where ``keep`` is true; all levels are kept."""
        return replace(self, values=_frozen(self.values[keep]))

    def same_as(self, other: Column) -> bool:
        """Whether both hold the same values."""
        if self.levels is None or other.levels is None or self.levels == other.levels:
            return self.levels == other.levels and np.array_equal(self.values, other.values, equal_nan=True)
        mine, theirs = np.array([*self.levels, ""]), np.array([*other.levels, ""])
        return np.array_equal(mine[self.values], theirs[other.values])

    def without_unused(self) -> tuple[Column, tuple[str, ...]]:
        """The column without the levels that no row has, and those levels; booleans keep both of theirs."""
        if self.levels is None or self.kind == "bool":
            return self, ()
        used = np.bincount(self.values[self.values >= 0], minlength=len(self.levels)) > 0
        if used.all():
            return self, ()
        recode = np.append(np.where(used, np.cumsum(used) - 1, -1), -1).astype(np.int64)
        levels = tuple(level for level, u in zip(self.levels, used, strict=True) if u)
        unused = tuple(level for level, u in zip(self.levels, used, strict=True) if not u)
        return replace(self, values=_frozen(recode[self.values]), levels=levels), unused


def read_column(name: str, native: Any) -> Column:
    """A native column (pandas, polars, pyarrow, numpy, list) as a :class:`Column`.

    Raises
    ------
    DataError
        For dates, complex numbers, decimals, lists or objects in cells, and integers beyond ±2⁵³.

    Examples
    --------
    >>> read_column("flag", [True, False]).levels
    ('False', 'True')
    """
    if isinstance(native, Column):
        return native
    series = _series(name, native)
    dtype = series.dtype
    if dtype == nw.Boolean:
        return _boolean(name, series.cast(nw.Float64).to_numpy())
    if dtype.is_integer():
        low, high = series.min(), series.max()
        if low is not None and (low < -EXACT or high > EXACT):
            raise _inexact(name)
        return _numeric(name, series.cast(nw.Float64).to_numpy())
    if dtype.is_float():
        return _numeric(name, series.cast(nw.Float64).to_numpy())
    if isinstance(dtype, (nw.Categorical, nw.Enum)):
        return _category(name, series)
    if dtype == nw.String:
        return _text(name, series.to_numpy())
    return _other(name, series)


def _inexact(name: str) -> DataError:
    return DataError(
        f"Column {name!r} holds integers beyond 2^53, which lose digits as numbers.",
        column=name,
        hint="If it identifies something, turn it into text first: astype(str).",
    )


def labels_of_numbers(numbers: NDArray[np.float64]) -> tuple[str, ...]:
    """``[308.0, 1.5]`` → ``("308", "1.5")``."""
    return tuple(str(int(x)) if float(x).is_integer() else repr(float(x)) for x in numbers)


def _series(name: str, native: Any) -> nw.Series[Any]:
    try:
        return nw.from_native(native, series_only=True)
    except TypeError:
        pass
    if type(native).__module__.partition(".")[0] == "pyarrow":  # an array that is not chunked
        import pyarrow as pa  # type: ignore[import-untyped]

        return nw.from_native(pa.chunked_array([native]), series_only=True)
    if isinstance(native, (str, bytes, Mapping)) or not isinstance(native, Iterable) or getattr(native, "ndim", 1) != 1:
        raise DataError(
            f"Column {name!r} is not one value a row but a {type(native).__name__!r} object.",
            column=name,
            hint="Give one value a row, in a list or an array.",
        )
    known = isinstance(native, (np.ndarray, pd.api.extensions.ExtensionArray, pd.Index))
    try:
        return nw.from_native(pd.Series(native if known else list(native)), series_only=True)
    except (TypeError, ValueError) as problem:
        raise DataError(f"Column {name!r} cannot be read: {problem}.", column=name, hint=_REMEDY) from problem


def _numeric(name: str, values: NDArray[Any]) -> Column:
    return Column(name, _frozen(np.array(values, dtype=np.float64)), "numeric")


def _boolean(name: str, values: NDArray[Any]) -> Column:
    numbers = np.asarray(values, dtype=np.float64)
    codes = np.where(np.isnan(numbers), -1, np.nan_to_num(numbers)).astype(np.int64)
    return Column(name, _frozen(codes), "bool", BOOLEAN)


def _text(name: str, values: NDArray[Any], declared: Sequence[str] | None = None, *, ordered: bool = False) -> Column:
    """Text values, sorted, or in the declared order of their categories."""
    codes, found = pd.factorize(np.asarray(values, dtype=object))
    found = np.asarray(found, dtype=object)
    levels = tuple(sorted(str(f) for f in found)) if declared is None else tuple(declared)
    place = {level: i for i, level in enumerate(levels)}
    recode = np.array([*(place[str(f)] for f in found), -1], dtype=np.int64)
    return Column(name, _frozen(recode[codes]), "text" if declared is None else "category", levels, ordered)


def _category(name: str, series: nw.Series[Any]) -> Column:
    """Category order from the native object: narwhals' own accessor does not keep it."""
    native = series.to_native()
    if isinstance(native, pd.Series):
        codes, categories, ordered = native.cat.codes.to_numpy(), native.cat.categories, bool(native.cat.ordered)
        levels = _category_labels(name, categories)
        return Column(name, _frozen(np.array(codes, dtype=np.int64)), "category", levels, ordered)
    labels = series.cast(nw.String).to_numpy()
    if isinstance(series.dtype, nw.Enum):
        return _text(name, labels, series.dtype.categories, ordered=True)
    if hasattr(native, "unify_dictionaries"):  # a pyarrow dictionary
        chunks = native.unify_dictionaries().chunks
        declared = [str(v) for v in chunks[0].dictionary.to_pylist()] if chunks else []
        return _text(name, labels, declared, ordered=bool(native.type.ordered))
    return _text(name, labels)  # polars Categorical: its order is that of appearance, so not the user's


def _category_labels(name: str, categories: pd.Index[Any]) -> tuple[str, ...]:
    numeric = pd.api.types.is_float_dtype(categories)
    labels = labels_of_numbers(categories.to_numpy(dtype=np.float64)) if numeric else tuple(str(c) for c in categories)
    if len(set(labels)) < len(labels):
        raise DataError(
            f"Column {name!r} has different categories that read the same.", column=name, hint="Rename one of them."
        )
    return labels


def _other(name: str, series: nw.Series[Any]) -> Column:
    """Objects that are all numbers or all booleans are read; the rest is refused with the reason."""
    dtype = series.dtype
    if isinstance(dtype, (nw.Datetime, nw.Date, nw.Duration, nw.Time)):
        raise DataError(
            f"Column {name!r} holds dates or times ({dtype}).",
            column=name,
            hint=f"Make it a number: d[{name!r}].dt.days for durations, (d[{name!r}] - d[{name!r}].min()).dt.days for "
            "days since the first date.",
        )
    values = series.to_numpy()
    if isinstance(dtype, (nw.Struct, nw.Array, nw.List)) or values.ndim != 1:
        raise DataError(
            f"Column {name!r} holds several values a cell ({dtype}).", column=name, hint=_REMEDY + " One value a cell."
        )
    if values.dtype == object:
        return _objects(name, values)
    if np.iscomplexobj(values):
        raise DataError(f"Column {name!r} holds complex numbers.", column=name, hint="Use its real part or modulus.")
    if values.dtype.kind in "fiu":  # sparse, or all null
        return _numeric(name, values)
    raise DataError(f"Column {name!r} has type {dtype}, which is not supported.", column=name, hint=_REMEDY)


_REMEDY = "Columns hold numbers, text, categories or booleans."


def _objects(name: str, values: NDArray[Any]) -> Column:
    kind = pd.api.types.infer_dtype(values, skipna=True)
    if kind in ("integer", "floating", "mixed-integer-float"):
        if any(isinstance(v, int) and abs(v) > EXACT for v in values):
            raise _inexact(name)
        return read_column(name, pd.Series(pd.to_numeric(pd.Series(values), errors="coerce")))
    if kind == "boolean":
        return _boolean(name, np.array([np.nan if pd.isna(v) else float(v) for v in values]))
    if kind in ("string", "empty"):
        return _text(name, values)
    plain = (str, int, float, np.integer, np.floating)
    strange = [i for i, v in enumerate(values) if not isinstance(v, plain) and v is not None and v is not pd.NA]
    if strange:
        what = type(values[strange[0]]).__name__
        raise DataError(
            f"Column {name!r} holds {what} objects",
            column=name,
            rows=strange,
            hint=f"{_REMEDY} One value a cell; astype(float) makes numbers of decimals and fractions.",
        )
    texts = [i for i, v in enumerate(values) if isinstance(v, str)]
    numbers = [i for i, v in enumerate(values) if isinstance(v, plain[1:]) and not pd.isna(v)]
    odd, what = (texts, "text") if len(texts) <= len(numbers) else (numbers, "numbers")
    raise DataError(
        f"Column {name!r} mixes numbers and text: {what}",
        column=name,
        rows=odd,
        hint=f"Use pd.to_numeric(d[{name!r}], errors='coerce') for numbers, or astype(str) for labels.",
    )


def _frozen(values: NDArray[Any]) -> NDArray[Any]:
    values.setflags(write=False)
    return values
