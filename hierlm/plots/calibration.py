"""Ranks of true values: is their distribution uniform?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from hierlm.errors import PosteriorError, did_you_mean
from hierlm.plots.canvas import AMBER, BLUE, FAINT, heading, plain, pyplot, style
from hierlm.plots.picture import Picture
from hierlm.replicates.judge import DRAWS, RANKS, band

if TYPE_CHECKING:
    from hierlm.replicates.calibration import Calibration

__all__ = ["calibration"]

MOST = 24
LEVEL = 0.05


def calibration(found: Calibration, quantities: str | Iterable[str] | None = None) -> Picture:
    """Empirical distribution of the ranks of every quantity, minus the uniform one.

    The band holds the whole curve of one quantity with probability 95% if the model is calibrated.  A curve that is
    first above and then below: truths lie in the tails, the posteriors are too narrow.  All above: too high.

    Parameters
    ----------
    found : Calibration
    quantities : str or list of str, optional
        Which to draw; the first 24 of those with the smallest p unless given.

    Returns
    -------
    Picture

    Raises
    ------
    PosteriorError
        For a quantity that was not ranked.

    Examples
    --------
    >>> model.calibrate(200).plot().savefig("calibration.png")  # doctest: +SKIP
    """
    chosen, left = _chosen(found, quantities)
    n = len(found.ranks)
    lower, upper = band(n, LEVEL)
    share = np.arange(1, RANKS) / RANKS
    table = found.table.set_index("quantity")
    with style():
        columns = min(4, len(chosen))
        lines = -(-len(chosen) // columns)
        figure, axes = pyplot().subplots(
            lines,
            columns,
            figsize=(max(5.0, 2.5 * columns), 1.3 + 1.9 * lines),
            squeeze=False,
            sharex=True,
            sharey=True,
        )
        for panel, name in zip(axes.ravel(), chosen, strict=False):
            counts = np.cumsum(np.bincount(found.ranks[name].to_numpy(), minlength=RANKS))[:-1]
            finding = str(table.loc[name, "finding"])
            fine = finding == "ok"
            panel.fill_between(share, lower / n - share, upper / n - share, color=FAINT, alpha=0.45, linewidth=0)
            panel.axhline(0.0, color=FAINT, linewidth=1.0)
            panel.step(share, counts / n - share, where="mid", color=BLUE if fine else AMBER, linewidth=1.4)
            panel.set_title(plain(name) if fine else plain(f"{name}: {finding}"), fontsize=8)
        for panel in axes.ravel()[len(chosen) :]:
            panel.set_visible(False)
        for panel in axes[-1]:
            panel.set_xlabel("Rank of the truth")
        for panel in axes[:, 0]:
            panel.set_ylabel("ECDF − uniform")
        _ticks(axes)
        more = f" {left} more quantities are not drawn." if left else ""
        heading(
            figure,
            f"Ranks of true values in {n} replicates",
            f"Each truth is ranked among {DRAWS} posterior draws. Band: holds the whole curve of one quantity in "
            f"{1 - LEVEL:.0%} of calibrated models.{more}",
        )
    return Picture(figure, tuple(axes.ravel()[: len(chosen)]))


def _ticks(axes: Any) -> None:
    """How many draws are below the truth."""
    for panel in axes[-1]:
        panel.set_xticks([0, 0.5, 1], ["0", "50", "99"])


def _chosen(found: Calibration, quantities: str | Iterable[str] | None) -> tuple[list[str], int]:
    """The quantities to draw, and how many are left out."""
    known = list(found.ranks.columns)
    if quantities is None:
        worst = set(found.table.sort_values("p")["quantity"].head(MOST))
        return [q for q in known if q in worst], max(0, len(known) - MOST)
    asked = [quantities] if isinstance(quantities, str) else list(quantities)
    for name in asked:
        if name not in known:
            raise PosteriorError(f"'{name}' was not ranked.", hint=did_you_mean(str(name), known))
    return asked, 0
