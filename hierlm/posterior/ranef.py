"""ranef: group effects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm.posterior.draws import effect_draws, inhabited, known_group
from hierlm.posterior.intervals import Kind, check_interval, describe_into

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["by_level", "ranef"]


def ranef(fit: Fit, group: str | None = None, *, level: float = 0.95, kind: Kind = "eti") -> pd.DataFrame:
    """How far is each level from the common effects?  Group effects r, on the link scale.

    Parameters
    ----------
    fit : Fit
    group : str, optional
        One grouping; all of them unless given.
    level : float, default 0.95
        Probability inside the intervals.
    kind : {"eti", "hdi"}

    Returns
    -------
    DataFrame
        A row per level and effect: ``group``, ``level``, ``effect``, ``mean``, ``sd``, ``lower``, ``upper``.

    Raises
    ------
    PosteriorError
        For a grouping that the model does not have.

    Examples
    --------
    >>> ranef(fit, "Subject").query("effect == 'Days'")  # doctest: +SKIP
    """
    check_interval(level, kind)
    found = [(g, *effect_draws(fit, g)) for g in known_group(fit, group)]
    return by_level(found, level, kind, {g: inhabited(fit.model, g) for g, *_ in found})


def by_level(
    groups: list[tuple[str, tuple[str, ...], tuple[str, ...], NDArray[np.float64]]],
    level: float,
    kind: str,
    there: Mapping[str, NDArray[np.bool_]],
) -> pd.DataFrame:
    """A tidy frame of (group, levels, effects, draws (sample, level, effect)), of the effects that are ``there``."""
    empty: dict[str, list[str]] = {"group": [], "level": [], "effect": []}
    frames = [describe_into(empty, np.zeros((1, 0)), level, kind)]
    for group, levels, effects, values in groups:
        columns = {
            "group": [group] * (len(levels) * len(effects)),
            "level": [lv for lv in levels for _ in effects],
            "effect": list(effects) * len(levels),
        }
        kept = there[group].ravel()
        columns = {name: [v for v, keep in zip(labels, kept, strict=True) if keep] for name, labels in columns.items()}
        flat = values.reshape(len(values), -1)
        frames.append(describe_into(columns, flat if kept.all() else flat[:, kept], level, kind))
    frame = pd.concat(frames[1:] or frames, ignore_index=True)
    frame.attrs = {"level": float(level), "kind": kind}
    return frame
