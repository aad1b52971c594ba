"""Prior and posterior densities, one panel a parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hierlm.plots.canvas import AMBER, BLUE, FAINT, MUTED, heading, plain, pyplot, style
from hierlm.plots.picture import Picture
from hierlm.posterior.draws import Wanted
from hierlm.posterior.priors.overlap import WEAK, Curves, curves

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["prior_overlap"]

MOST_PANELS = 24


def prior_overlap(fit: Fit, parameters: Wanted | None = None, *, seed: int | None = None) -> Picture:
    """The posterior density of every parameter over that of its prior, with the area that they share.

    Parameters
    ----------
    fit : Fit
    parameters : str, compiled pattern, or sequence of these, optional
        Variables or rows, or what a pattern finds in the names of rows; all but the group effects unless given.
    seed : int, optional
        Of the draws of the prior.

    Returns
    -------
    Picture
        A panel for each parameter, over the range of its posterior.

    Raises
    ------
    PriorError
        When a prior is improper.
    PosteriorError
        For an unknown name.

    Examples
    --------
    >>> fit.plot.prior_overlap().savefig("priors.png")  # doctest: +SKIP
    """
    found = curves(fit, parameters, seed=seed)
    shown = found[:MOST_PANELS]
    with style():
        columns = min(len(shown), 4 if len(shown) > 6 else 3)
        rows = -(-len(shown) // columns)
        figure, grid = pyplot().subplots(
            rows, columns, figsize=(max(5.4, 2.5 * columns), 1.35 + 1.9 * rows), squeeze=False, layout="constrained"
        )
        panels = list(grid.ravel())
        for axes in panels[len(shown) :]:
            axes.set_axis_off()
        for axes, curve in zip(panels, shown, strict=False):
            _panel(axes, curve)
        more = f" {len(shown)} of {len(found)} parameters." if len(shown) < len(found) else ""
        heading(
            figure,
            "What the data added to the priors",
            "Blue: posterior. Grey: prior, where the posterior lies. Number: area under both; orange above "
            f"{WEAK:g}, where the data say little.{more}",
        )
    return Picture(figure, tuple(panels[: len(shown)]))


def _panel(axes: Any, c: Curves) -> None:
    shared = np.minimum(c.posterior, c.prior)
    axes.fill_between(c.grid, c.prior, color=FAINT, alpha=0.35, linewidth=0)
    axes.plot(c.grid, c.prior, color=MUTED, linewidth=1.0)
    axes.fill_between(c.grid, shared, color=BLUE, alpha=0.35, linewidth=0)
    axes.plot(c.grid, c.posterior, color=BLUE, linewidth=1.5)
    axes.set_title(plain(c.name), loc="left")
    axes.set_yticks([])
    axes.set_ylim(bottom=0)
    axes.margins(x=0)
    axes.spines["left"].set_visible(False)
    colour = AMBER if c.overlap > WEAK else MUTED
    axes.text(
        0.98, 0.95, f"{c.overlap:.2f}", transform=axes.transAxes, ha="right", va="top", color=colour, fontsize=8.5
    )
