"""grid: rows at chosen values of some columns, at typical values of the others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from hierlm import names
from hierlm.design.column import Column
from hierlm.design.table import Table
from hierlm.errors import PredictionError
from hierlm.posterior.effects.columns import column_of, explaining, grouping_only
from hierlm.posterior.effects.scenarios import as_typed, repeated, typical
from hierlm.posterior.native import native

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.model import Model

__all__ = ["Grid", "grid", "grid_table"]

STEPS = 5
"""Values of a number that is named without values."""
MOST = 200_000
"""Rows of a grid."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Rows of a grid.

    Parameters
    ----------
    table : Table
    asked : tuple of str
        The columns that were asked for.
    resting : mapping of str to value
        Where the other columns that explain the response are.
    """

    table: Table
    asked: tuple[str, ...]
    resting: Mapping[str, Any]

    def words(self, among: Collection[str]) -> str:
        """Where the resting columns among these are, ``"x = 0.3, f = a"``; empty where there are none."""
        shown = {c: f"{v:.4g}" if isinstance(v, float) else str(v) for c, v in self.resting.items() if c in among}
        return ", ".join(f"{c} = {v}" for c, v in shown.items())


def grid(fit: Fit | Model, *columns: str, **values: Any) -> Any:
    """Rows at chosen values of some columns, in all combinations; the other columns at typical values.

    Typical is the mean of a number and the most frequent level of a factor.  Columns that only tell which group a row
    belongs to are left out unless they are named.

    Parameters
    ----------
    fit : Fit or Model
    *columns : str
        Factors at all their levels, numbers at five evenly spaced values from smallest to largest.
    **values : list or single value, optional
        Columns at these values: ``Days=[0, 5]``, ``sex="f"``.  A name that is no identifier goes in by
        ``**{"my var": [1, 2]}``.

    Returns
    -------
    DataFrame
        Of the kind of frame that the model was given; the columns asked for come first.

    Raises
    ------
    PredictionError
        For an unknown column or level.

    Examples
    --------
    >>> import hierlm as hl
    >>> model = hl.Model("Reaction ~ Days + (Days | Subject)", hl.load_data("sleepstudy"))
    >>> hl.grid(model, Days=[0, 5])
       Days
    0   0.0
    1   5.0
    """
    model: Any = getattr(fit, "model", fit)  # a fit has one
    made = grid_table(model, columns, values)
    frame = native(model, {name: as_typed(column) for name, column in made.table.columns.items()})
    if hasattr(frame, "attrs"):
        frame.attrs["varied"] = list(made.asked)
    return frame


def grid_table(model: Model, columns: Iterable[str], values: Mapping[str, Any]) -> Grid:
    """The rows of :func:`grid`.

    Raises
    ------
    PredictionError
        For an unknown column, one at no value, and too many rows.
    """
    asked: dict[str, list[Any]] = {}
    for name in columns:
        if name in values:
            raise PredictionError(f"{name!r} is named twice.", hint=f"Write {name}=[…] alone.")
        asked[name] = _all(column_of(model, name))
    for name, given in values.items():
        column_of(model, name)
        listed = isinstance(given, Iterable) and not isinstance(given, (str, bytes))
        asked[name] = list(given) if listed else [given]
        if not asked[name]:
            raise PredictionError(f"{name!r} is asked at no value.", hint=f"Write {name}=[…], or leave it out.")
    size = prod(len(v) for v in asked.values())
    if size > MOST:
        raise PredictionError(
            f"The grid of {', '.join(asked)} has {size:,} rows, more than {MOST:,}.",
            hint="Hold some columns at one value, or average over the data: predictions(fit, by=…).",
        )
    combinations = list(product(*asked.values()))
    found = {name: [row[i] for row in combinations] for i, name in enumerate(asked)}
    rest = [c for c in explaining(model) if c not in asked and c not in grouping_only(model)]
    rest += [c for r in model.design.schema.responses for c in r.columns(response=False)]
    resting = {
        name: _resting(model.data[name], name, model)
        for name in dict.fromkeys(rest)
        if name not in found and name in model.data.columns and name != names.UNITS
    }
    found |= {name: [value] * len(combinations) for name, value in resting.items()}
    explain = explaining(model)
    return Grid(repeated(found, model), tuple(asked), {c: v for c, v in resting.items() if c in explain})


def _all(column: Column) -> list[Any]:
    if column.levels is not None:
        return list(column.levels)
    return list(np.linspace(column.values.min(), column.values.max(), STEPS))


def _resting(column: Column, name: str, model: Model) -> Any:
    """Typical; numbers of trials are whole, so theirs is the median."""
    additions = {c for r in model.design.schema.responses for c in r.columns(response=False)}
    if name in additions and column.levels is None:
        return float(np.median(column.values).round())
    return typical(column)
