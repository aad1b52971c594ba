"""How far is every level pulled from its own data towards the common effects?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import PosteriorError
from hierlm.plots.canvas import AMBER, BLUE, FAINT, MUTED, POINTS, heading, label_rows, percent, plain, pyplot, style
from hierlm.plots.picture import Picture
from hierlm.plots.terms import chosen_effects, effect_scale, one_group
from hierlm.posterior.draws import covariance_draws
from hierlm.posterior.shrinkage import shrinkage as estimates

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.model.model import Model

__all__ = ["shrinkage"]

Floats = NDArray[np.float64]
NONE, PARTIAL, COMPLETE = "no_pooling", "partial_pooling", "complete_pooling"
ELLIPSES = (0.5, 0.95)
MOST_NAMES = 40


def shrinkage(
    fit: Fit, group: str | None = None, effect: str | Sequence[str] | None = None, *, sort: bool = True
) -> Picture:
    """No pooling → partial pooling → complete pooling, level by level.

    One effect: a row per level.  Two effects: the plane of both, classically intercept and slope, with the ellipses
    that the estimated covariance expects to hold 50% and 95% of all levels.

    Parameters
    ----------
    fit : Fit
    group : str
        May be left out when there is one grouping only.
    effect : str or pair of str, optional
        The first two effects unless given.
    sort : bool
        Rows by the no-pooling estimate; otherwise in the order of the data's levels.

    Returns
    -------
    Picture

    Raises
    ------
    PosteriorError
        For an unknown grouping or effect, or more than two effects.

    Examples
    --------
    >>> fit.plot.shrinkage("Subject").savefig("shrinkage.png")  # doctest: +SKIP
    """
    group = one_group(fit, group)
    table = estimates(fit, group).levels
    known = list(dict.fromkeys(table["effect"]))
    if not known:
        raise PosteriorError(
            f"'{group}' has no effect on the mean, so there is nothing to shrink.", hint="See fit.ranef()."
        )
    effects = chosen_effects(group, known, known[:2] if effect is None else effect)
    if len(effects) > 2:
        raise PosteriorError(
            f"shrinkage draws one or two effects, not {len(effects)}.", hint=f"For example {effects[:2]}."
        )
    levels = list(dict.fromkeys(table["level"]))
    wide = {e: table[table["effect"] == e].set_index("level").loc[levels] for e in effects}
    with style():
        draw = _rows if len(effects) == 1 else _plane
        figure, axes, how = draw(fit, group, levels, wide, sort)
        wild = sum(bool(note) for note in wide[effects[0]]["note"])
        more = (
            f" {wild} without a finite estimate of their own: a wide prior stands in, and some lie outside."
            if wild
            else ""
        )
        heading(figure, f"Shrinkage of {group}", f"{len(levels):,} levels. {how}{more}")
    return Picture(figure, (axes,))


def _rows(
    fit: Fit, group: str, levels: Sequence[str], wide: dict[str, pd.DataFrame], sort: bool
) -> tuple[Any, Any, str]:
    """One effect: a row per level, an arrow from its own estimate to the pooled one."""
    ((effect, table),) = wide.items()
    none, partial = table[NONE].to_numpy(), table[PARTIAL].to_numpy()
    order = np.argsort(none, kind="stable") if sort else np.arange(len(levels))[::-1]
    rows, room = np.arange(len(levels), dtype=float), min(max(0.19 * len(levels), 1.3), 7.6)
    figure, axes = pyplot().subplots(figsize=(6.2, 1.75 + room))
    complete = float(table[COMPLETE].iloc[0])
    size = min(5.0, max(1.6, 0.75 * room * POINTS / len(levels)))
    axes.hlines(rows, none[order], partial[order], color=FAINT, linewidth=min(1.6, 0.4 * size), zorder=2)
    _points(axes, none[order], rows, partial[order], rows, size)
    axes.axvline(complete, color=AMBER, linewidth=1.4, zorder=1, label="complete pooling")
    axes.set_xlim(_limits(table, complete))
    axes.set_xlabel(plain(f"{_what(effect)} ({effect_scale(fit.model, group, effect)})"))
    axes.set_ylabel(plain(group))
    axes.spines["left"].set_visible(False)
    step = label_rows(axes, [levels[i] for i in order], room)
    axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=3, borderaxespad=0.2, handletextpad=0.4)
    named = f" One in {step} is named." if step > 1 else ""
    return figure, axes, f"From the estimate of each level's own data to the posterior mean.{named}"


def _plane(
    fit: Fit, group: str, levels: Sequence[str], wide: dict[str, pd.DataFrame], sort: bool
) -> tuple[Any, Any, str]:
    """Two effects: an arrow per level in their plane."""
    (x, across), (y, up) = wide.items()
    start = np.column_stack([across[NONE], up[NONE]])
    end = np.column_stack([across[PARTIAL], up[PARTIAL]])
    centre = np.array([across[COMPLETE].iloc[0], up[COMPLETE].iloc[0]])
    figure, axes = pyplot().subplots(figsize=(6.4, 6.0))
    rings = _ellipses(fit, group, (x, y), centre)
    for ring in rings:
        axes.plot(*ring.T, color=FAINT, linewidth=0.9, zorder=1)
    move = end - start
    axes.quiver(
        *start.T, *move.T, angles="xy", scale_units="xy", scale=1, color=MUTED, alpha=0.75, width=0.0022,
        headwidth=5, headlength=6, headaxislength=5, zorder=2,
    )  # fmt: skip
    size = 5.0 if len(levels) <= MOST_NAMES else 3.2
    _points(axes, start[:, 0], start[:, 1], end[:, 0], end[:, 1], size)
    axes.plot(*centre, "P", color=AMBER, markersize=10, markeredgecolor="white", zorder=5, label="complete pooling")
    axes.set_xlim(_limits(across, *rings[-1][:, 0]))
    axes.set_ylim(_limits(up, *rings[-1][:, 1]))
    if len(levels) <= MOST_NAMES:
        _name(axes, levels, start, move)
    for label, setter in ((x, axes.set_xlabel), (y, axes.set_ylabel)):
        setter(plain(f"{_what(label)} ({effect_scale(fit.model, group, label)})"))
    axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=3, borderaxespad=0.2, handletextpad=0.4)
    inside = " and ".join(percent(p) for p in ELLIPSES)
    return (
        figure,
        axes,
        (
            "Arrows: from the estimate of each level's own data to the posterior mean. "
            f"Ellipses: where the fit expects {inside} of all levels."
        ),
    )


def _points(axes: Any, x0: Floats, y0: Floats, x1: Floats, y1: Floats, size: float) -> None:
    axes.plot(
        x0, y0, "o", markersize=size, markerfacecolor="white", markeredgecolor=MUTED, markeredgewidth=0.9, zorder=3,
        label="no pooling",
    )  # fmt: skip
    axes.plot(
        x1, y1, "o", markersize=size, color=BLUE, markeredgecolor="white", markeredgewidth=0.5, zorder=4,
        label="partial pooling",
    )  # fmt: skip


def _what(effect: str) -> str:
    """An effect here is a coefficient: common plus group effect."""
    return effect if effect == names.INTERCEPT else f"Slope of {effect}"


def _limits(table: pd.DataFrame, *also: float) -> tuple[float, float]:
    """Room for everything but the estimates that data alone do not bound."""
    own = table.loc[table["note"] == "", NONE]
    values = np.concatenate([own.to_numpy(), table[PARTIAL].to_numpy(), also])
    margin = 0.05 * (np.ptp(values) or 1.0)
    return float(values.min() - margin), float(values.max() + margin)


def _ellipses(fit: Fit, group: str, effects: tuple[str, str], centre: Floats) -> list[Floats]:
    """Points on the contours of N(centre, V), V the posterior mean: radius² = −2 log(1 − p)."""
    V = _covariance(fit.model, fit, group, effects)
    angle = np.linspace(0, 2 * np.pi, 200)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    values, vectors = np.linalg.eigh(V)
    root = vectors * np.sqrt(np.clip(values, 0, None))
    return [centre + np.sqrt(-2 * np.log(1 - p)) * circle @ root.T for p in ELLIPSES]


def _covariance(model: Model, fit: Fit, group: str, effects: tuple[str, str]) -> Floats:
    """2 × 2 posterior mean of V; independent blocks have no covariance."""
    V = np.zeros((2, 2))
    for block in model.groups[group]:
        inside = [(a, block.effects.index(e)) for a, e in enumerate(effects) if e in block.effects]
        if inside:
            mean = covariance_draws(fit, block).mean(axis=0)
            for a, i in inside:
                for b, j in inside:
                    V[a, b] = mean[i, j]
    return V


def _name(axes: Any, levels: Sequence[str], start: Floats, move: Floats) -> None:
    """Every level's name beyond the tail of its arrow."""
    spans = np.array([np.ptp(axes.get_xlim()), np.ptp(axes.get_ylim())])
    for level, at, delta in zip(levels, start, move / spans, strict=True):
        away = -delta / (float(np.hypot(*delta)) or 1.0)
        side = "left" if away[0] > 0.3 else "right" if away[0] < -0.3 else "center"
        axes.annotate(
            plain(level), at, xytext=tuple(6.5 * away), textcoords="offset points", fontsize=7.5, color=MUTED,
            ha=side, va="center", annotation_clip=True,
        )  # fmt: skip
