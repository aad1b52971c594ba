"""How two expectations are compared: a difference, a ratio, or any function of both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierlm.errors import PredictionError, did_you_mean

__all__ = ["Compare", "Measure", "measure"]

Floats = NDArray[np.float64]
Compare = Callable[[Floats, Floats], Floats]


@dataclass(frozen=True)
class Measure:
    """A comparison of hi with lo.

    Parameters
    ----------
    name : str
    words : str
        Its formula.
    compare : callable
        ``compare(hi, lo)``, arrays of one shape.
    null : float or None
        What it is where both are equal.
    positive, probability : bool
        Whether it needs positive numbers, or probabilities.
    """

    name: str
    words: str
    compare: Compare
    null: float | None
    positive: bool = False
    probability: bool = False

    @property
    def sign(self) -> str:
        """What stands between two levels that are compared, in words."""
        return "−" if self.name == "difference" else "vs"


def _odds(p: Floats) -> Floats:
    return p / (1.0 - p)


MEASURES = {
    m.name: m
    for m in (
        Measure("difference", "hi − lo", lambda hi, lo: hi - lo, 0.0),
        Measure("ratio", "hi / lo", lambda hi, lo: hi / lo, 1.0, positive=True),
        Measure("log_ratio", "log(hi / lo)", lambda hi, lo: np.log(hi) - np.log(lo), 0.0, positive=True),
        Measure("lift", "(hi − lo) / lo", lambda hi, lo: hi / lo - 1.0, 0.0, positive=True),
        Measure("odds_ratio", "odds(hi) / odds(lo)", lambda hi, lo: _odds(hi) / _odds(lo), 1.0, probability=True),
        Measure(
            "log_odds_ratio", "log odds(hi) − log odds(lo)",
            lambda hi, lo: np.log(_odds(hi)) - np.log(_odds(lo)), 0.0, probability=True,
        ),
    )
}  # fmt: skip


def measure(asked: str | Compare) -> Measure:
    """The comparison of that name, or the user's own function of (hi, lo).

    Raises
    ------
    PredictionError
        For an unknown name.
    """
    if callable(asked):
        return Measure(getattr(asked, "__name__", "function"), "a function of (hi, lo)", asked, None)
    if asked not in MEASURES:
        raise PredictionError(f"measure={asked!r} is unknown.", hint=did_you_mean(str(asked), MEASURES))
    return MEASURES[asked]


def compared(how: Measure, hi: Floats, lo: Floats, what: str) -> Floats:
    """``how`` of two arrays of draws.

    Raises
    ------
    PredictionError
        Where they are not what it needs, or the answer is not finite.
    """
    for values in (hi, lo):
        if how.probability and not (np.all(values > 0) and np.all(values < 1)):
            raise PredictionError(
                f"measure={how.name!r} needs probabilities between 0 and 1; the {what} is none for all draws.",
                hint="measure='difference' needs nothing.",
            )
        if how.positive and not np.all(values > 0):
            raise PredictionError(
                f"measure={how.name!r} needs positive numbers; the {what} is none for all draws.",
                hint="measure='difference' needs nothing.",
            )
    with np.errstate(all="ignore"):
        found = np.asarray(how.compare(hi, lo), dtype=np.float64)
    if found.shape != hi.shape:
        raise PredictionError(
            f"The comparison gives an array of shape {found.shape}, not {hi.shape}.",
            hint="Write a function of (hi, lo) that treats every element by itself.",
        )
    if not np.isfinite(found).all():
        raise PredictionError(
            f"The comparison {how.name!r} is not a finite number for some draws.", hint="Use measure='difference'."
        )
    return found
