"""Residuals against what they should not depend on, and their distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hierlm.errors import PosteriorError, did_you_mean
from hierlm.plots.canvas import AMBER, BLUE, FAINT, heading, plain, pyplot, style
from hierlm.plots.picture import Picture
from hierlm.posterior.checking.residuals import residuals as asked

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["residuals"]


def residuals(
    fit: Fit, against: str = "fitted", *, kind: Any = "quantile", seed: int | None = None, **options: Any
) -> Picture:
    """Residuals against fitted values, a column of the model, or the order of rows.

    Parameters
    ----------
    fit : Fit
    against : str
        ``"fitted"``, ``"order"``, or a column of the model.
    kind : str
        Of :func:`hierlm.posterior.residuals`.
    seed : int, optional
        Of quantile residuals.
    **options
        Further ones of ``residuals``.

    Returns
    -------
    Picture

    Raises
    ------
    PosteriorError
        For an unknown column or kind.

    Examples
    --------
    >>> fit.plot.residuals("Days", seed=1).savefig("residuals.png")  # doctest: +SKIP
    """
    table = asked(fit, kind, seed=seed, **options)
    columns = fit.model.data.columns
    if against not in ("fitted", "order") and against not in columns:
        raise PosteriorError(
            f"'{against}' is no column of this model.", hint=did_you_mean(str(against), ["fitted", "order", *columns])
        )
    r = table["residual"].to_numpy()
    factor = against in columns and columns[against].levels is not None
    with style():
        figure, axes = pyplot().subplots(figsize=(6.6, 4.2))
        axes.axhline(0, color=FAINT, linewidth=1.0)
        if kind == "quantile":
            for z in (-1.96, 1.96):
                axes.axhline(z, color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
        if factor:
            codes, levels = np.asarray(columns[against].values), columns[against].levels
            axes.boxplot([r[codes == j] for j in range(len(levels))], widths=0.55, medianprops={"color": AMBER},
                         boxprops={"color": BLUE}, whiskerprops={"color": BLUE}, capprops={"color": BLUE},
                         flierprops={"markersize": 3, "markeredgecolor": BLUE})  # fmt: skip
            axes.set_xticks(
                range(1, len(levels) + 1), [plain(v) for v in levels], rotation=90 if len(levels) > 8 else 0
            )
            how = "Boxes: residuals of each level."
        else:
            x = _x(fit, table, against)
            axes.plot(x, r, "o", color=BLUE, alpha=0.6, markersize=3.5, markeredgewidth=0)
            grid, line = _smoothed(x, r)
            axes.plot(grid, line, color=AMBER, linewidth=1.6)
            how = "The line is a local mean: level at zero where the fit is right."
        axes.set_xlabel(plain({"fitted": "Fitted value, E[y]", "order": "Order of rows"}.get(against, against)))
        axes.set_ylabel(f"{kind.capitalize()} residual")
        normal = " Quantile residuals are standard normal where the fit is right; dashed: 95% of them." * (
            kind == "quantile"
        )
        heading(figure, f"Residuals against {against}", how + normal)
    return Picture(figure, (axes,))


def _x(fit: Fit, table: Any, against: str) -> Any:
    if against == "fitted":
        return table["fitted"].to_numpy()
    if against == "order":
        return np.arange(len(table))
    values = np.asarray(fit.model.data.columns[against].values, dtype=float)
    return values if len(values) == len(table) else values[np.asarray(fit.model.design.rows)]


def _smoothed(x: Any, r: Any) -> tuple[Any, Any]:
    """A running mean with normal weights, a tenth of the range wide."""
    grid = np.linspace(x.min(), x.max(), 60)
    width = 0.08 * (np.ptp(x) or 1.0)
    w = np.exp(-0.5 * ((grid[:, None] - x) / width) ** 2)
    return grid, (w @ r) / np.maximum(w.sum(axis=1), 1e-300)
