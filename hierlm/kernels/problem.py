"""What all packed problems share: parameters first, then the structure, then the numbers W'ΩW and W'Ωy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierlm.kernels.packing import floats, ints, on_both_sides
from hierlm.kernels.parameters import FIELDS, Parameters
from hierlm.kernels.structure import Structure

__all__ = ["FIRST", "common_fields", "moments", "structure_of"]

FIRST = FIELDS + 17
"""The first field that belongs to one kind of problem alone."""


def common_fields(
    parameters: Parameters, structure: Structure, S: NDArray[np.float64], r: NDArray[np.float64]
) -> list[NDArray[Any]]:
    """The fields of every packed problem."""
    return [*parameters, np.array(structure[:6], dtype=np.int64), *structure[6:], S, r]


@on_both_sides
def structure_of(buffer):
    """The structure as it was packed."""
    n = ints(buffer, FIELDS)
    return Structure(
        n[0],
        n[1],
        n[2],
        n[3],
        n[4],
        n[5],
        ints(buffer, FIELDS + 1),
        ints(buffer, FIELDS + 2),
        ints(buffer, FIELDS + 3),
        ints(buffer, FIELDS + 4),
        ints(buffer, FIELDS + 5),
        ints(buffer, FIELDS + 6),
        ints(buffer, FIELDS + 7),
        ints(buffer, FIELDS + 8),
        ints(buffer, FIELDS + 9),
        ints(buffer, FIELDS + 10),
        ints(buffer, FIELDS + 11),
        ints(buffer, FIELDS + 12),
        ints(buffer, FIELDS + 13),
        floats(buffer, FIELDS + 14),
    )


@on_both_sides
def moments(buffer):
    """(S = WᵀΩW in the pattern of the structure, r = WᵀΩy)."""
    return floats(buffer, FIELDS + 15), floats(buffer, FIELDS + 16)
