"""How does the fitted line of every level run through its data?"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm.errors import DataWarning, PosteriorError
from hierlm.plots.canvas import AMBER, BLUE, MUTED, heading, percent, plain, pyplot, style
from hierlm.plots.grid import Axis, axis_of, is_units, rows_at, surrounding
from hierlm.plots.picture import Picture
from hierlm.plots.terms import one_group, one_response
from hierlm.posterior.draws import effect_draws
from hierlm.posterior.intervals import check_interval, interval
from hierlm.posterior.linear import at_rows
from hierlm.posterior.predict import predict

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.model.values import GroupBlock, ModelResponse

__all__ = ["MOST_LEVELS", "lines"]

Floats = NDArray[np.float64]
MOST_LEVELS = 24
DRAWS = 1000


def lines(
    fit: Fit,
    x: str | None = None,
    group: str | None = None,
    *,
    levels: int = MOST_LEVELS,
    response: str | None = None,
    level: float = 0.95,
) -> Picture:
    """Fitted means of every level over its data, a panel each, beside the line without group effects.

    Parameters
    ----------
    fit : Fit
    x : str, optional
        The column along the axis; unless given, the first number (else factor) that the model's terms use.
    group : str, optional
        The grouping; the first one unless given.
    levels : int
        At most so many panels, 24 or fewer; from more levels an even choice, smallest to largest first effect.
    response : str, optional
        Which one, in a model of several.
    level : float
        Of the intervals of the mean.

    Returns
    -------
    Picture
        Response scale; successes per trial where there are trials.  The lines have the effects of the groupings that
        surround their level; those of others are zero.

    Raises
    ------
    PosteriorError
        For an unknown column, grouping or response, or a model without predictors.

    Examples
    --------
    >>> fit.plot.lines("Days", "Subject").savefig("lines.png")  # doctest: +SKIP
    """
    check_interval(level, "eti")
    if isinstance(levels, bool) or not isinstance(levels, (int, np.integer)) or not 1 <= levels <= MOST_LEVELS:
        raise PosteriorError(
            f"levels={levels!r} is not a whole number from 1 to {MOST_LEVELS}.", hint="Write levels=12."
        )
    model = fit.model
    groups = list(model.groups)
    group = one_group(fit, group if group is not None or not groups else groups[0])
    block = model.groups[group][0]
    if is_units(block, model):
        raise PosteriorError(
            f"Every row is a level of '{group}', so there is no line to draw.", hint="Name another grouping."
        )
    chosen = one_response(fit, response)
    if chosen.categories:
        raise PosteriorError(
            f"'{chosen.name}' has categories, so there is no one mean to draw a line of.",
            hint="fit.predict(…) gives the probability of every category.",
        )
    axis = axis_of(model, group, x)
    codes = _even_choice(fit, group, levels)
    rows, resting = rows_at(model, block, axis, codes)
    kept = [group, *surrounding(model, block, codes)]
    own, common = _means(fit, rows, chosen, kept), _means(fit, rows, chosen, "none")
    with style():
        figure, panels = _panels(len(codes), axis)
        for number, (axes, code) in enumerate(zip(panels, codes, strict=True)):
            at = slice(number * len(axis.at), (number + 1) * len(axis.at))
            _panel(axes, axis, chosen, block, code, own[:, at], common[:, at], level)
        _labels(figure, axis, chosen)
        cut = " Wide intervals are cut off." if _limit(panels) else ""
        some = f" {len(codes)} of {len(block.levels):,} levels, evenly chosen from smallest to largest effect."
        some = some if len(codes) < len(block.levels) else ""
        others = [g for g in model.groups if g not in kept]
        zero = f" Effects of {' and '.join(others)} are zero." if others else ""
        heading(
            figure,
            f"{chosen.name} by {axis.name} and {group}",
            f"Blue: posterior mean of each {' in its '.join(kept)} with {percent(level)} intervals of the mean. "
            f"Orange, dashed: without group effects. Points: data.{some}{resting}{zero}{cut}",
        )
    return Picture(figure, tuple(panels))


def _even_choice(fit: Fit, group: str, most: int) -> list[int]:
    """Codes of the levels to draw, in the data's order if all of them, else sorted by their first effect."""
    levels, _, draws = effect_draws(fit, group)
    if len(levels) <= most:
        return list(range(len(levels)))
    order = np.argsort(draws[:, :, 0].mean(axis=0), kind="stable")
    return [int(order[i]) for i in np.linspace(0, len(order) - 1, most).round().astype(int)]


