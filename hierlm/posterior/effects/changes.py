"""Which two values of a column are compared: by one, by a standard deviation, from level to level."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierlm.design.column import Column
from hierlm.errors import PredictionError, did_you_mean
from hierlm.posterior.effects.scenarios import level_of

__all__ = ["Change", "changes"]

Values = Any
NUMBER = ("sd", "2sd", "iqr", "minmax")
FACTOR = ("reference", "pairwise", "sequential")


@dataclass(frozen=True, eq=False)
class Change:
    """One comparison.

    Parameters
    ----------
    words : str
        ``"+1"``, ``"q − p"``.
    lo, hi : number, array with a number a row, or level
    """

    words: str
    lo: Values
    hi: Values

    @property
    def keys(self) -> tuple[str, str]:
        """What tells the two values from others of the same column."""
        return _key(self.lo), _key(self.hi)


def _key(value: Values) -> str:
    return repr(value.tobytes()) if isinstance(value, np.ndarray) else repr(value)


def changes(column: Column, values: NDArray[Any], asked: Any, sign: str = "−") -> list[Change]:
    """The comparisons of a column.

    Parameters
    ----------
    column : Column
        Of the training data: its spread and levels.
    values : (n,) array
        Of the rows asked about.
    asked : None, number, str, pair or list of pairs
        A number's step (+1 unless given), ``"sd"``, ``"2sd"`` (centred), ``"iqr"``, ``"minmax"``, or pairs (lo, hi); a
        factor's ``"reference"`` (unless given), ``"pairwise"``, ``"sequential"``, or pairs of levels.
    sign : str
        Between the two values, in words: ``"−"`` of a difference, ``"vs"`` of anything else.

    Raises
    ------
    PredictionError
        For anything else.
    """
    if isinstance(asked, Sequence) and not isinstance(asked, str):
        return _pairs(column, asked, sign)
    return _number(column, values, asked, sign) if column.levels is None else _factor(column, asked, sign)


def _pairs(column: Column, asked: Sequence[Any], sign: str) -> list[Change]:
    single = len(asked) == 2 and not isinstance(asked[0], (list, tuple))
    found = []
    for pair in [asked] if single else asked:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise PredictionError(
                f"'{column.name}' cannot be compared at {pair!r}.", hint="Give a pair (lo, hi), or a list of pairs."
            )
        lo, hi = (_finite(column, v) if column.levels is None else level_of(column, v) for v in pair)
        words = f"{hi:g} {sign} {lo:g}" if column.levels is None else f"{hi} {sign} {lo}"
        found.append(Change(words, lo, hi))
    return found


def _finite(column: Column, value: Any) -> float:
    if isinstance(value, (bool, str)) or not isinstance(value, (int, float, np.number)) or not np.isfinite(value):
        raise PredictionError(f"'{column.name}' is a number and cannot be {value!r}.", hint="Give finite numbers.")
    return float(value)


def _number(column: Column, x: NDArray[Any], asked: Any, sign: str) -> list[Change]:
    data = column.values
    half: Callable[[float, str], list[Change]] = lambda d, words: [Change(words, x - d / 2, x + d / 2)]  # noqa: E731
    if asked in FACTOR:
        raise PredictionError(
            f"'{column.name}' is a number, so it has no levels to compare ({asked!r}).",
            hint=f"Write {{{column.name!r}: 1}}, {{{column.name!r}: 'sd'}} or {{{column.name!r}: (0, 5)}}; slopes().",
        )
    if asked in ("sd", "2sd"):
        sd = float(data.std(ddof=1)) * (2 if asked == "2sd" else 1)
        return half(sd, f"{'+2 sd' if asked == '2sd' else '+1 sd'} ({sd:.3g}), centred")
    if asked in ("iqr", "minmax"):
        lo, hi = (float(v) for v in np.quantile(data, [0.25, 0.75] if asked == "iqr" else [0.0, 1.0]))
        return [Change(f"{hi:.4g} {sign} {lo:.4g} ({'quartiles' if asked == 'iqr' else 'range'})", lo, hi)]
    if isinstance(asked, str):
        raise PredictionError(f"{asked!r} is no change of a number.", hint=did_you_mean(asked, NUMBER))
    step = 1.0 if asked is None else _finite(column, asked)
    if step == 0:
        raise PredictionError(f"'{column.name}' is compared with itself.", hint="Give a step other than 0.")
    return [Change(f"{step:+g}", x, x + step)]


def _factor(column: Column, asked: Any, sign: str) -> list[Change]:
    assert column.levels is not None
    levels = column.levels
    if len(levels) < 2:
        raise PredictionError(f"'{column.name}' has one level only.", hint="There is nothing to compare.")
    how = "reference" if asked is None else asked
    if how == "reference":
        pairs = [(levels[0], other) for other in levels[1:]]
    elif how == "pairwise":
        pairs = list(combinations(levels, 2))
    elif how == "sequential":
        pairs = list(pairwise(levels))
    else:
        unit = isinstance(asked, (int, float)) or asked in NUMBER
        raise PredictionError(
            f"'{column.name}' is a factor and cannot be compared by {asked!r}.",
            hint=f"Its comparisons are {', '.join(FACTOR)}, or pairs of levels."
            if unit
            else did_you_mean(str(how), FACTOR),
        )
    return [Change(f"{hi} {sign} {lo}", lo, hi) for lo, hi in pairs]
