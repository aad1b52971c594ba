"""smooths: curves and surfaces of smooth terms, with their uncertainty and where the data are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hierlm.errors import PosteriorError
from hierlm.plots.canvas import BLUE, FAINT, INK, MUTED, heading, percent, plain, pyplot, style
from hierlm.plots.picture import Picture
from hierlm.plots.terms import parameter_scale
from hierlm.posterior.intervals import check_interval, interval
from hierlm.posterior.smooths import Curve, curves

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["smooths"]

MOST_PANELS = 24
MOST_TICKS = 400
"""Rows that are marked below a curve, evenly chosen from all."""


def smooths(fit: Fit, term: str | None = None, *, level: float = 0.95) -> Picture:
    """Every smooth term: a curve with its interval, or a surface's posterior mean.

    Parameters
    ----------
    fit : Fit
    term : str, optional
        One term, by its name such as ``"s(x)"``; all of them unless given.
    level : float
        Of the intervals, which hold point by point.

    Returns
    -------
    Picture
        A panel for each curve, link scale; the curves of one term share their vertical axis.

    Raises
    ------
    PosteriorError
        For a term that the model does not have, a model without smooths, and a function of three variables.

    Examples
    --------
    >>> fit.plot.smooths("s(x)").savefig("curve.png")  # doctest: +SKIP
    """
    check_interval(level, "eti")
    found = list(curves(fit, term))
    if any(len(c.grid) > 2 for c in found):
        raise PosteriorError(
            "A function of three variables cannot be drawn.", hint="Its numbers are fit.smooths(); or name a term."
        )
    shown = found[:MOST_PANELS]
    with style():
        columns = min(len(shown), 4 if len(shown) > 6 else 3)
        rows = -(-len(shown) // columns)
        width = max(5.2, 0.6 + (2.9 if all(len(c.grid) == 1 for c in shown) else 3.7) * columns)
        figure, grid = pyplot().subplots(
            rows, columns, figsize=(width, 1.3 + 2.5 * rows), squeeze=False, layout="constrained"
        )
        panels = list(grid.ravel())
        for axes in panels[len(shown) :]:
            axes.set_axis_off()
        for axes, curve in zip(panels, shown, strict=False):
            scale = plain(parameter_scale(fit.model, curve.response, curve.parameter))
            (_line if len(curve.grid) == 1 else _surface)(axes, curve, level, scale, figure)
            if len(found) > 1:
                axes.set_title(plain(f"{curve.term}: {curve.by}" if curve.by else curve.term), loc="left")
        _share(panels, shown)
        lines, surfaces = (any((len(c.grid) == 1) == one for c in shown) for one in (True, False))
        words = [
            f"Posterior mean and {percent(level)} equal-tailed interval, point by point. Marks below: rows."
        ] * lines
        words += ["Surface: posterior mean; points: rows of the data."] * surfaces
        words += [f"{len(shown)} of {len(found)} curves."] * (len(shown) < len(found))
        title = "Smooth terms" if len({c.term for c in shown}) > 1 else f"The smooth term {plain(shown[0].term)}"
        heading(figure, title, " ".join(words))
    return Picture(figure, tuple(panels[: len(shown)]))


def _line(axes: Any, curve: Curve, level: float, scale: str, _: Any) -> None:
    (x,), (rows,) = curve.grid, curve.rows
    lower, upper = interval(curve.values, level)
    axes.axhline(0.0, color=FAINT, linewidth=0.8, zorder=0)
    axes.fill_between(x, lower, upper, color=BLUE, alpha=0.22, linewidth=0, zorder=1)
    axes.plot(x, curve.values.mean(axis=0), color=BLUE, linewidth=1.6, zorder=3)
    marks = np.sort(rows)[np.linspace(0, len(rows) - 1, min(len(rows), MOST_TICKS)).astype(int)]
    axes.plot(marks, np.full(len(marks), 0.015), "|", transform=axes.get_xaxis_transform(), color=MUTED, markersize=5,
              markeredgewidth=0.6, alpha=0.6, clip_on=False)  # fmt: skip
    axes.margins(x=0.02)
    axes.set_xlabel(plain(curve.variables[0]))
    axes.set_ylabel(scale)


def _surface(axes: Any, curve: Curve, _: float, scale: str, figure: Any) -> None:
    x, z = (np.unique(at) for at in curve.grid)
    mean = curve.values.mean(axis=0).reshape(len(z), len(x))
    most = float(np.abs(mean).max()) or 1.0
    shades = axes.contourf(x, z, mean, levels=np.linspace(-most, most, 15), cmap="RdBu_r", alpha=0.85)
    axes.contour(x, z, mean, levels=[0.0], colors=INK, linewidths=0.8)
    axes.plot(*curve.rows, ".", color=INK, markersize=1.6, alpha=0.45, zorder=3)
    bar = figure.colorbar(shades, ax=axes, fraction=0.05, pad=0.02, format="%.2g", ticks=np.linspace(-most, most, 5))
    bar.outline.set_visible(False)
    bar.set_label(scale, fontsize=8)
    axes.set_xlabel(plain(curve.variables[0]))
    axes.set_ylabel(plain(curve.variables[1]))


def _share(panels: Sequence[Any], shown: Sequence[Curve]) -> None:
    """One vertical axis for the curves of a term, so that they can be compared."""
    for term in {c.term for c in shown if len(c.grid) == 1}:
        own = [axes for axes, c in zip(panels, shown, strict=False) if c.term == term]
        ends = np.array([axes.get_ylim() for axes in own])
        for axes in own:
            axes.set_ylim(ends[:, 0].min(), ends[:, 1].max())
