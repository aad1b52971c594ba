"""grid: rows at chosen values of some columns, at typical values of the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from hierlm import names
from hierlm.design.column import Column
from hierlm.design.table import Table
from hierlm.errors import PredictionError
from hierlm.posterior.effects.scenarios import as_typed, column_of, explaining, grouping_only, repeated, typical
from hierlm.posterior.native import native

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.model import Model

__all__ = ["grid", "grid_table"]

STEPS = 5
"""Values of a number that is named without values."""


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
    table, varied = grid_table(model, columns, values)
    frame = native(model, {name: as_typed(column) for name, column in table.columns.items()})
    if hasattr(frame, "attrs"):
        frame.attrs["varied"] = list(varied)
    return frame


def grid_table(model: Model, columns: Iterable[str], values: Mapping[str, Any]) -> tuple[Table, tuple[str, ...]]:
    """The rows of :func:`grid`, and the columns that were asked for."""
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
    combinations = list(product(*asked.values()))
    found = {name: [row[i] for row in combinations] for i, name in enumerate(asked)}
    rest = [c for c in explaining(model) if c not in asked and c not in grouping_only(model)]
    rest += [c for r in model.design.schema.responses for c in r.columns(response=False)]
    for name in dict.fromkeys(rest):
        if name not in found and name in model.data.columns and name != names.UNITS:
            found[name] = [_resting(model.data[name], name, model)] * len(combinations)
    return repeated(found, model), tuple(asked)


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
