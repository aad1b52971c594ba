"""Statistics of a data set by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierlm.errors import PosteriorError, did_you_mean

__all__ = ["STATISTICS", "Statistic", "applied", "chosen_statistics"]

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Any]


def _skewness(y: Floats) -> Floats:
    centred = y - y.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=-1))
    return (centred**3).mean(axis=-1) / np.where(spread > 0, spread, 1.0) ** 3


STATISTICS: Mapping[str, Statistic] = {
    "mean": lambda y: y.mean(axis=-1),
    "sd": lambda y: y.std(axis=-1, ddof=1) if y.shape[-1] > 1 else np.zeros(y.shape[:-1]),
    "min": lambda y: y.min(axis=-1),
    "max": lambda y: y.max(axis=-1),
    "median": lambda y: np.median(y, axis=-1),
    "q05": lambda y: np.quantile(y, 0.05, axis=-1),
    "q95": lambda y: np.quantile(y, 0.95, axis=-1),
    "iqr": lambda y: np.quantile(y, 0.75, axis=-1) - np.quantile(y, 0.25, axis=-1),
    "skewness": _skewness,
    "zeros": lambda y: (y == 0).mean(axis=-1),
}
"""Over the last axis; ``zeros`` is the share of them."""


def chosen_statistics(stat: str | Statistic | Sequence[str | Statistic]) -> dict[str, Statistic]:
    """Statistics by name; a function of one array goes by its own name.

    Raises
    ------
    PosteriorError
        For an unknown name.
    """
    wanted = [stat] if isinstance(stat, str) or callable(stat) else list(stat)
    found: dict[str, Statistic] = {}
    for s in wanted:
        if callable(s):
            found[getattr(s, "__name__", type(s).__name__)] = _each(s)
        elif s in STATISTICS:
            found[s] = STATISTICS[s]
        else:
            hint = did_you_mean(str(s), STATISTICS)
            raise PosteriorError(f"There is no statistic {s!r}.", hint=f"{hint} Or give a function of one data set.")
    if not found:
        raise PosteriorError("No statistic is named.", hint=did_you_mean("", STATISTICS))
    return found


def _each(function: Statistic) -> Statistic:
    """A user's function of one data set, over all data sets."""

    def over(y: Floats) -> Floats:
        return np.array(function(y)) if y.ndim == 1 else np.array([function(row) for row in y])

    return over


def applied(name: str, statistic: Statistic, y: Floats) -> Floats:
    """A number a data set.

    Raises
    ------
    PosteriorError
        When the function fails or gives something else.
    """
    try:
        values = np.asarray(statistic(y), dtype=np.float64)
    except Exception as error:
        raise PosteriorError(
            f"The statistic '{name}' failed: {type(error).__name__}: {error}.",
            hint="It is called with one data set, (n,).",
        ) from error
    if values.shape != y.shape[:-1] or not np.isfinite(values).all():
        raise PosteriorError(
            f"The statistic '{name}' does not give one finite number for every data set.",
            hint="It is called with the response of one data set, an array (n,), and returns a number.",
        )
    return values
