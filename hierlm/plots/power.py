"""Power over numbers of groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hierlm.plots.canvas import FAINT, heading, plain, pyplot, style
from hierlm.plots.picture import Picture

if TYPE_CHECKING:
    from hierlm.replicates.curve import Power

__all__ = ["power"]

LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Of Okabe & Ito (2008), told apart by everyone."""
WANTED = 0.8


def power(found: Power) -> Picture:
    """How often the target is reached, a line for each number of rows, with 95% intervals of the Monte-Carlo error.

    Parameters
    ----------
    found : Power

    Returns
    -------
    Picture

    Examples
    --------
    >>> model.power("b[Days] > 0", values=known, groups=[10, 20]).plot().savefig("power.png")  # doctest: +SKIP
    """
    table = found.table
    each = list(dict.fromkeys(table["rows"].fillna(0)))
    spread = 0.006 * (table["groups"].max() - table["groups"].min() + 1)
    with style():
        figure, axes = pyplot().subplots(figsize=(5.6, 4.0))
        axes.axhline(WANTED, color=FAINT, linewidth=1.0, linestyle=(0, (4, 3)))
        for i, rows in enumerate(each):
            own = table[table["rows"].fillna(0) == rows].sort_values("groups")
            x, y = own["groups"] + spread * (i - (len(each) - 1) / 2), own["power"]
            colour = LINES[i % len(LINES)]
            label = f"{int(rows)} rows each" if rows else "rows as in the data"
            axes.errorbar(
                x, y, yerr=np.abs(np.stack([y - own["lower"], own["upper"] - y])), color=colour, fmt="o-", markersize=4,
                linewidth=1.4, elinewidth=1.0, label=label,
            )  # fmt: skip
        axes.set_ylim(-0.02, 1.02)
        axes.set_xticks(sorted(set(table["groups"])))
        axes.set_xlabel(f"Levels of {plain(found.group)}")
        axes.set_ylabel("Share of studies that reach the target")
        if len(each) > 1:
            axes.legend(loc="lower right")
        n = int((table["n"] + table["failed"]).max())
        heading(
            figure,
            f"Power: {found.target.text}",
            f"Reached where {found.target.words}. {n} studies a point; bars: 95% intervals of the Monte-Carlo error; "
            f"dashed: {WANTED:.0%}.",
        )
    return Picture(figure, (axes,))
