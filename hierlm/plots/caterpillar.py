"""Which levels of a grouping lie above and below the average, and how surely?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierlm.plots.canvas import BLUE, FAINT, POINTS, arviz_plots, heading, label_rows, percent, plain, style
from hierlm.plots.terms import chosen_effects, effect_scale, one_group
from hierlm.posterior.draws import effect_draws
from hierlm.posterior.intervals import interval

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["caterpillar"]

INNER = 0.5
STATISTICS = ("mean", "lower", "inner_lower", "inner_upper", "upper")
COLUMNS = 3


def caterpillar(
    fit: Fit, group: str | None = None, effect: str | None = None, *, sort: bool = True, level: float = 0.95
) -> Any:
    """Every level's group effect with its intervals, around the average at zero.

    Parameters
    ----------
    fit : Fit
    group : str
        May be left out when there is one grouping only.
    effect : str, optional
        One effect; all of them, in panels that share their rows, unless given.
    sort : bool
        By the posterior mean of the first effect drawn; otherwise in the order of the data's levels.
    level : float
        Of the thin intervals; the thick ones have 50%.

    Returns
    -------
    PlotCollection
        Of arviz-plots; one panel an effect, link scale.

    Raises
    ------
    PosteriorError
        For an unknown grouping or effect.

    Examples
    --------
    >>> fit.plot.caterpillar("Subject").savefig("subjects.png")  # doctest: +SKIP
    """
    group = one_group(fit, group)
    levels, known, draws = effect_draws(fit, group)
    effects = chosen_effects(group, known, effect)
    values = draws[:, :, [known.index(e) for e in effects]]
    ends, inner = interval(values, level), interval(values, INNER)
    numbers = np.stack([values.mean(axis=0), ends[0], inner[0], inner[1], ends[1]])
    order = np.argsort(numbers[0, :, 0], kind="stable") if sort else np.arange(len(levels))[::-1]
    data = _dataset(numbers[:, order], effects)
    columns = min(len(effects), COLUMNS)
    panel = min(max(0.19 * len(levels), 1.3), 7.6)
    size = (
        1.6 + max(4.6, 3.0 * columns) if columns == 1 else 1.4 + 3.0 * columns,
        1.25 + (panel + 0.5) * -(-len(effects) // columns),
    )
    with style():
        figure_kwargs = {"figsize": size, "figsize_units": "inches", "sharey": True}
        pc = arviz_plots().PlotCollection.wrap(
            data, cols=["effect"], col_wrap=columns, backend="matplotlib", figure_kwargs=figure_kwargs
        )
        pc.map(_intervals, "intervals", data=data, pitch=panel * POINTS / len(levels))
        step = _label(pc, fit, group, [levels[i] for i in order], effects, panel)
        ordered = f", sorted by {effects[0]}" if sort else ""
        named = "" if step == 1 else f"; every {_ordinal(step)} is named"
        heading(
            pc.viz["figure"].item(),
            f"Effects of {group}",
            f"{len(levels):,} levels{ordered}{named}. Posterior means with {percent(INNER)} (thick) and "
            f"{percent(level)} (thin) intervals; the average {group} is at zero.",
        )
    return pc


def _dataset(numbers: NDArray[np.float64], effects: list[str]) -> xr.Dataset:
    coords = {"statistic": list(STATISTICS), "level": np.arange(numbers.shape[1]), "effect": effects}
    return xr.Dataset({"r": (("statistic", "level", "effect"), numbers)}, coords=coords)


def _intervals(da: xr.DataArray, target: Any, pitch: float, **_: Any) -> Any:
    """All levels of one panel; line widths follow the distance between rows, ``pitch`` points."""
    at = {s: da.sel(statistic=s).to_numpy() for s in STATISTICS}
    rows = da["level"].to_numpy()
    target.axvline(0.0, color=FAINT, linewidth=1.0, zorder=0)
    thin, thick = min(1.1, max(0.4, 0.22 * pitch)), min(3.2, max(0.8, 0.5 * pitch))
    target.hlines(rows, at["lower"], at["upper"], color=BLUE, linewidth=thin, alpha=0.75)
    target.hlines(rows, at["inner_lower"], at["inner_upper"], color=BLUE, linewidth=thick)
    size = min(4.8, max(1.4, 0.8 * pitch))
    (points,) = target.plot(
        at["mean"],
        rows,
        "o",
        color=BLUE,
        markersize=size,
        markeredgecolor="white",
        markeredgewidth=min(0.8, 0.16 * size),
    )
    return points


def _label(pc: Any, fit: Fit, group: str, levels: list[str], effects: list[str], room: float) -> int:
    """Axes in words; returns every how many-th level is named."""
    step = 1
    for number, effect in enumerate(effects):
        axes = pc.viz["plot"].sel(effect=effect).item()
        step = label_rows(axes, levels, room)
        axes.set_xlabel(plain(f"Difference from average ({effect_scale(fit.model, group, effect)})"))
        axes.set_title(plain(effect), loc="left")
        if number % COLUMNS == 0:
            axes.set_ylabel(plain(group))
        axes.spines["left"].set_visible(False)
        axes.margins(x=0.03)
    return step


def _ordinal(n: int) -> str:
    return {2: "second", 5: "fifth", 10: "tenth", 20: "twentieth"}.get(n, f"{n}th")
