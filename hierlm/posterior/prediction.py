"""The answer of predict: a table of rows, and every draw behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from hierlm import names
from hierlm.posterior.layout import Table, html_lines, html_page, html_table, number, percent, records, text_table
from hierlm.posterior.linear import Rows, chunks

__all__ = ["Prediction", "frame_in_parts", "frame_of"]

SHOWN = 10


@final
@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """Predictions for rows of data.

    Parameters
    ----------
    frame : DataFrame
        One row per row of the data, indexed by its position there: ``mean``, ``sd``, and the ends ``lower``, ``upper``
        of the equal-tailed interval that holds the share ``level`` of the draws.  Of an ordinal response one row per
        row of data and ``category``: its probability, or, where responses are drawn, whether they are in it.
    draws : DataArray
        Every draw, dims ``chain``, ``draw``, ``obs``, and ``category`` where probabilities are predicted; drawn
        categories by their names.
    quantity : str
        What was predicted, and on which scale.
    level : float
    new : mapping of str to tuple of str
        Levels that the fit has not seen, by grouping, as far as their effects were asked for.
    new_levels : str
        What was done about them.
    notes : tuple of str
        Positions that the fit has no effects at, and what was done about them.
    """

    frame: pd.DataFrame
    draws: xr.DataArray
    quantity: str
    level: float
    new: dict[str, tuple[str, ...]]
    new_levels: str
    notes: tuple[str, ...] = ()

    def _header(self) -> list[str]:
        chains, draws = self.draws.sizes["chain"], self.draws.sizes["draw"]
        n = self.draws.sizes[names.OBS]
        rows = f"{n:,} row{'s' if n != 1 else ''}"
        lines = [f"{self.quantity}: {rows}, {chains} × {draws:,} draws, {percent(self.level)} equal-tailed interval"]
        done = {"draw": "drawn from the population", "zero": "set to zero"}.get(self.new_levels, "")
        for group, levels in self.new.items():
            shown = ", ".join(levels[:3]) + (", …" if len(levels) > 3 else "")
            lines.append(
                f"{len(levels)} new level{'s' if len(levels) != 1 else ''} of {group} ({shown}): effects {done}"
            )
        return [*lines, *self.notes]

    def _table(self) -> Table:
        numbers = ("mean", "sd", "lower", "upper")
        words = tuple(c for c in self.frame.columns if c not in numbers)
        shown = records(self.frame.head(SHOWN), index=True)
        rows = [
            (str(r.Index), *(str(getattr(r, c)) for c in words), *(number(getattr(r, c), r.sd) for c in numbers))
            for r in shown
        ]
        return ("row", *words, *numbers), rows

    def _footer(self) -> list[str]:
        hidden = len(self.frame) - SHOWN
        return [f"… {hidden:,} more rows in .frame"] if hidden > 0 else []

    def __repr__(self) -> str:
        return "\n".join([*self._header(), text_table(*self._table()), *self._footer()])

    def _repr_html_(self) -> str:
        return html_page(html_lines(self._header()), html_table(*self._table()), html_lines(self._footer()))


def frame_of(values: NDArray[np.float64], rows: Rows, level: float, categories: tuple[str, ...] = ()) -> pd.DataFrame:
    """Mean, sd and equal-tailed interval of every row of an (S, n) array; see :class:`Prediction`.

    With categories the array is (S, n, K), or (S, n) numbers of categories, and there is a row for each of them.
    """
    if categories:
        return _frame_of_categories(values, rows, level, categories)
    return frame_in_parts(lambda at: values[:, at], len(values), rows, level)


def frame_in_parts(
    values: Callable[[slice], NDArray[np.float64]], draws: int, rows: Rows, level: float
) -> pd.DataFrame:
    """The same of values (S, rows) that are made some rows at a time, and not kept."""
    found = np.empty((4, rows.n))
    for at in chunks(draws, rows.n):
        part = values(at)
        found[0, at], found[1, at] = part.mean(axis=0), part.std(axis=0, ddof=min(1, draws - 1))
        found[2:, at] = np.quantile(part, [(1 - level) / 2, (1 + level) / 2], axis=0)
    columns = dict(zip(("mean", "sd", "lower", "upper"), found, strict=True))
    frame = pd.DataFrame(columns, index=pd.Index(rows.index, name="row"))
    frame.attrs["level"] = level
    return frame


def _frame_of_categories(
    values: NDArray[np.float64], rows: Rows, level: float, categories: tuple[str, ...]
) -> pd.DataFrame:
    """A frame for each category, put together row by row."""
    parts = [
        frame_of(values[..., k] if values.ndim == 3 else (values == k + 1).astype(float), rows, level)
        for k in range(len(categories))
    ]
    for part, category in zip(parts, categories, strict=True):
        part.insert(0, names.CATEGORY, category)
    order = np.arange(len(categories) * rows.n).reshape(len(categories), rows.n).T.ravel()
    frame = pd.concat(parts).iloc[order]
    frame[names.CATEGORY] = pd.Categorical(frame[names.CATEGORY], list(categories), ordered=True)
    frame.attrs["level"] = level
    return frame
