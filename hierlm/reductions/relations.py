"""Related levels as kernels take them: an order of elimination, and what their precision has beyond the identity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from hierlm.covariances.relation import Relation
from hierlm.errors import ModelError
from hierlm.model import Model
from hierlm.model.values import GroupBlock

__all__ = ["LevelRelation", "level_relation", "relation_obstacles", "sparsely_related", "touched"]

Ints = NDArray[np.int64]

SPARSE = 0.25
"""Share of the triangle that a factor fills, from which on levels belong to the dense root."""

MOST_ENTRIES = 2_000_000
"""Of the sparse factor of a precision."""


@dataclass(frozen=True, eq=False)
class LevelRelation:
    """The precision K⁻¹ of the levels of a grouping.

    Parameters
    ----------
    order : (levels,) int array
        The place of every level in the order of elimination.
    beyond : sparse (levels, levels) array
        K⁻¹ − I in that order, lower triangle.
    entries : int
        Of the Cholesky factor of K⁻¹.
    log_determinant : float
        log|K|.
    """

    order: Ints
    beyond: sparse.coo_array
    entries: int
    log_determinant: float

    @property
    def sparse(self) -> bool:
        """Whether the factor is so sparse that levels are eliminated one after the other."""
        n = len(self.order)
        return self.entries <= SPARSE * n * (n + 1) / 2 or n == 1


def level_relation(block: GroupBlock) -> LevelRelation | None:
    """That of a block's levels; None where they are unrelated.

    Raises
    ------
    ModelError
        Where the covariance across levels has no inverse.
    """
    return None if block.relation is None else _level_relation(block.relation, block.levels)


@lru_cache(maxsize=8)
def _level_relation(relation: Relation, levels: tuple[str, ...]) -> LevelRelation:
    K = sparse.csc_array(relation.precision(levels))
    n = K.shape[0]
    dense = K.nnz > SPARSE * n * n
    first, entries, determinant = _densely(K) if dense else _minimum_degree(K)
    order = np.empty(n, dtype=np.int64)
    order[first] = np.arange(n)
    beyond = sparse.coo_array(sparse.tril(K[first][:, first] - sparse.eye_array(n)))
    beyond.eliminate_zeros()
    return LevelRelation(order, beyond, entries, -determinant)


def _densely(K: sparse.csc_array) -> tuple[Ints, int, float]:
    """Rows as they are, the entries of the factor, log|K⁻¹|."""
    n = K.shape[0]
    return np.arange(n), n * (n + 1) // 2, float(np.linalg.slogdet(K.toarray())[1])


def _minimum_degree(K: sparse.csc_array) -> tuple[Ints, int, float]:
    """Rows in an order that fills little (SuperLU's minimum degree), the entries of the factor, log|K⁻¹|."""
    options = {"SymmetricMode": True}
    found = splu(sparse.csc_matrix(K), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options)
    determinant = float(np.log(np.abs(found.U.diagonal())).sum())
    return np.argsort(found.perm_c).astype(np.int64), int(found.L.nnz), determinant


def sparsely_related(block: GroupBlock) -> bool:
    """Whether levels are related, and their relation is sparse."""
    relation = level_relation(block)
    return relation is not None and relation.sparse


def touched(block: GroupBlock, other: GroupBlock) -> int:
    """With how many levels of another grouping one level shares rows, at most."""
    pairs = np.unique(np.column_stack([block.codes, other.codes]), axis=0)
    return int(np.bincount(pairs[:, 0]).max())


def relation_obstacles(model: Model) -> Iterator[str]:
    """Why the levels of a grouping have no precision that could be factorised, one sentence each."""
    for block in model.blocks:
        try:
            relation = level_relation(block)
        except ModelError as problem:
            yield f"the covariance {block.related_by} of the levels of {block.group} has no inverse: {problem}"
            continue
        if relation is not None and relation.entries > MOST_ENTRIES:
            yield (
                f"the factor of the precision of the levels of {block.group} has {relation.entries:,} entries, more "
                f"than {MOST_ENTRIES:,}"
            )
