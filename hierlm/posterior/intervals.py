"""Means, sds and intervals of draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hierlm.errors import PosteriorError
from hierlm.posterior.estimates import Estimates

__all__ = ["Kind", "check_interval", "describe", "describe_into", "interval"]

Floats = NDArray[np.float64]
Kind = Literal["eti", "hdi"]
KINDS = ("eti", "hdi")


def check_interval(level: float, kind: str) -> None:
    """Refuse a level outside (0, 1) and an unknown kind of interval.

    Raises
    ------
    PosteriorError
    """
    if isinstance(level, bool) or not isinstance(level, (int, float, np.number)) or not 0 < level < 1:
        raise PosteriorError(f"level={level!r} is no probability.", hint="Give a number between 0 and 1, such as 0.95.")
    if kind not in KINDS:
        raise PosteriorError(f"kind={kind!r} is no kind of interval.", hint="Use 'eti' (equal tails) or 'hdi'.")


def interval(values: Floats, level: float = 0.95, kind: str = "eti") -> tuple[Floats, Floats]:
    """Lower and upper bounds over the first axis.

    Parameters
    ----------
    values : (sample, …) array
    level : float
        Probability inside.
    kind : {"eti", "hdi"}
        ``"eti"``: equal tails, the quantiles (1 ∓ level)/2.  ``"hdi"``: the shortest interval that holds
        ⌈level · S⌉ of the S draws (one interval, also for a posterior with several modes).

    Examples
    --------
    >>> lower, upper = interval(np.arange(101.0), 0.5)
    >>> float(lower), float(upper)
    (25.0, 75.0)
    """
    check_interval(level, kind)
    if kind == "eti":
        lower, upper = np.quantile(values, [(1 - level) / 2, (1 + level) / 2], axis=0)
        return lower, upper
    ordered = np.sort(values, axis=0)
    inside = min(len(ordered), int(np.ceil(level * len(ordered))))
    width = ordered[inside - 1 :] - ordered[: len(ordered) - inside + 1]
    first = np.expand_dims(np.argmin(width, axis=0), 0)
    lower = np.take_along_axis(ordered, first, axis=0)[0]
    upper = np.take_along_axis(ordered, first + inside - 1, axis=0)[0]
    return lower, upper


def describe(values: Floats, level: float = 0.95, kind: str = "eti") -> dict[str, Floats]:
    """Mean, sd (n − 1; zero for a single draw) and interval over the first axis, flattened over the others.

    Examples
    --------
    >>> {k: v.tolist() for k, v in describe(np.array([[1.0], [3.0]]), 0.5).items()}
    {'mean': [2.0], 'sd': [1.4142135623730951], 'lower': [1.5], 'upper': [2.5]}
    """
    lower, upper = interval(values, level, kind)
    sd = values.std(axis=0, ddof=1) if len(values) > 1 else np.zeros(values.shape[1:])
    return {k: np.ravel(v) for k, v in (("mean", values.mean(axis=0)), ("sd", sd), ("lower", lower), ("upper", upper))}


def describe_into(columns: Mapping[str, Sequence[object]], values: Floats, level: float, kind: str) -> Estimates:
    """A frame of label columns followed by :func:`describe`; ``level`` and ``kind`` go into its ``attrs``."""
    frame = Estimates({**columns, **describe(values, level, kind)})
    frame.attrs = {"level": float(level), "kind": kind}
    return frame
