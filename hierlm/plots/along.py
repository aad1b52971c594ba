"""Grids along which effects are drawn, and the rows of data beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hierlm.errors import PosteriorError, did_you_mean
from hierlm.plots.effect_marks import Points
from hierlm.posterior.effects.columns import column_of, own_groups
from hierlm.posterior.effects.scenarios import as_typed, typical

if TYPE_CHECKING:
    from hierlm.model.model import Model
    from hierlm.model.values import ModelResponse
    from hierlm.posterior.effects import Effects

__all__ = ["check_options", "grid_along", "held", "points_along", "told_apart"]

STEPS = 60
FEW = 4
"""Different values of a number that are all drawn; of more, the mean and one sd to either side."""


def grid_along(
    model: Model, x: str, colour: str | None, panel: str | None, at: Mapping[str, Any] | None
) -> dict[str, list[Any]]:
    """Values of the columns that a picture varies, and those that it holds."""
    made: dict[str, list[Any]] = {}
    for name in (x, colour, panel):
        if name is None:
            continue
        column = column_of(model, name)
        if name in made:
            raise PosteriorError(f"{name!r} is named twice.", hint="x, colour and panel are different columns.")
        if column.levels is not None:
            made[name] = list(dict.fromkeys(as_typed(column)[np.argsort(column.values, kind="stable")]))
        elif name == x:
            made[name] = list(np.linspace(column.values.min(), column.values.max(), STEPS))
        else:
            own = np.unique(column.values)
            mean, sd = typical(column), column.values.std(ddof=1)
            made[name] = [float(f"{v:.3g}") for v in (own if len(own) <= FEW else (mean - sd, mean, mean + sd))]
    for name, value in (at or {}).items():
        if name in made:
            raise PosteriorError(f"{name!r} is drawn along and held.", hint="Leave it out of at=.")
        if isinstance(value, (list, tuple, np.ndarray)):
            raise PosteriorError(
                f"at={{{name!r}: …}} holds {name!r} at one value.", hint=f"Draw several: colour={name!r}."
            )
        made[name] = [value]
    return made


def check_options(asked: Callable[..., Effects], options: Mapping[str, Any], *, curves: bool) -> None:
    """Refuse options that the question does not have, and where curves are drawn those that choose rows.

    Parameters
    ----------
    asked : callable
        The question that is drawn.
    curves : bool
        Whether the columns that are drawn along choose the rows.

    Raises
    ------
    PosteriorError
    """
    known = [name for name, p in signature(asked).parameters.items() if p.kind is not p.POSITIONAL_ONLY][1:]
    for name in options:
        if name not in known:
            raise PosteriorError(f"{asked.__name__} has no option {name!r}.", hint=did_you_mean(name, known))
        if curves and name in ("grid", "new", "by", "setting"):
            raise PosteriorError(
                f"{name}= chooses rows, and these are the columns that are drawn along.",
                hint=f"Hold others by at=; or draw an answer of your own: plot.effects(fit.{asked.__name__}(…)).",
            )


def told_apart(answer: Effects, colour: str | None, panel: str | None, *columns: str) -> tuple[str | None, str | None]:
    """Colour and panel, filled with those of these columns in which the answer differs."""
    for column in columns:
        if column not in answer.labels or answer.table[column].nunique() < 2 or column in (colour, panel):
            continue
        colour, panel = (column, panel) if colour is None else (colour, column) if panel is None else (colour, panel)
    return colour, panel


def held(at: Mapping[str, Any] | None) -> str:
    """A sentence about the columns that are held at values that the user chose."""
    return f"At {', '.join(f'{c} = {v}' for c, v in at.items())}. " if at else ""


def points_along(
    model: Model, response: ModelResponse, x: str, others: tuple[str | None, ...], at: Mapping[str, Any] | None
) -> Points:
    """The data's own rows: the response, per trial where there are trials, and the factors among the columns.

    Only those that lie at the levels which are held.
    """
    y = response.y / response.additions.get("trials", np.ones(len(response.y)))
    frame = {name: as_typed(model.data[name]) for name in others if name is not None and _factor(model, name)}
    frame |= {"x": model.data[x].values, "y": y}
    levels = {c: v for c, v in (at or {}).items() if c in own_groups(model) or _factor(model, c)}
    here = np.ones(len(y), dtype=bool)
    for name, value in levels.items():
        values = as_typed(model.data[name])
        here &= values.astype(str) == str(value) if _factor(model, name) else values == value
    where = f" at {', '.join(f'{c} = {v}' for c, v in levels.items())}" if levels else ""
    return Points(pd.DataFrame(frame)[here], "x", "y", f"Points: rows of the data{where}.")


def _factor(model: Model, name: str) -> bool:
    return name in model.data.columns and model.data[name].levels is not None
