"""The ranks of levels, with their uncertainty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hierlm.plots.canvas import BLUE, INK, heading, label_rows, percent, plain, pyplot, style
from hierlm.plots.picture import Picture
from hierlm.plots.terms import one_group
from hierlm.posterior.ranks import ranks as asked

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["ranks"]


def ranks(
    fit: Fit, group: str | None = None, effect: str | None = None, *, largest_first: bool = True, level: float = 0.95
) -> Picture:
    """Expected rank of every level, with the interval of its rank and the probability of being first.

    Parameters
    ----------
    fit : Fit
    group, effect, largest_first, level
        Of :func:`hierlm.posterior.ranks`.

    Returns
    -------
    Picture

    Raises
    ------
    PosteriorError
        For an unknown grouping or effect.

    Examples
    --------
    >>> fit.plot.ranks("Subject", "Days").savefig("ranks.png")  # doctest: +SKIP
    """
    found = asked(fit, one_group(fit, group), effect, largest_first=largest_first, level=level)
    table = found.frame.iloc[::-1].reset_index(drop=True)
    y, J = np.arange(len(table), dtype=float), len(table)
    with style():
        room = min(max(0.19 * J, 1.3), 7.6)
        figure, axes = pyplot().subplots(figsize=(6.2, 1.75 + room))
        axes.hlines(y, table["lower"], table["upper"], color=BLUE, alpha=0.45, linewidth=min(2.4, 100 * room / J / 8))
        axes.plot(table["rank"], y, "o", color=INK, markersize=min(4.5, 40 * room / J))
        step = label_rows(axes, [str(v) for v in table["level"]], room)
        axes.set_xlim(0.5, J + 0.5)
        axes.set_xlabel(f"Rank (1: {'largest' if largest_first else 'smallest'} {plain(found.effect)})")
        axes.set_ylabel(plain(found.group))
        if J <= 40:
            for at, p in zip(y, table["p_first"], strict=True):
                if p >= 0.005:
                    axes.text(1.01, at, f"{p:.0%}", transform=axes.get_yaxis_transform(), va="center", fontsize=7.5)
        more = (
            " At the right: P(first), from half a per cent."
            if J <= 40
            else f" One in {step} is named."
            if step > 1
            else ""
        )
        text = f"Points: expected ranks. Lines: {percent(level)} intervals of the rank.{more}"
        heading(figure, f"Ranks of {found.group} by {found.effect}", text)
    return Picture(figure, (axes,))
