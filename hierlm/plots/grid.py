"""Rows at which fitted lines are drawn: one column moves, the others rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm import names
from hierlm.design.column import Column
from hierlm.errors import PosteriorError, did_you_mean

if TYPE_CHECKING:
    from hierlm.model.model import Model
    from hierlm.model.values import GroupBlock

__all__ = ["Axis", "axis_of", "candidates", "is_units", "rows_at", "surrounding"]

POINTS = 40


@dataclass(frozen=True, eq=False)
class Axis:
    """What runs along the horizontal axis.

    Parameters
    ----------
    name : str
        A column of the data.
    levels : tuple of str or None
        Of a factor.
    data : (n,) array
        Its values in the data; codes for a factor.
    at : (m,) array
        Where lines are evaluated: a fine grid, or every level.
    """

    name: str
    levels: tuple[str, ...] | None
    data: NDArray[Any]
    at: NDArray[Any]


def candidates(model: Model, group: str) -> list[str]:
    """Columns that may run along the axis: numbers in the grouping's own slopes, other numbers, factors."""
    plans: Any = model.design.schema
    factors = {f for b in model.blocks for f in b.factors}
    slopes: list[str] = []
    others: list[str] = []
    for plan in plans.predictors:
        others += [*plan.terms.columns, *plan.smooth_columns]
        for bar, terms in zip(plan.predictor.bars, plan.bars, strict=True):
            (slopes if bar.group == group else others).extend(terms.columns)
    usable = [c for c in dict.fromkeys([*slopes, *others]) if c not in factors]
    return sorted(usable, key=lambda name: model.data.columns[name].levels is not None)


def _explaining(model: Model) -> set[str]:
    """Columns in the right side of some formula, offsets among them."""
    plans: Any = model.design.schema
    return {column for plan in plans.predictors for column in plan.columns()}


def axis_of(model: Model, group: str, x: str | None) -> Axis:
    """The column ``x``, or the first of :func:`candidates`.

    Raises
    ------
    PosteriorError
        When there is none, or it is no column of the model.
    """
    table, possible = model.data.columns, candidates(model, group)
    if x is None and not possible:
        raise PosteriorError(
            "The model has no predictor to draw lines along.", hint=f"See plot.caterpillar({group!r})."
        )
    name = possible[0] if x is None else x
    if name not in table:
        raise PosteriorError(f"'{name}' is no column of this model.", hint=did_you_mean(str(name), possible))
    column = table[name]
    if column.levels is None:
        at = np.linspace(column.values.min(), column.values.max(), POINTS)
    else:
        at = np.arange(len(column.levels))
    return Axis(name, column.levels, column.values, at)


def rows_at(model: Model, block: GroupBlock, axis: Axis, codes: Sequence[int]) -> tuple[pd.DataFrame, str]:
    """New data: every chosen level at every point of the axis, and a sentence about what the other columns are.

    Columns that do not vary within any chosen level keep its value; others rest at the mean of the data, factors at
    their most frequent level.
    """
    m, table = len(axis.at), model.data.columns
    rows: dict[str, NDArray[Any]] = {}
    resting, explaining = [], _explaining(model) - {f for b in model.blocks for f in b.factors}
    for name, column in table.items():
        values, rested = _resting(column, block, codes)
        if name == axis.name:
            rows[name] = _native(column, np.tile(axis.at, len(codes)))
            continue
        rows[name] = _native(column, np.repeat(values, m))
        if rested and name in explaining:
            resting.append(f"{name} = {rested}")
    return pd.DataFrame(rows), f" Elsewhere {', '.join(resting)}." if resting else ""


def _resting(column: Column, block: GroupBlock, codes: Sequence[int]) -> tuple[NDArray[Any], str]:
    """One value for each level, and the common one in words ('' where each level has its own)."""
    own = [np.unique(column.values[block.codes == code]) for code in codes]
    if all(len(values) == 1 for values in own):
        return np.array([values[0] for values in own]), ""
    if column.levels is None:
        mean = float(column.values.mean())
        return np.full(len(codes), mean), f"{mean:.3g}"
    common = int(np.bincount(column.values).argmax())
    return np.full(len(codes), common), column.levels[common]


def _native(column: Column, values: NDArray[Any]) -> NDArray[Any]:
    """As a user would type them."""
    if column.levels is None:
        return values.astype(float)
    if column.kind == "bool":
        return values.astype(bool)
    return np.array(column.levels, dtype=object)[values]


def surrounding(model: Model, block: GroupBlock, codes: Sequence[int]) -> list[str]:
    """The groupings of which every chosen level lies within one level, so that its line has their effects too."""
    found = []
    for group, blocks in model.groups.items():
        inside = all(len(np.unique(blocks[0].codes[block.codes == code])) == 1 for code in codes)
        if group != block.group and inside and not is_units(blocks[0], model):
            found.append(group)
    return found


def is_units(block: GroupBlock, model: Model) -> bool:
    """Whether a grouping has no column: every row is a level."""
    return names.UNITS in block.factors and names.UNITS not in model.data.columns
