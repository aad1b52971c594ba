"""Data beside data drawn from the fit: ECDFs, statistics, places, calibration, intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hierlm.errors import PosteriorError
from hierlm.plots.canvas import AMBER, BLUE, FAINT, INK, heading, percent, plain, pyplot, style
from hierlm.plots.picture import Picture
from hierlm.posterior.checking.bands import order_bands
from hierlm.posterior.checking.check import check, rows_by
from hierlm.posterior.checking.quantile import places
from hierlm.posterior.checking.replicates import PRIOR, NewGroups, Replicates, replicate
from hierlm.posterior.checking.statistics import applied, chosen_statistics
from hierlm.posterior.intervals import interval
from hierlm.posterior.options import checked_seed

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["KINDS", "about", "predictive", "title"]

KINDS = ("ecdf", "stat", "pit", "calibration", "intervals")
Floats = NDArray[np.float64]
MOST_PANELS, LINES, MOST_ROWS = 24, 50, 200


def predictive(
    fit: Fit,
    kind: str,
    *,
    response: str | None,
    stat: Any,
    by: str | None,
    new_groups: NewGroups,
    draws: int | None,
    level: float,
    seed: int | None,
) -> Picture:
    """The kinds of :func:`hierlm.plots.ppc.ppc` that are drawn here; its arguments."""
    root = checked_seed(seed)
    made = replicate(fit, response, new_groups=new_groups, draws=draws or 400, seed=root)
    if kind == "stat" and by is not None:
        return _stat_by(fit, made, stat, by, level, root, new_groups)
    parts = {"": np.arange(len(made.response.y))} if by is None else rows_by(fit, by)
    if len(parts) > MOST_PANELS:
        raise PosteriorError(
            f"'{by}' has {len(parts)} levels, more than {MOST_PANELS} panels.",
            hint="Use kind='stat', which has a row each.",
        )
    draw = {"ecdf": _ecdf, "stat": _stat, "pit": _pit, "calibration": _calibration, "intervals": _intervals}[kind]
    columns = min(4, len(parts))
    size = (6.6, 4.2) if len(parts) == 1 else (2.4 * columns + 0.6, 1.2 + 1.9 * -(-len(parts) // columns))
    with style():
        figure, axes = pyplot().subplots(-(-len(parts) // columns), columns, figsize=size, squeeze=False, sharex=True)
        text = ""
        for panel, (label, at) in zip(axes.ravel(), parts.items(), strict=False):
            part = Replicates(made.response, made.drawn[:, at], made.renewed, source=made.source)
            text = draw(panel, part, made.response.y[at], stat, level, root, len(parts) == 1)
            if label:
                panel.set_title(plain(label))
        for panel in axes.ravel()[len(parts) :]:
            panel.set_visible(False)
        if len(parts) > 1:
            for panel in axes.ravel():
                panel.set_xlabel("")
                panel.set_ylabel("")
            figure.supxlabel(_axis(kind, made), fontsize=9)
        where = f" For {made.words}." if made.renewed else ""
        heading(
            figure,
            title(made.response.name, made.source) + (f" by {by}" if by else ""),
            about(text + where, made.source),
        )
    return Picture(figure, tuple(axes.ravel()[: len(parts)]))


def title(response: str, source: str) -> str:
    """What a picture of data sets drawn from the fit, or from the prior, is called."""
    return f"{'Prior' if source == PRIOR else 'Posterior'} predictive check of {response}"


def about(text: str, source: str) -> str:
    """A sentence about data drawn from the fit, as it reads for data drawn from the source."""
    return text.replace("drawn from the fit", f"drawn from the {source}")


def _axis(kind: str, made: Replicates) -> str:
    names = {"pit": "Place in the predictive distribution", "calibration": "Predicted probability", "intervals": "Rows"}
    return names.get(kind, plain(made.response.name))


def _ecdf(axes: Any, made: Replicates, y: Floats, stat: Any, level: float, seed: int, alone: bool) -> str:
    some = made.drawn[np.linspace(0, len(made.drawn) - 1, min(LINES, len(made.drawn))).round().astype(int)]
    height = np.arange(1, len(y) + 1) / len(y)
    for row in some:
        axes.step(np.sort(row), height, where="post", color=BLUE, alpha=0.15, linewidth=0.7)
    axes.step(np.sort(y), height, where="post", color=INK, linewidth=1.6)
    low, high = np.quantile(some, [0.001, 0.999])
    axes.set_xlim(min(low, y.min()), max(high, y.max()))
    axes.set_xlabel(plain(made.response.name))
    axes.set_ylabel("Share of rows up to this value")
    return f"Cumulative shares: black the {len(y):,} observations, blue {len(some)} data sets drawn from the fit."


def _stat(axes: Any, made: Replicates, y: Floats, stat: Any, level: float, seed: int, alone: bool) -> str:
    ((name, function),) = chosen_statistics(stat).items()
    drawn, observed = applied(name, function, made.drawn), float(applied(name, function, y))
    axes.hist(drawn, bins=30, color=BLUE, alpha=0.55)
    axes.axvline(observed, color=INK, linewidth=1.8)
    axes.set_xlabel(plain(f"{name} of {made.response.name}"))
    axes.set_ylabel("Data sets drawn")
    return f"The {name} of {len(drawn):,} data sets drawn from the fit; the line is that of the data."


def _pit(axes: Any, made: Replicates, y: Floats, stat: Any, level: float, seed: int, alone: bool) -> str:
    u = np.sort(places(y, made.drawn, seed))
    n = len(u)
    expected = np.arange(1, n + 1) / (n + 1)
    lower, upper = order_bands(n, level)
    axes.fill_between(expected, lower - expected, upper - expected, color=FAINT, alpha=0.45, step="mid", linewidth=0)
    axes.axhline(0, color=FAINT, linewidth=0.8)
    axes.plot(expected, u - expected, color=BLUE, linewidth=1.4)
    axes.set_xlabel("Place in the predictive distribution, where the fit is right")
    axes.set_ylabel("Observed minus expected place")
    return f"Ordered places of {n:,} observations. Band: {percent(level)} of right fits stay inside it throughout."


def _calibration(axes: Any, made: Replicates, y: Floats, stat: Any, level: float, seed: int, alone: bool) -> str:
    if not (made.response.family.discrete and set(np.unique(y)) <= {0.0, 1.0} and made.drawn.max() <= 1):
        raise PosteriorError(
            f"'{made.response.name}' is not 0 or 1, so it has no calibration curve.", hint="Use kind='pit' or 'ecdf'."
        )
    p = made.drawn.mean(axis=0)
    order = np.argsort(p, kind="stable")
    replicated = np.stack([_monotone(row[order]) for row in made.drawn[:200]])
    lower, upper = interval(replicated, level)
    axes.fill_between(p[order], lower, upper, color=FAINT, alpha=0.45, linewidth=0)
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8)
    axes.plot(p[order], _monotone(y[order]), color=BLUE, linewidth=1.6)
    axes.set_xlabel("Predicted probability")
    axes.set_ylabel("Share of ones (isotonic)")
    return (
        f"Observed shares against predicted probabilities. Band: {percent(level)} of data sets drawn, point by point."
    )


def _monotone(y: Floats) -> Floats:
    from scipy.optimize import isotonic_regression

    return np.asarray(isotonic_regression(y).x)


def _intervals(axes: Any, made: Replicates, y: Floats, stat: Any, level: float, seed: int, alone: bool) -> str:
    lower, upper = interval(made.drawn, level)
    order = np.argsort(made.drawn.mean(axis=0), kind="stable")
    shown = order[np.linspace(0, len(y) - 1, min(MOST_ROWS, len(y))).round().astype(int)]
    x = np.arange(len(shown))
    out = (y[shown] < lower[shown]) | (y[shown] > upper[shown])
    axes.vlines(x, lower[shown], upper[shown], color=BLUE, alpha=0.35, linewidth=1.4)
    axes.plot(x[~out], y[shown][~out], "o", color=INK, markersize=2.4)
    axes.plot(x[out], y[shown][out], "o", color=AMBER, markersize=3.6)
    axes.set_xticks([])
    axes.set_xlabel("Rows, by predicted mean")
    axes.set_ylabel(plain(made.response.name))
    share = np.mean((y >= lower) & (y <= upper))
    some = f" ({len(shown)} of {len(y):,} rows shown)" if len(shown) < len(y) else ""
    return f"{percent(level)} intervals of each row and its observation: {share:.1%} of all lie inside{some}."


def _stat_by(fit: Fit, made: Replicates, stat: Any, by: str, level: float, seed: int, new_groups: NewGroups) -> Picture:
    """A row per level: the statistic of its rows, with the interval of data sets drawn."""
    table = check(
        fit,
        stat,
        by=by,
        response=made.response.name,
        level=level,
        draws=len(made.drawn),
        seed=seed,
        new_groups=new_groups,
    )
    if table["statistic"].nunique() > 1:
        raise PosteriorError("Several statistics do not fit into one picture by level.", hint="Name one, stat='sd'.")
    table = table.sort_values("observed", ignore_index=True)
    name, y = str(table["statistic"].iloc[0]), np.arange(len(table))
    with style():
        room = min(max(0.19 * len(table), 1.3), 7.6)
        figure, axes = pyplot().subplots(figsize=(6.2, 1.75 + room))
        out = (table["p"] < (1 - level) / 2) | (table["p"] > (1 + level) / 2)
        axes.hlines(y, table["lower"], table["upper"], color=BLUE, alpha=0.45, linewidth=2.2)
        axes.plot(table["observed"][~out], y[~out], "o", color=INK, markersize=4)
        axes.plot(table["observed"][out], y[out], "o", color=AMBER, markersize=5)
        step = max(1, len(table) // 50)
        axes.set_yticks(y[::step], [plain(str(v)) for v in table["level"][::step]])
        axes.set_xlabel(plain(f"{name} of {made.response.name}"))
        axes.set_ylabel(plain(by))
        text = (
            f"Points: the {name} of each level's rows. Lines: {percent(level)} intervals of data sets for {made.words}."
        )
        heading(figure, f"{title(made.response.name, made.source)} by {by}", about(text, made.source))
    return Picture(figure, (axes,))
