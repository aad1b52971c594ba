"""An answer about effects as a picture: curves along a number, or a row for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm.errors import PosteriorError, did_you_mean
from hierlm.plots.canvas import SERIES, heading, percent, plain, pyplot, style
from hierlm.plots.effect_marks import Points, curve, finish, legend, rows
from hierlm.plots.picture import Picture
from hierlm.posterior.estimates import IN_WORDS

if TYPE_CHECKING:
    from hierlm.posterior.effects import Effects

__all__ = ["effects"]

MOST_PANELS, MOST_ROWS = 12, 60


def effects(
    answer: Effects,
    x: str | None = None,
    colour: str | None = None,
    panel: str | None = None,
    *,
    title: str | None = None,
    points: Points | None = None,
    note: str = "",
) -> Picture:
    """Any answer about effects: predictions, comparisons, slopes, marginal means, contrasts.

    Parameters
    ----------
    answer : Effects
    x : str, optional
        A column of numbers to draw curves along; without one, every answer has a row of its own.
    colour, panel : str, optional
        Columns to tell apart by colour and by panel.
    title : str, optional
        What was asked unless given.
    points : Points, optional
        Rows of data to draw beside curves.
    note : str
        A sentence more below the title.

    Returns
    -------
    Picture
        With the value of no effect as a line; ratios on a logarithmic axis.

    Raises
    ------
    PosteriorError
        For an unknown column, curves along a factor, too many rows, colours or panels.

    Examples
    --------
    >>> means = hl.marginal_means(fit, "period")  # doctest: +SKIP
    >>> fit.plot.effects(hl.contrasts(means)).savefig("contrasts.png")  # doctest: +SKIP
    """
    table = answer.table.reset_index(drop=True)
    _check(answer, table, x, colour, panel)
    parts = _levels(table, panel, MOST_PANELS, "panels")
    series = _levels(table, colour, len(SERIES), "colours")
    rest = [c for c in answer.labels if c not in (x, colour, panel) and len(set(table[c])) > 1]
    if x is None:
        return _in_rows(answer, table, colour, panel, parts, series, rest, title, note)
    if table.duplicated([c for c in (x, colour, panel) if c is not None]).any():
        raise PosteriorError(
            f"Several answers are at the same {x!r}; they differ in {', '.join(rest)}.",
            hint=f"Tell them apart: colour={rest[0]!r}." if rest else "Ask over a grid.",
        )
    with style():
        figure, panels = _panels(len(parts), 3.6, 2.9)
        for axes, part in zip(panels, parts, strict=True):
            for level, shade in zip(series, SERIES, strict=False):
                own = table[_where(table, panel, part) & _where(table, colour, level)].sort_values(x)
                if points is not None:
                    points.draw(axes, {panel: part, colour: level}, shade)
                curve(axes, own, x, shade, None if level is None else str(level))
            axes.set_title("" if panel is None else plain(f"{panel}: {part}"), loc="left")
            axes.set_xlabel(plain(x))
        _end(figure, panels, answer, colour, title, f"{note}{'' if points is None else points.words}")
    return Picture(figure, tuple(panels))


def _in_rows(
    answer: Effects,
    table: pd.DataFrame,
    colour: str | None,
    panel: str | None,
    parts: Sequence[Any],
    series: Sequence[Any],
    rest: Sequence[str],
    title: str | None,
    note: str,
) -> Picture:
    """A row for each combination of the columns that neither colour nor panel tells apart."""
    names = [", ".join(_word(c, v) for c, v in zip(rest, values, strict=True)) for values in table[rest].to_numpy()]
    order = list(dict.fromkeys(names))
    if len(order) * len(series) > MOST_ROWS * 2 or len(order) > MOST_ROWS:
        raise PosteriorError(
            f"{len(order)} rows are too many to draw.", hint="Draw a part: fewer levels, by=, or along x= a number."
        )
    draws = answer.draws.to_numpy().reshape(-1, len(table))
    with style():
        room = max(0.9, (0.30 if len(series) == 1 else 0.17 * len(series) + 0.12) * len(order))
        figure, panels = _panels(len(parts), 4.4, room + 0.5)
        for axes, part in zip(panels, parts, strict=True):
            for number, (level, shade) in enumerate(zip(series, SERIES, strict=False)):
                at = np.flatnonzero(_where(table, panel, part) & _where(table, colour, level))
                dodge = 0.0 if len(series) == 1 else 0.66 * (0.5 - (number + 0.5) / len(series))
                y = np.array([len(order) - 1 - order.index(names[i]) + dodge for i in at])
                label = None if level is None else str(level)
                rows(axes, table.iloc[at], draws[:, at], y, shade, answer.kind, label)
            axes.set_yticks(range(len(order)), [plain(name) for name in order[::-1]])
            axes.tick_params(axis="y", length=0)
            axes.set_ylim(-0.6, len(order) - 0.4)
            axes.set_ylabel(plain(", ".join(c for c in rest if c not in ("variable", "contrast"))))
            axes.set_title("" if panel is None else plain(f"{panel}: {part}"), loc="left")
        _end(figure, panels, answer, colour, title, note, upright=False)
    return Picture(figure, tuple(panels))


def _end(
    figure: Any,
    panels: Sequence[Any],
    answer: Effects,
    colour: str | None,
    title: str | None,
    note: str,
    *,
    upright: bool = True,
) -> None:
    """Axis of the values, line of no effect, legend, title and explanation."""
    finish(panels, answer, upright=upright)
    legend(panels, colour)
    words = f"{percent(answer.level)} {IN_WORDS[answer.kind]} interval"
    marks = (
        f"Line: posterior mean, with its {words}." if upright else f"Point: posterior mean; thin: {words}, thick: 50%."
    )
    header = [f"Elsewhere {answer.elsewhere}"] * bool(answer.elsewhere) + list(answer.header[1:])
    header = header if upright or answer.elsewhere else list(answer.header)
    text = " ".join([marks, *(f"{h}." for h in header), *([note] if note else [])])
    heading(figure, title or answer.quantity[:1].upper() + answer.quantity[1:], text)


def _check(answer: Effects, table: pd.DataFrame, x: str | None, colour: str | None, panel: str | None) -> None:
    for what, name in (("x", x), ("colour", colour), ("panel", panel)):
        if name is not None and name not in answer.labels:
            raise PosteriorError(
                f"{what}={name!r} is no column of this answer.",
                hint=did_you_mean(str(name), answer.labels) or "It is a single number.",
            )
    given = [name for name in (x, colour, panel) if name is not None]
    if len(set(given)) < len(given):
        raise PosteriorError("A column is named twice.", hint="x, colour and panel are different columns.")
    if x is not None and (table[x].dtype == bool or not pd.api.types.is_numeric_dtype(table[x])):
        raise PosteriorError(
            f"{x!r} holds no numbers to draw curves along.",
            hint=f"Leave it out, and tell its levels apart: by={x!r}, colour={x!r}.",
        )


def _levels(table: pd.DataFrame, name: str | None, most: int, what: str) -> list[Any]:
    if name is None:
        return [None]
    found = list(dict.fromkeys(table[name]))
    if len(found) > most:
        raise PosteriorError(
            f"{name!r} has {len(found)} values, more than {most} {what}.", hint="Ask for some of them: grid={…}."
        )
    return found


def _where(table: pd.DataFrame, name: str | None, level: Any) -> NDArray[np.bool_]:
    return np.ones(len(table), dtype=bool) if name is None else (table[name] == level).to_numpy()


def _word(column: str, value: Any) -> str:
    """A value by itself where it says what it is; a number with its column."""
    if isinstance(value, (bool, np.bool_)):
        return f"{column}: {value}"
    return f"{column} = {value:.4g}" if isinstance(value, (int, float, np.number)) else str(value)


def _panels(number: int, width: float, height: float) -> tuple[Any, list[Any]]:
    columns = min(3, number)
    lines = -(-number // columns)
    size = (max(5.6, 0.6 + (width if columns == 1 else 0.75 * width) * columns), 1.3 + height * lines)
    figure, grid = pyplot().subplots(lines, columns, figsize=size, sharex=True, sharey=True, squeeze=False)
    panels = list(grid.ravel())
    for axes in panels[number:]:
        axes.set_axis_off()
    for axes in panels[max(0, number - columns) : number]:
        axes.tick_params(labelbottom=True)
    return figure, panels[:number]
