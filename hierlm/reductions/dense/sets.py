"""Rows that depend on each other through group effects or correlated residuals, gathered into sets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from hierlm import names
from hierlm.model import Model

__all__ = ["RowSets", "row_sets", "set_codes"]

Ints = NDArray[np.int64]

WASTE = 0.8
"""A set smaller than this share of the largest of its batch begins another batch."""


@dataclass(frozen=True, eq=False)
class RowSets:
    """Sets of about the same size; smaller ones are filled up.

    Parameters
    ----------
    rows : (sets, m) int array
        0 where a set has no more.
    filled : (sets, m) bool array
    """

    rows: Ints
    filled: NDArray[np.bool_]


def set_codes(model: Model) -> Ints:
    """The set of every row, (n,): rows of different sets are independent given parameters and common effects."""
    n = model.design.n
    links: list[tuple[Ints, Ints]] = []
    start = n
    for block in model.blocks:
        if not any(p.parameter == names.MEAN for p in block.pieces):
            continue
        if block.members is None:
            links.append((np.arange(n), start + block.codes))
        else:
            own = np.nonzero(block.members.weights)
            links.append((own[0], start + block.members.codes[own]))
        start += len(block.levels)
    if model.residual is not None:
        links.append((np.arange(n), start + model.residual.codes))
        start += len(model.residual.levels)
    if not links:
        return np.arange(n)
    rows, nodes = (np.concatenate(part) for part in zip(*links, strict=True))
    graph = sparse.coo_array((np.ones(len(rows)), (rows, nodes)), shape=(start, start))
    found = connected_components(graph, directed=False)[1][:n]
    return np.unique(found, return_inverse=True)[1].reshape(-1).astype(np.int64)


def row_sets(codes: Ints) -> list[RowSets]:
    """Every set once, those of about the same size together."""
    order = np.argsort(codes, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    parts.sort(key=len, reverse=True)
    batches: list[list[Ints]] = []
    for part in parts:
        if not batches or len(part) < WASTE * len(batches[-1][0]):
            batches.append([])
        batches[-1].append(part)
    found = []
    for batch in batches:
        m = len(batch[0])
        rows, filled = np.zeros((len(batch), m), dtype=np.int64), np.zeros((len(batch), m), dtype=bool)
        for i, part in enumerate(batch):
            rows[i, : len(part)], filled[i, : len(part)] = part, True
        found.append(RowSets(rows, filled))
    return found
