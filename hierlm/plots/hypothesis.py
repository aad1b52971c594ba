"""hypothesis: where the draws lie of which a statement speaks."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import gaussian_kde

from hierlm.errors import PosteriorError
from hierlm.plots.canvas import AMBER, BLUE, FAINT, INK, heading, percent, plain, pyplot, style
from hierlm.plots.picture import Picture
from hierlm.posterior.estimates import IN_WORDS
from hierlm.posterior.hypotheses import hypothesis as asked
from hierlm.posterior.intervals import Kind, interval

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["hypothesis"]

Floats = NDArray[np.float64]
MOST = 12
HOLDS = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}


def hypothesis(
    fit: Fit, statements: str | Iterable[str], *, level: float = 0.95, kind: Kind = "eti", seed: int | None = None
) -> Picture:
    """The draws of what each statement compares, left minus right side, and how many of them it holds for.

    Parameters
    ----------
    fit : Fit
    statements, level, kind, seed
        Of :func:`hierlm.hypothesis`; each comparison of a joined statement has its own panel.

    Returns
    -------
    Picture

    Raises
    ------
    FormulaError, PosteriorError
        For statements that cannot be read or answered, and more than twelve comparisons.

    Examples
    --------
    >>> fit.plot.hypothesis(["b[Days] > 10", "sd_Subject[Days] > 3"])  # doctest: +SKIP
    """
    found = asked(fit, statements, level=level, kind=kind, seed=seed)
    if len(found.draws) > MOST:
        raise PosteriorError(f"{len(found.draws)} comparisons are too many to draw.", hint=f"Ask at most {MOST}.")
    table = found.table.set_index("statement")
    with style():
        columns = min(2 if len(found.draws) <= 4 else 3, len(found.draws))
        lines = -(-len(found.draws) // columns)
        figure, grid = pyplot().subplots(
            lines, columns, figsize=(max(5.6, 0.4 + 3.5 * columns), 1.2 + 2.2 * lines), squeeze=False
        )
        panels = list(grid.ravel())
        for axes in panels[len(found.draws) :]:
            axes.set_axis_off()
        for axes, (text, values) in zip(panels, found.draws.items(), strict=False):
            row = table.loc[values.attrs["statement"]]
            row = row.iloc[0] if isinstance(row, pd.DataFrame) else row
            joined = sum(v.attrs["statement"] == values.attrs["statement"] for v in found.draws.values()) > 1
            whole = f"; with all parts {row['probability']:.3f}" if joined else ""
            _panel(axes, str(text), values.to_numpy().reshape(-1), values.attrs["operator"], row, whole, level, kind)
        equal = any(v.attrs["operator"] == "=" for v in found.draws.values())
        words = (
            f"Draws of the left minus the right side: orange where the statement holds. Line below: {percent(level)} "
        )
        words += f"{IN_WORDS[kind]} interval, point: mean."
        words += " BF: posterior density / prior density at 0, for the equality." * equal
        heading(figure, "How probable is it?" if len(found.draws) > 1 else str(table.index[0]), words)
    return Picture(figure, tuple(panels[: len(found.draws)]))


def _panel(
    axes: Any, text: str, values: Floats, operator: str, row: pd.Series[Any], whole: str, level: float, kind: str
) -> None:
    low, high = np.quantile(values, [0.001, 0.999])
    low, high = (min(low, 0.0), max(high, 0.0)) if low > 0 or high < 0 else (low, high)
    at = np.union1d(np.linspace(low - 0.05 * (high - low), high + 0.05 * (high - low), 300), [0.0])
    density = gaussian_kde(values)(at) if np.ptp(values) > 0 else np.zeros(len(at))
    if operator == "=":
        said = f"BF = {row['evidence_ratio']:.3g} ± {row['evidence_error']:.1g}"
        axes.fill_between(at, density, color=BLUE, alpha=0.25, linewidth=0)
        axes.plot([0.0, 0.0], [0.0, float(density[np.searchsorted(at, 0.0)])], color=AMBER, linewidth=2.0)
    else:
        holds = HOLDS[operator]
        said = f"P = {holds(values, 0.0).mean():.3f}{whole}"
        inside = holds(at, 0.0) | (at == 0.0)
        axes.fill_between(at, density, where=inside, color=AMBER, alpha=0.5, linewidth=0)
        axes.fill_between(at, density, where=~inside | (at == 0.0), color=BLUE, alpha=0.25, linewidth=0)
    axes.plot(at, density, color=INK, linewidth=0.9)
    axes.axvline(0.0, color=FAINT, linewidth=0.9, zorder=0)
    lower, upper = interval(values, level, kind)
    axes.plot([lower, upper], [-0.04 * density.max()] * 2, color=INK, linewidth=1.4)
    axes.plot(values.mean(), -0.04 * density.max(), "o", color=INK, markersize=4)
    axes.set_title("\n".join([*(plain(line) for line in textwrap.wrap(text, 40)), said]), loc="left")
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("left − right side")
