"""How far each parameter moves with the priors and with the likelihood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hierlm.plots.canvas import AMBER, BLUE, FAINT, MUTED, heading, label_rows, pyplot, style
from hierlm.plots.picture import Picture
from hierlm.posterior.draws import Wanted
from hierlm.posterior.priors.sensitivity import sensitivity as asked

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["sensitivity"]


def sensitivity(fit: Fit, parameters: Wanted | None = None, **options: Any) -> Picture:
    """Power-scaling sensitivity of every parameter to priors (orange) and likelihood (blue).

    Parameters
    ----------
    fit : Fit
    parameters : str, compiled pattern, or sequence of these, optional
        Variables or rows, or what a pattern finds in the names of rows; all but the group effects unless given.
    **options
        Of :func:`hierlm.posterior.priors.sensitivity.sensitivity`.

    Returns
    -------
    Picture

    Raises
    ------
    PosteriorError
        For an unknown name.

    Examples
    --------
    >>> fit.plot.sensitivity().savefig("sensitivity.png")  # doctest: +SKIP
    """
    found = asked(fit, parameters, **options)
    table = found.frame.iloc[::-1].reset_index(drop=True)
    y = np.arange(len(table), dtype=float)
    with style():
        room = min(max(0.24 * len(table), 0.9), 7.6)
        figure, axes = pyplot().subplots(figsize=(6.6, 1.9 + room))
        axes.hlines(y, table["prior"], table["likelihood"], color=FAINT, linewidth=1.0, zorder=1)
        axes.plot(table["likelihood"], y, "o", color=BLUE, markersize=5, label="likelihood", zorder=2)
        axes.plot(table["prior"], y, "D", color=AMBER, markersize=4.5, label="priors", zorder=3)
        axes.axvline(found.threshold, color=MUTED, linewidth=1.0, linestyle=(0, (4, 3)), zorder=0)
        label_rows(axes, [str(v) for v in table["parameter"]], room)
        axes.set_xlim(left=-0.01)
        axes.set_xlabel("Sensitivity: how far the posterior moves")
        axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, borderaxespad=0.2, handletextpad=0.2)
        heading(
            figure,
            "Would another prior change the story?",
            f"{found.verdict} Right of the dashed line ({found.threshold:g}) it matters. "
            f"Likelihood: {found.likelihood}.",
        )
    return Picture(figure, (axes,))
