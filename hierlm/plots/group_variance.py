"""The correlations of the rows of one group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hierlm.plots.canvas import INK, heading, percent, plain, pyplot, style
from hierlm.plots.picture import Picture
from hierlm.posterior.estimates import IN_WORDS
from hierlm.posterior.group_variance import group_variance as asked

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.posterior.intervals import Kind

__all__ = ["group_variance"]

WRITTEN = 14
"""Up to this many rows, the numbers are written into the squares."""
NAMED = 30


def group_variance(
    fit: Fit,
    group: str | None = None,
    member: object = None,
    *,
    level: float = 0.95,
    kind: Kind = "eti",
    **options: Any,
) -> Picture:
    """V = Z G Zᵀ + R of the rows of one group: correlations as a heat map, standard deviations at its side.

    Parameters
    ----------
    fit : Fit
    group, member
        Of :func:`hierlm.posterior.group_variance`.
    level : float
        Of the intervals.
    kind : {"eti", "hdi"}
    **options
        Of the same: ``response``.

    Returns
    -------
    Picture

    Raises
    ------
    PosteriorError
        For an unknown grouping or level.

    Examples
    --------
    >>> fit.plot.group_variance("Subject").savefig("V.png")  # doctest: +SKIP
    """
    found = asked(fit, group, member, level=level, kind=kind, **options)
    R, m = found.matrix("cor").to_numpy(), len(found.rows)
    sds = found.frame[found.frame["quantity"] == "sd"].reset_index(drop=True)
    step = -(-m // NAMED)
    named, labels = list(range(0, m, step)), [plain(label) for label in found.rows]
    with style():
        side = min(max(0.34 * m, 2.2), 5.2)
        figure, (axes, beside) = pyplot().subplots(
            1, 2, figsize=(side + 3.4, side + 1.5), sharey=True, width_ratios=[side, 1.3]
        )
        image = axes.imshow(R, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
        axes.set_xticks(named, [labels[i] for i in named], rotation=90 if max(map(len, labels)) > 3 else 0)
        axes.set_yticks(named, [labels[i] for i in named])
        axes.tick_params(length=0)
        axes.set_xlabel("Row")
        axes.set_ylabel("Row")
        for side_ in axes.spines.values():
            side_.set_visible(False)
        if m <= WRITTEN:
            for i in range(m):
                for j in range(m):
                    if i != j:
                        text = f"{R[i, j]:.2f}".replace("0.", ".", 1)
                        colour = "white" if abs(R[i, j]) > 0.6 else INK
                        axes.text(j, i, text, ha="center", va="center", fontsize=7, color=colour)
        y = np.arange(m)
        beside.hlines(y, sds["lower"], sds["upper"], color=INK, linewidth=1.2, alpha=0.6)
        beside.plot(sds["mean"], y, "o", color=INK, markersize=3.5)
        beside.set_xlim(left=0)
        beside.set_xlabel("Standard\ndeviation")
        beside.tick_params(axis="y", length=0, labelleft=False)
        bar = figure.colorbar(image, ax=(axes, beside), shrink=0.7, pad=0.03)
        bar.outline.set_visible(False)
        bar.set_label("Correlation")
        what = f"the rows of {found.group} {found.level}" if found.group else found.level
        heading(
            figure,
            f"How {what} vary together",
            "Colours: posterior means of correlations of V = Z G Zᵀ + R. Points: standard deviations, with "
            f"{percent(level)} {IN_WORDS[kind]} intervals.",
        )
    return Picture(figure, (axes, beside))
