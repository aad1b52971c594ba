"""Quantiles of residuals, or of group effects, against normal ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from hierlm.plots.canvas import AMBER, BLUE, FAINT, heading, percent, plain, pyplot, style
from hierlm.plots.picture import Picture
from hierlm.plots.terms import chosen_effects, one_group
from hierlm.posterior.checking.bands import order_bands
from hierlm.posterior.checking.residuals import residuals
from hierlm.posterior.draws import covariance_draws, effect_draws
from hierlm.posterior.intervals import check_interval

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["qq"]

Floats = NDArray[np.float64]


def qq(
    fit: Fit,
    group: str | None = None,
    effect: str | None = None,
    *,
    level: float = 0.95,
    seed: int | None = None,
    **options: Any,
) -> Picture:
    """Are quantile residuals, or the effects of a grouping, normal?  With bands that hold all points at once.

    Residuals: Φ⁻¹(u), see :func:`hierlm.posterior.residuals`.  Group effects: r/sd of each draw, ordered within it and
    averaged over draws.  (Posterior means of effects are shrunken, and would look too narrow.)  The bands are those
    of independent normal numbers (:func:`hierlm.posterior.checking.bands.order_bands`); draws of effects that the data
    say little about follow the model by construction, so that these bands are wide for them.

    Parameters
    ----------
    fit : Fit
    group : str, optional
        A grouping; residuals unless given.
    effect : str, optional
        Of the grouping; all of them, a panel each, unless given.
    level : float
        Of the bands.
    seed : int, optional
        Of the residuals.
    **options
        Of ``residuals``.

    Returns
    -------
    Picture

    Raises
    ------
    PosteriorError
        For an unknown grouping or effect.

    Examples
    --------
    >>> fit.plot.qq("Subject").savefig("qq.png")  # doctest: +SKIP
    """
    check_interval(level, "eti")
    if group is None:
        found = residuals(fit, "quantile", seed=seed, **options)
        panels = {"": np.sort(found["residual"].to_numpy())}
    else:
        panels = _effects(fit, one_group(fit, group), effect)
    with style():
        width = 5.4 if len(panels) == 1 else 3.6 * min(3, len(panels))
        columns = min(3, len(panels))
        lines = -(-len(panels) // columns)
        figure, axes = pyplot().subplots(lines, columns, figsize=(width, 1.2 + 3.6 * lines), squeeze=False)
        for panel, (label, z) in zip(axes.ravel(), panels.items(), strict=False):
            _panel(panel, z, level)
            panel.set_title(plain(label))
            panel.set_ylabel("Quantile residual" if group is None else "Effect / sd")
        for panel in axes.ravel()[len(panels) :]:
            panel.set_visible(False)
        what = "Quantile residuals" if group is None else f"Effects of {group}"
        mean = "" if group is None else " Points: means over the draws."
        heading(
            figure,
            f"{what} against normal quantiles",
            f"Band: holds all points at once in {percent(level)} of normal samples.{mean}",
        )
    return Picture(figure, tuple(axes.ravel()[: len(panels)]))


def _panel(axes: Any, z: Floats, level: float) -> None:
    n = len(z)
    lower, upper = order_bands(n, level)
    expected = ndtri(np.arange(1, n + 1) / (n + 1))
    low, high = ndtri(np.clip(lower, 1e-12, 1)), ndtri(np.clip(upper, 0, 1 - 1e-12))
    axes.fill_between(expected, low, high, color=FAINT, alpha=0.45, linewidth=0)
    axes.plot(expected, expected, color=FAINT, linewidth=1.0)
    out = (z < low) | (z > high)
    axes.plot(expected[~out], z[~out], "o", color=BLUE, markersize=3.4)
    axes.plot(expected[out], z[out], "o", color=AMBER, markersize=4.2)
    axes.set_xlabel("Normal quantile")


def _effects(fit: Fit, group: str, effect: str | None) -> dict[str, Floats]:
    """Ordered r/sd of every effect, means over draws of the order statistics."""
    _, effects, r = effect_draws(fit, group)
    found = {}
    for name in chosen_effects(group, effects, effect):
        block = next(b for b in fit.model.groups[group] if name in b.effects)
        i = block.effects.index(name)
        sd = np.sqrt(covariance_draws(fit, block)[:, i, i])
        z = r[:, :, effects.index(name)] / np.where(sd > 0, sd, np.inf)[:, None]
        found[name] = np.sort(z, axis=1).mean(axis=0)
    return found
