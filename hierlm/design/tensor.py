"""Products of the parts of several margins: one factor of each, free or penalised (Wood, Scheipl & Faraway 2013)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from hierlm.design.margins import Margin

__all__ = ["products", "subsets", "tensor"]

Floats = NDArray[np.float64]


def subsets(margins: Sequence[Margin]) -> list[tuple[Margin, ...]]:
    """The margins in which each penalised part bends: x, z, x and z."""
    return [inside for r in range(1, len(margins) + 1) for inside in combinations(margins, r)]


def products(margins: Sequence[Margin]) -> list[tuple[Margin, ...]]:
    """The free columns as the margins whose straight lines they multiply: none, x, z, x and z."""
    lines = [m for m in margins if m.spline.linear]
    return [inside for r in range(len(lines) + 1) for inside in combinations(lines, r)]


def tensor(margins: Sequence[Margin], values: Sequence[Floats]) -> tuple[Floats, tuple[Floats, ...]]:
    """(free columns (n, 1 + q), the constant first; penalised columns (n, r) of every part).

    With margins [N_j Z_j], N_j free and Z_j penalised, the product of all of them falls apart into the product of the
    N_j, and one part for each choice of margins that give their Z_j, the others giving N_j: penalties that separate.
    """
    straight = {id(m): m.straight(x) for m, x in zip(margins, values, strict=True)}
    bent = {id(m): m.bent(x) for m, x in zip(margins, values, strict=True)}
    lines = {key: N[:, 1] for key, N in straight.items() if N.shape[1] > 1}
    one = np.ones(len(values[0]))
    free = np.column_stack([reduce(np.multiply, (lines[id(m)] for m in inside), one) for inside in products(margins)])
    parts = tuple(
        reduce(_rowwise, (bent[id(m)] if m in inside else straight[id(m)] for m in margins))
        for inside in subsets(margins)
    )
    return free, parts


def _rowwise(left: Floats, right: Floats) -> Floats:
    """Every column of ``left`` times every column of ``right``."""
    return np.asarray((left[:, :, None] * right[:, None, :]).reshape(len(left), -1))
