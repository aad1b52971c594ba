"""Sets of rows with their covariance matrices: those that have the same matrix have it computed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierlm.graph.moments import residual_covariance, row_covariance
from hierlm.model import Model
from hierlm.reductions.dense.algebra import filled_up
from hierlm.reductions.dense.expressions import Expressions, Many
from hierlm.reductions.dense.sets import RowSets, row_sets, set_codes

__all__ = ["Batch", "batches"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PROBES = 3
"""Points at which the covariance matrices of two sets have to be the same, bit by bit, to be computed once."""

AROUND = 0.3
"""How far from where the graph starts, in its coordinates."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Sets of about the same size.

    Parameters
    ----------
    sets : RowSets
    first : (patterns,) int array
        One set of each pattern.
    pattern : (sets,) int array
    """

    sets: RowSets
    first: Ints
    pattern: Ints
    _covariance: Many
    _residual: Many

    @property
    def size(self) -> int:
        """Rows of a matrix, m."""
        return int(self.sets.rows.shape[1])

    @property
    def counts(self) -> Ints:
        """How many sets have each pattern."""
        return np.bincount(self.pattern, minlength=len(self.first))

    def covariances(self, zetas: Floats) -> Floats:
        """V of every pattern at ζ (S, d), (S, patterns, m, m)."""
        return filled_up(self._covariance(zetas)[0], self.sets.filled[self.first])

    def residuals(self, zetas: Floats) -> Floats:
        """R of every pattern, likewise."""
        return filled_up(self._residual(zetas)[0], self.sets.filled[self.first])

    def of_rows(self, values: Floats) -> Floats:
        """(…, n, q) → (…, sets, m, q), zero where sets are filled up."""
        return np.asarray(values[..., self.sets.rows, :] * self.sets.filled[:, :, None])


def batches(model: Model, expressions: Expressions) -> list[Batch]:
    """All rows of a model."""
    return [_batch(model, expressions, some) for some in row_sets(set_codes(model))]


def _batch(model: Model, expressions: Expressions, some: RowSets) -> Batch:
    first, pattern = np.zeros(1, dtype=np.int64), np.zeros(len(some.rows), dtype=np.int64)
    if len(some.rows) > 1:
        first, pattern = _patterns(model, expressions, some)
    rows, values = some.rows[first], expressions.values
    covariance = expressions.function([row_covariance(model, values, rows)])
    return Batch(some, first, pattern, covariance, expressions.function([residual_covariance(model, values, rows)]))


def _patterns(model: Model, expressions: Expressions, some: RowSets) -> tuple[Ints, Ints]:
    """(one set of each pattern, the pattern of each set)."""
    rng, values = np.random.default_rng(0), expressions.values
    both = expressions.function(
        [row_covariance(model, values, some.rows), residual_covariance(model, values, some.rows)]
    )
    keys: list[list[bytes]] = [[some.filled[i].tobytes()] for i in range(len(some.rows))]
    for _ in range(PROBES):
        zeta = expressions.start + rng.normal(0.0, AROUND, (1, len(expressions.start)))
        for V in _matrices(both(zeta), some):
            for key, matrix in zip(keys, V, strict=True):
                key.append(matrix.tobytes())
    known: dict[bytes, int] = {}
    pattern = np.array([known.setdefault(b"".join(key), len(known)) for key in keys], dtype=np.int64)
    return np.unique(pattern, return_index=True)[1].astype(np.int64), pattern


def _matrices(found: Sequence[Floats], some: RowSets) -> list[Floats]:
    return [filled_up(V[0], some.filled) for V in found]
