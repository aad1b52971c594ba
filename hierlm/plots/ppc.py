"""Do data drawn from the fit look like the data?"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierlm.errors import PosteriorError, did_you_mean
from hierlm.plots import predictive
from hierlm.plots.canvas import BLUE, FAINT, INK, PALE, arviz_plots, heading, percent, plain, style
from hierlm.plots.terms import one_response
from hierlm.posterior.checking.replicates import replicate, source_of
from hierlm.posterior.intervals import check_interval, interval

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.model.values import ModelResponse

__all__ = ["KINDS", "ppc"]

KINDS = ("density", "bars", "rootogram", *predictive.KINDS)
MOST_BARS = 15
"""Different values of a discrete response that are drawn as bars; with more it is a rootogram …"""
MOST_VALUES = 500
"""… and with a range beyond this a density."""


def ppc(
    fit: Fit,
    kind: str | None = None,
    *,
    response: str | None = None,
    stat: Any = "mean",
    by: str | None = None,
    new_groups: Any = False,
    draws: int | None = None,
    level: float = 0.95,
    seed: int | None = None,
) -> Any:
    """The distribution of the data beside those of data sets drawn from the posterior predictive distribution.

    Parameters
    ----------
    fit : Fit
    kind : str, optional
        ``"density"`` (also called ``"overlay"``), for a continuous response; ``"bars"``, for counts and yes/no data how
        often every value occurs, or ``"rootogram"``, on a square-root scale where there are many values.
        ``"ecdf"``: cumulative shares; ``"stat"``: a statistic of the data among those of data sets drawn; ``"pit"``:
        places of observations in their predictive distributions, with simultaneous bands; ``"calibration"``: predicted
        probabilities of 0/1 data against shares; ``"intervals"``: predictive intervals of rows.
    response : str, optional
        Which one, in a model of several.
    stat : str or function
        For ``"stat"``: one of :func:`hierlm.posterior.check`.
    by : str, optional
        A grouping or factor column: a panel per level, or a row per level for ``"stat"``; not for the first kinds.
    new_groups : bool, str or sequence of str
        Draw data for new levels of these groupings (True: all), a mixed predictive check.
    draws : int, optional
        Data sets to draw: 50 densities, else 400, unless given (no more than the fit has draws).
    level : float
        Of intervals and bands.
    seed : int, optional
        The same seed gives the same picture.

    Returns
    -------
    PlotCollection or Picture
        Of arviz-plots for densities, bars and rootograms; response scale.

    Raises
    ------
    PosteriorError
        For an unknown kind or response, or one that does not fit the response.

    Examples
    --------
    >>> fit.plot.ppc(seed=1).savefig("check.png")  # doctest: +SKIP
    """
    check_interval(level, "eti")
    chosen = one_response(fit, response)
    if kind in predictive.KINDS:
        return predictive.predictive(
            fit, kind, response=response, stat=stat, by=by, new_groups=new_groups, draws=draws, level=level, seed=seed
        )  # fmt: skip
    drawn = _kind(chosen, "density" if kind == "overlay" else kind)
    if by is not None:
        raise PosteriorError(f"kind={drawn!r} is not drawn by level.", hint="Use kind='ecdf' or kind='stat' with by=.")
    wanted = draws if draws is not None else 50 if drawn == "density" else 400
    replicated = _replicated(fit, chosen, wanted, seed, new_groups)
    with style():
        pc, text = {"density": _density, "bars": _bars, "rootogram": _rootogram}[drawn](chosen, replicated, level)
        return _finish(pc, chosen, f"{text} They are of new groups." if new_groups else text, source_of(fit))


def _kind(response: ModelResponse, kind: str | None) -> str:
    """The kind asked for, if it suits the response."""
    discrete, span = response.family.discrete, float(np.ptp(response.y))
    if kind is None:
        if not discrete or span > MOST_VALUES:
            return "density"
        return "bars" if len(np.unique(response.y)) <= MOST_BARS else "rootogram"
    if kind not in KINDS:
        raise PosteriorError(f"There is no posterior predictive check '{kind}'.", hint=did_you_mean(str(kind), KINDS))
    if kind != "density" and (not discrete or span > MOST_VALUES):
        what = f"takes more than {MOST_VALUES} different values" if discrete else "is continuous"
        raise PosteriorError(f"'{response.name}' {what}, so it has no {kind} to draw.", hint="Use kind='density'.")
    return kind


def _replicated(
    fit: Fit, response: ModelResponse, draws: int, seed: int | None, new_groups: Any
) -> NDArray[np.float64]:
    """Data sets drawn, shape (draw, row)."""
    values = replicate(fit, response.name, new_groups=new_groups, draws=draws, seed=seed).drawn
    return values[np.linspace(0, len(values) - 1, min(int(draws), len(values))).round().astype(int)]


def _tree(response: ModelResponse, replicated: NDArray[np.float64], dtype: type) -> xr.DataTree:
    """As arviz-plots wants it; one chain, since the draws have been thinned."""
    predicted = xr.Dataset({response.name: (("chain", "draw", "obs"), replicated[None].astype(dtype))})
    observed = xr.Dataset({response.name: (("obs",), response.y.astype(dtype))})
    return xr.DataTree.from_dict({"posterior_predictive": predicted, "observed_data": observed})


def _density(response: ModelResponse, replicated: NDArray[np.float64], level: float) -> tuple[Any, str]:
    """Kernel densities, by arviz-plots."""
    number = len(replicated)
    ends = {"bound_correction": _piles_up(response.y, replicated)}
    pc = arviz_plots().plot_ppc_dist(
        _tree(response, replicated, np.float64),
        kind="kde",
        num_samples=number,
        stats={"predictive_dist": ends, "observed_dist": ends},
        backend="matplotlib",
        figure_kwargs={"figsize": (6.6, 4.2), "figsize_units": "inches"},
        visuals={
            "predictive_dist": {"color": BLUE, "alpha": max(0.08, min(0.5, 10 / number)), "width": 0.8},
            "observed_dist": {"color": INK, "width": 1.8},
            "title": False,
            "remove_axis": False,
        },
    )
    axes = _only(pc)
    axes.set_xlabel(plain(response.name))
    axes.set_ylabel("Density")
    axes.set_ylim(bottom=0)
    low, high = _range(response.y, replicated)
    axes.set_xlim(low, high)
    _legend(axes, [("line", INK, "observed"), ("line", BLUE, "drawn")])
    text = f"Densities of the {len(response.y):,} observations and of {number:,} data sets drawn from the fit."
    return pc, text


def _piles_up(y: NDArray[np.float64], replicated: NDArray[np.float64]) -> bool:
    """Whether the densities must not run over the ends of the data: nothing negative, and many values near zero."""
    return bool(min(y.min(), replicated.min()) >= 0 and np.quantile(replicated, 0.01) < 0.1 * np.median(replicated))


def _range(y: NDArray[np.float64], replicated: NDArray[np.float64]) -> tuple[float, float]:
    """All of the data and all but the far tails of the draws."""
    low, high = np.quantile(replicated, [0.001, 0.999])
    low, high = min(low, y.min()), max(high, y.max())
    return float(low - 0.03 * (high - low)), float(high + 0.03 * (high - low))


def _bars(response: ModelResponse, replicated: NDArray[np.float64], level: float) -> tuple[Any, str]:
    """Rows with each value: observed as bars, expected as points with intervals."""
    values = np.arange(min(response.y.min(), replicated.min()), max(response.y.max(), replicated.max()) + 1)
    observed = np.array([np.sum(response.y == v) for v in values], dtype=float)
    counts = np.column_stack([np.sum(replicated == v, axis=1) for v in values]).astype(float)
    keep = slice(0, _last(values, response.y, counts) + 1)
    lower, upper = interval(counts, level)
    numbers = np.stack([observed, counts.mean(axis=0), lower, upper])[:, keep]
    data = xr.Dataset(
        {response.name: (("statistic", "value"), numbers)},
        coords={"statistic": ["observed", "mean", "lower", "upper"], "value": values[keep]},
    )
    pc = arviz_plots().PlotCollection.wrap(
        data,
        cols=["__variable__"],
        backend="matplotlib",
        figure_kwargs={"figsize": (6.6, 4.2), "figsize_units": "inches"},
    )
    pc.map(_bar_panel, "bars", data=data)
    axes = _only(pc)
    _value_axis(axes, response, values[keep])
    axes.set_ylabel("Rows of the data")
    _legend(axes, [("bar", FAINT, "observed"), ("point", BLUE, f"expected, with {percent(level)} intervals")])
    text = f"Bars: {len(response.y):,} rows. Points: means over {len(replicated):,} data sets drawn from the fit."
    return pc, f"{text[:-1]}, with {percent(level)} intervals."


def _bar_panel(da: xr.DataArray, target: Any, **_: Any) -> Any:
    at = {s: da.sel(statistic=s).to_numpy() for s in ("observed", "mean", "lower", "upper")}
    values = da["value"].to_numpy()
    bars = target.bar(values, at["observed"], width=0.8, color=FAINT, alpha=0.75, zorder=1)
    target.vlines(values, at["lower"], at["upper"], color=BLUE, linewidth=1.6, zorder=2)
    target.plot(values, at["mean"], "o", color=BLUE, markersize=6, markeredgecolor="white", zorder=3)
    target.grid(axis="y", color=PALE, linewidth=0.8)
    target.set_axisbelow(True)
    return bars[0]


def _last(values: NDArray[np.float64], y: NDArray[np.float64], counts: NDArray[np.float64]) -> int:
    """The last value worth drawing: the largest observed, or the largest with an expected count of a half."""
    worth = np.flatnonzero((values <= y.max()) | (counts.mean(axis=0) >= 0.5))
    return int(worth.max())


def _value_axis(axes: Any, response: ModelResponse, values: NDArray[np.float64]) -> None:
    """Counts by number, categories by name."""
    axes.set_xlabel(plain(response.name))
    if response.levels is not None and response.success is not None:
        others = [level for level in response.levels if level != response.success]
        axes.set_xticks([0, 1], [plain(" or ".join(others)), plain(response.success)])
        axes.set_xlim(-0.9, 1.9)
    elif response.categories:
        axes.set_xticks(range(1, len(response.categories) + 1), [plain(c) for c in response.categories])
    elif len(values) <= 2 * MOST_BARS:
        axes.set_xticks(values[:: 1 if len(values) <= MOST_BARS else 2].astype(int))


def _rootogram(response: ModelResponse, replicated: NDArray[np.float64], level: float) -> tuple[Any, str]:
    """Counts of every value on a square-root scale, by arviz-plots."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*rootogram.*")
        pc = arviz_plots().plot_ppc_rootogram(
            _tree(response, replicated, np.int64),
            ci_prob=level,
            point_estimate="mean",
            backend="matplotlib",
            figure_kwargs={"figsize": (6.6, 4.2), "figsize_units": "inches"},
            visuals={
                "predictive_markers": {"color": BLUE, "size": 14},
                "credible_interval": {"color": BLUE, "alpha": 0.35, "width": 2.2},
                "observed_markers": {"color": INK, "size": 18},
                "title": False,
                "xlabel": False,
                "ylabel": False,
                "grid": False,
            },
        )
    axes = _only(pc)
    axes.grid(axis="y", color=PALE, linewidth=0.8)
    axes.set_xlabel(plain(response.name))
    axes.set_ylabel("Rows of the data (square-root scale)")
    high = max(float(response.y.max()), float(np.quantile(replicated, 0.999)))
    axes.set_xlim(-0.02 * high - 0.5, 1.02 * high + 0.5)
    _legend(axes, [("point", INK, "observed"), ("point", BLUE, f"expected, with {percent(level)} intervals")])
    text = f"How many of {len(response.y):,} rows have each value, and how many in {len(replicated):,} data sets drawn"
    return pc, f"{text} from the fit (means and {percent(level)} intervals)."


def _only(pc: Any) -> Any:
    """The axes of a plot with one panel."""
    return np.ravel(pc.viz["plot"].to_dataset().to_array().to_numpy() if "plot" in pc.viz.children else pc.viz["plot"])[
        0
    ]


def _legend(axes: Any, entries: Sequence[tuple[str, str, str]]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = [
        Patch(color=colour, alpha=0.75, label=label)
        if shape == "bar"
        else Line2D(
            [],
            [],
            color=colour,
            marker="o" if shape == "point" else "",
            markersize=5,
            ls="" if shape == "point" else "-",
            label=label,
        )
        for shape, colour, label in entries
    ]
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=len(handles), borderaxespad=0.2)


def _finish(pc: Any, response: ModelResponse, text: str, source: str) -> Any:
    figure = _only(pc).figure
    heading(figure, predictive.title(response.name, source), predictive.about(text, source))
    return pc
