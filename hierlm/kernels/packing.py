"""One array for everything that a compiled density needs, so that one C function serves every model.

The array holds numbers of 8 bytes: a header (its own length, the number of sampled coordinates, then offset and length
of every field), then the fields, of floats or of whole numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

__all__ = ["dimension_of", "floats", "ints", "on_both_sides", "pack", "replaced"]

on_both_sides: Any = register_jitable(error_model="numpy")
"""Decorator: compiled into kernels, plain Python elsewhere, where loading it would cost more than running it."""


def pack(dimension: int, fields: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
    """The array of the given fields, which are found again by their position."""
    flat = [np.ascontiguousarray(f).ravel() for f in fields]
    whole = [f.astype(np.int64) if f.dtype.kind in "iub" else f.astype(np.float64).view(np.int64) for f in flat]
    header = np.zeros(2 + 2 * len(flat), dtype=np.int64)
    at = len(header)
    for i, f in enumerate(flat):
        header[2 + 2 * i], header[3 + 2 * i] = at, len(f)
        at += len(f)
    header[0], header[1] = at, dimension
    return np.concatenate([header, *whole]).view(np.float64)


@on_both_sides
def floats(buffer, field):
    """A field of floats."""
    header = buffer.view(np.int64)
    first = header[2 + 2 * field]
    return buffer[first : first + header[3 + 2 * field]]


@on_both_sides
def ints(buffer, field):
    """A field of whole numbers."""
    whole = buffer.view(np.int64)
    first = whole[2 + 2 * field]
    return whole[first : first + whole[3 + 2 * field]]


@on_both_sides
def dimension_of(buffer):
    """The number of sampled coordinates."""
    return buffer.view(np.int64)[1]


def replaced(buffer: NDArray[np.float64], fields: Mapping[int, NDArray[np.float64]]) -> NDArray[np.float64]:
    """A copy with other fields of floats in place of some."""
    whole = buffer.view(np.int64)
    count = (int(whole[2]) - 2) // 2
    every: list[NDArray[Any]] = [fields.get(i, floats(buffer, i)) for i in range(count)]
    return pack(int(whole[1]), every)
