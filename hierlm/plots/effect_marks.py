"""What pictures of effects are made of: curves with bands, points with intervals, rows of data, legends."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm.plots.canvas import FAINT, MUTED, plain, pyplot
from hierlm.posterior.intervals import interval

if TYPE_CHECKING:
    from hierlm.posterior.effects import Effects

__all__ = ["Points", "curve", "finish", "legend", "rows"]

Floats = NDArray[np.float64]
INNER = 0.5
MOST = 2_000


@dataclass(frozen=True, eq=False)
class Points:
    """Rows of data.

    Parameters
    ----------
    frame : DataFrame
        Columns as the picture tells them apart.
    x, y : str
        Columns along the axes.
    words : str
        What they are.
    """

    frame: pd.DataFrame
    x: str
    y: str
    words: str

    def draw(self, axes: Any, place: Mapping[str | None, Any], shade: str) -> None:
        """Those with these values of the columns, as far as the data have the columns."""
        own = np.ones(len(self.frame), dtype=bool)
        coloured = False
        for column, value in place.items():
            if column is not None and column in self.frame:
                own &= (self.frame[column] == value).to_numpy()
                coloured = True
        some = self.frame[own]
        some = some.iloc[np.unique(np.linspace(0, len(some) - 1, min(len(some), MOST)).astype(int))]
        axes.plot(some[self.x], some[self.y], "o", color=shade if coloured else MUTED, markersize=3.2, alpha=0.6,
                  markeredgewidth=0, zorder=1)  # fmt: skip


def curve(axes: Any, table: pd.DataFrame, x: str, shade: str, label: str | None) -> None:
    """The mean along x with its interval."""
    at = table[x].to_numpy(dtype=float)
    axes.fill_between(at, table["lower"], table["upper"], color=shade, alpha=0.2, linewidth=0, zorder=2)
    axes.plot(at, table["mean"], color=shade, linewidth=1.7, zorder=3, label=label)
    axes.margins(x=0.02)


def rows(axes: Any, table: pd.DataFrame, draws: Floats, y: Floats, shade: str, kind: str, label: str | None) -> None:
    """A point for every answer, with its interval and, thicker, one of 50%."""
    lower, upper = interval(draws, INNER, kind)
    axes.hlines(y, table["lower"], table["upper"], color=shade, linewidth=1.3, zorder=2)
    axes.hlines(y, lower, upper, color=shade, linewidth=3.6, zorder=3)
    axes.plot(table["mean"], y, "o", color=shade, markersize=4.6, markeredgecolor="white", markeredgewidth=0.8,
              zorder=4, label=label)  # fmt: skip


def finish(panels: Sequence[Any], answer: Effects, *, upright: bool) -> None:
    """Label the axis of the values, mark the value of no effect, and give ratios a logarithmic axis."""
    text = answer.quantity[:1].upper() + answer.quantity[1:]
    words = "\n".join(plain(line) for line in textwrap.wrap(text, 34 if upright else 54))
    ratio = answer.null == 1.0 and bool((answer.table["lower"] > 0).all())
    for axes in panels:
        if answer.null is not None:
            (axes.axhline if upright else axes.axvline)(answer.null, color=FAINT, linewidth=0.9, zorder=0)
        if ratio:
            _logarithmic(axes, upright=upright)
    for axes in panels:
        place = axes.get_subplotspec()
        if upright and place.is_first_col():
            axes.set_ylabel(words)
        elif not upright:
            axes.set_xlabel(words)


def _logarithmic(axes: Any, *, upright: bool) -> None:
    ticker = pyplot().matplotlib.ticker
    (axes.set_yscale if upright else axes.set_xscale)("log")
    axis = axes.yaxis if upright else axes.xaxis
    low, high = axes.get_ylim() if upright else axes.get_xlim()
    steps = (1.0, 2.0, 5.0) if high / low > 4 else tuple(np.arange(1.0, 10.0, 1.0 if high / low > 2 else 0.5))
    axis.set_major_locator(ticker.LogLocator(subs=steps))
    axis.set_major_formatter(ticker.FuncFormatter(lambda v, _: f"{v:g}"))
    axis.set_minor_locator(ticker.NullLocator())


def legend(panels: Sequence[Any], colour: str | None) -> None:
    """Which colour is what, beside the last panel."""
    if colour is None:
        return
    handles, labels = panels[-1].get_legend_handles_labels()
    panels[-1].legend(
        handles, [plain(text) for text in labels], title=plain(colour), loc="upper left", bbox_to_anchor=(1.01, 1.0),
        alignment="left", title_fontsize=8.5,
    )  # fmt: skip