def _means(fit: Fit, rows: pd.DataFrame, response: ModelResponse, groups: str | Sequence[str]) -> Floats:
    """Draws of the mean, per trial, shape (sample, row)."""
    each = min(fit.posterior.sizes["draw"], -(-DRAWS // fit.posterior.sizes["chain"]))
    with warnings.catch_warnings():  # the axis is the range of the data; a level's own smooth may have a shorter one
        warnings.simplefilter("ignore", DataWarning)
        drawn = predict(fit, rows, kind="mean", response=response.name, groups=groups, draws=each, seed=0)
    values = drawn.draws.to_numpy()
    found = next(r for r in at_rows(fit.model, rows).responses if r.name == response.name)
    return np.asarray(values.reshape(-1, values.shape[-1]) / found.additions.get("trials", 1.0))


def _panels(number: int, axis: Axis) -> tuple[Any, list[Any]]:
    columns = min(6, max(1, int(np.ceil(np.sqrt(1.6 * number)))))
    rows = -(-number // columns)
    width = max(5.0, 0.8 + 1.55 * columns)
    figure, grid = pyplot().subplots(
        rows, columns, figsize=(width, 1.35 + max(2.6, 1.45 * rows)), sharex=True, sharey=True, squeeze=False
    )
    panels = list(grid.ravel())
    for axes in panels[number:]:
        axes.set_axis_off()
    for axes in panels[max(0, number - columns) : number]:  # the lowest panel of every column has the numbers
        axes.tick_params(labelbottom=True)
    return figure, panels[:number]


def _panel(
    axes: Any,
    axis: Axis,
    response: ModelResponse,
    block: GroupBlock,
    code: int,
    own: Floats,
    common: Floats,
    level: float,
) -> None:
    """One level: its data, its line with interval, and the line without group effects."""
    mine = block.codes == code
    y = response.y / response.additions.get("trials", np.ones(len(response.y)))
    lower, upper = interval(own, level)
    axes.plot(axis.data[mine], y[mine], "o", color=MUTED, markersize=2.8, alpha=0.75, markeredgewidth=0, zorder=2)
    axes.plot(axis.at, common.mean(axis=0), color=AMBER, linewidth=1.0, linestyle=(0, (4, 2)), zorder=3)
    if axis.levels is None:
        axes.fill_between(axis.at, lower, upper, color=BLUE, alpha=0.22, linewidth=0, zorder=1)
        axes.plot(axis.at, own.mean(axis=0), color=BLUE, linewidth=1.5, zorder=4)
    else:
        axes.vlines(axis.at, lower, upper, color=BLUE, linewidth=1.2, zorder=1)
        axes.plot(axis.at, own.mean(axis=0), "o-", color=BLUE, linewidth=0.8, markersize=3.5, zorder=4)
        axes.set_xticks(axis.at, [plain(name[:10]) for name in axis.levels])
        axes.set_xlim(-0.5, len(axis.levels) - 0.5)
    axes.set_title(plain(block.levels[code][:24]), loc="left", fontsize=8.5, pad=3)
    axes.tick_params(labelsize=7.5, length=2.5)


def _limit(panels: Sequence[Any]) -> bool:
    """Wide intervals of levels with few data shall not flatten everything else; whether any was cut off."""
    drawn = np.concatenate([line.get_ydata() for axes in panels for line in axes.get_lines()])
    margin = 0.3 * float(np.ptp(drawn))
    below, above = panels[0].get_ylim()
    low, high = max(below, drawn.min() - margin), min(above, drawn.max() + margin)
    panels[0].set_ylim(low, high)
    return bool(low > below or high < above)


def _labels(figure: Any, axis: Axis, response: ModelResponse) -> None:
    figure.supxlabel(plain(axis.name), fontsize=9)
    share = "share of " if "trials" in response.additions else ""
    what = f"probability of {response.success}" if response.success else f"{share}{response.name}"
    figure.supylabel(plain(what), fontsize=9)
