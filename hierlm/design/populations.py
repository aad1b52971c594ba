"""Sub-populations: the effects of a bar once for each level of ``by``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hierlm.design.evaluate import Evaluator
from hierlm.design.factor import Factor, as_factor
from hierlm.design.values import Floats, Ints
from hierlm.errors import DataError

__all__ = ["home_of", "population", "spread"]


def population(by: str, on: Evaluator) -> Factor:
    """The column that names the sub-populations, as a factor."""
    column = on.table[by]
    value = column if column.levels is not None else column.values
    return on.factor(by, lambda: as_factor(by, value), value)


def spread(Z: Floats, effects: tuple[str, ...], factor: Factor) -> tuple[Floats, tuple[str, ...], tuple[str, ...]]:
    """Columns, labels and sub-populations of the effects, sub-population by sub-population.

    Examples
    --------
    >>> f = Factor("trt", np.array([0, 1]), ("a", "b"))
    >>> spread(np.ones((2, 1)), ("Intercept",), f)[1:]
    (('Intercept:trt[a]', 'Intercept:trt[b]'), ('a', 'b'))
    """
    inside = factor.codes[:, None] == np.arange(len(factor.levels))
    wide = np.ascontiguousarray((inside[:, :, None] * Z[:, None, :]).reshape(len(Z), -1))
    wide.setflags(write=False)
    labels = tuple(f"{effect}:{factor.name}[{level}]" for level in factor.levels for effect in effects)
    return wide, labels, tuple(level for level in factor.levels for _ in effects)


def home_of(codes: Ints, levels: tuple[str, ...], factor: Factor, group: str, rows: NDArray[np.int64]) -> Ints:
    """Level → its sub-population.

    Raises
    ------
    DataError
        When a level has rows of several.
    """
    home = np.full(len(levels), -1, dtype=np.int64)
    home[codes] = factor.codes
    wrong = home[codes] != factor.codes
    if wrong.any():
        level = codes[np.flatnonzero(wrong)[0]]
        raise DataError(
            f"Level {levels[level]!r} of {group!r} has rows of several levels of {factor.name!r}",
            column=factor.name,
            rows=rows[codes == level].tolist(),
            hint=f"by= needs levels that each belong to one; write (0 + {factor.name} | {group}) for effects that "
            "differ within a level.",
        )
    home.setflags(write=False)
    return home
