"""Recovering draws in chunks, on all cores; the result does not depend on how many there are."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierlm.errors import SamplingError

__all__ = ["recover_in_chunks"]

CHUNK = 1_000_000
"""Numbers that one chunk makes at most, 8 MB."""

DRAWS = 500
"""Draws of a chunk at most, so that there is one for each core."""


def recover_in_chunks(
    draws: int, columns: int, seed: int, make: Callable[[slice, np.random.Generator], tuple[NDArray[Any], ...]]
) -> list[NDArray[Any]]:
    """What ``make`` returns for consecutive slices of the draws, joined; the first array says where it worked.

    Parameters
    ----------
    draws, columns : int
        Numbers made in all are their product.
    seed : int
        Every chunk has a generator of its own.
    make : callable
        (slice of draws, generator) → arrays over the draws; it must let go of Python's lock to use several cores.

    Raises
    ------
    SamplingError
        Where a draw failed.
    """
    step = max(1, min(DRAWS, CHUNK // max(columns, 1)))
    slices = [slice(first, min(first + step, draws)) for first in range(0, draws, step)]
    generators = [np.random.default_rng([seed, 1, i]) for i in range(len(slices))]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        parts = list(pool.map(make, slices, generators))
    joined = [np.concatenate(p) if len(p) > 1 else p[0] for p in zip(*parts, strict=True)]
    if not joined[0].all():
        raise SamplingError("A draw of the group effects failed numerically.", hint="Fit with reduce=False.")
    return joined[1:]
