"""Blocks of correlated residuals arranged for computing: chains, and batches of matrices of the same size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hierlm.model.residuals import ResidualCorrelation

__all__ = ["Batch", "Chain", "batches", "chain", "joined", "rows_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WASTE = 0.7
"""A block smaller than this share of the largest one of a batch begins another batch."""


@dataclass(frozen=True, eq=False)
class Chain:
    """Rows in time within blocks.

    Parameters
    ----------
    later, before : (m,) int arrays
        Every row but the first of its block, and the row before it.
    gaps : (m,) array
        How far apart they are.
    depth : (m,) int array
        How many rows of the block come before ``later``, from 1.
    """

    later: Ints
    before: Ints
    gaps: Floats
    depth: Ints


@dataclass(frozen=True, eq=False)
class Batch:
    """Blocks whose correlation matrices are computed at once; smaller ones are filled up.

    Parameters
    ----------
    rows : (B, M) int array
        The rows of each block by position; −1 where it has no more.
    pattern : (B,) int array
        Which of the matrices a block has.
    positions : (P, M, d) array
        Of each matrix; those of blocks at the same positions are one.
    filled : (P, M) bool array
    """

    rows: Ints
    pattern: Ints
    positions: Floats
    filled: NDArray[np.bool_]


def chain(residual: ResidualCorrelation) -> Chain:
    """The rows of Markov residuals."""
    order = np.lexsort((residual.positions[:, 0], residual.codes))
    same = np.diff(residual.codes[order]) == 0
    start = np.concatenate([[True], ~same]) if len(order) else np.zeros(0, dtype=bool)
    rank = np.arange(len(order)) - np.maximum.accumulate(np.where(start, np.arange(len(order)), 0))
    later, before = order[1:][same], order[:-1][same]
    gaps = residual.positions[later, 0] - residual.positions[before, 0]
    return Chain(later, before, gaps, rank[1:][same])


def batches(residual: ResidualCorrelation, last: NDArray[np.bool_] | None = None) -> tuple[Batch, ...]:
    """The blocks of two rows and more, the largest first.

    Parameters
    ----------
    last : (n,) bool array, optional
        Rows that come after the others of their block, wherever they were taken.
    """
    later = np.zeros(len(residual.codes), dtype=bool) if last is None else last
    order = np.lexsort((*residual.positions.T[::-1], later, residual.codes))
    parts = np.split(order, np.flatnonzero(np.diff(residual.codes[order])) + 1)
    parts = sorted((p for p in parts if len(p) > 1), key=len, reverse=True)
    found: list[Batch] = []
    while parts:
        size = len(parts[0])
        own = [p for p in parts if len(p) >= WASTE * size]
        parts = parts[len(own) :]
        found.append(_batch(residual, own, size))
    return tuple(found)


def _batch(residual: ResidualCorrelation, parts: Sequence[Ints], size: int) -> Batch:
    rows = np.full((len(parts), size), -1, dtype=np.int64)
    for i, part in enumerate(parts):
        rows[i, : len(part)] = part
    filled = rows >= 0
    at = residual.positions[np.where(filled, rows, rows[:, :1])]
    keys = np.concatenate([at.reshape(len(parts), -1), filled], axis=1)
    _, first, pattern = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    return Batch(rows, pattern.reshape(-1).astype(np.int64), at[first], filled[first])


def rows_of(residual: ResidualCorrelation, at: Ints) -> ResidualCorrelation:
    """Some of the rows."""
    return replace(residual, codes=residual.codes[at], positions=residual.positions[at])


def joined(first: ResidualCorrelation, second: ResidualCorrelation) -> ResidualCorrelation:
    """The rows of the first, then those of the second, which has all levels."""
    codes, positions = (np.concatenate([getattr(r, name) for r in (first, second)]) for name in ("codes", "positions"))
    return replace(second, codes=codes, positions=positions)
