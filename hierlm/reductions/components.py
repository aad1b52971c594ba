"""Sums over rows for each matrix Q_k of a residual precision Σ_k w_k Q_k: WᵀQ_kW, WᵀQ_ky and yᵀQ_ky, made once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hierlm.kernels.residuals import ALONE, BEFORE, EACH, PAIR, TOGETHER, WITH_BEFORE
from hierlm.kernels.structure import Structure
from hierlm.reductions.arrangement import Rows
from hierlm.reductions.statistics import cross_products

__all__ = ["Chain", "Components", "Exchangeable", "Independent", "components"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Key = tuple[int, float, int, int]
"""(kind, distance or size, stratum, stratum)"""


@dataclass(frozen=True, eq=False)
class Independent:
    """Rows without correlation.

    Parameters
    ----------
    weights : (n,) array
        Of the rows' densities.
    """

    weights: Floats

    def quadratic_forms(self, strata: Ints) -> Iterator[tuple[Key, sparse.csr_array, Floats]]:
        """(key, combinations of rows, their signs or weights): Q = Tᵀ diag(signs) T."""
        for s in np.unique(strata):
            own = np.flatnonzero(strata == s)
            yield (ALONE, 0.0, s, s), _selected(own, len(strata)), self.weights[own]

    @property
    def determinants(self) -> Floats:
        """(kind, distance or size, how often) of the terms of log|R|."""
        return np.zeros((0, 3))


@dataclass(frozen=True, eq=False)
class Chain:
    """A Markov chain in time within every block: the correlation of rows d apart is ρᵈ.

    Parameters
    ----------
    blocks : (n,) int array
    times : (n,) array
        No two equal within a block.
    """

    blocks: Ints
    times: Floats

    @property
    def _steps(self) -> tuple[Ints, Ints, Ints, Floats]:
        """First rows of the blocks; rows with one before them, that one, and how far it is."""
        order = np.lexsort((self.times, self.blocks))
        same = np.diff(self.blocks[order]) == 0
        later, before = order[1:][same], order[:-1][same]
        first = order[np.concatenate([[True], ~same])]
        return first, later, before, np.round(self.times[later] - self.times[before], 10)

    def quadratic_forms(self, strata: Ints) -> Iterator[tuple[Key, sparse.csr_array, Floats]]:
        """See :meth:`Independent.quadratic_forms`."""
        n = len(strata)
        first, later, before, apart = self._steps
        for s in np.unique(strata[first]):
            own = first[strata[first] == s]
            yield (ALONE, 0.0, s, s), _selected(own, n), np.ones(len(own))
        for d in np.unique(apart):
            for kind, rows in ((WITH_BEFORE, later), (BEFORE, before)):
                at = rows[apart == d]
                for s in np.unique(strata[at]):
                    own = at[strata[at] == s]
                    yield (kind, d, s, s), _selected(own, n), np.ones(len(own))
            pairs = np.column_stack([later[apart == d], before[apart == d]])
            of = np.sort(strata[pairs], axis=1)
            for s, t in np.unique(of, axis=0):
                own = pairs[(of == (s, t)).all(axis=1)]
                a, b = _selected(own[:, 0], n), _selected(own[:, 1], n)
                yield (PAIR, d, s, t), *_polarised(a, b)

    @property
    def determinants(self) -> Floats:
        """See :attr:`Independent.determinants`."""
        found, often = np.unique(self._steps[3], return_counts=True)
        return np.column_stack([np.full(len(found), WITH_BEFORE), found, often]).astype(float).reshape(-1, 3)


@dataclass(frozen=True, eq=False)
class Exchangeable:
    """One correlation ρ between any two rows of a block.

    Parameters
    ----------
    blocks : (n,) int array, from 0
    """

    blocks: Ints

    def quadratic_forms(self, strata: Ints) -> Iterator[tuple[Key, sparse.csr_array, Floats]]:
        """See :meth:`Independent.quadratic_forms`."""
        n, size = len(strata), np.bincount(self.blocks)
        for s in np.unique(strata):
            own = np.flatnonzero(strata == s)
            yield (EACH, 0.0, s, s), _selected(own, n), np.ones(len(own))
        for m in np.unique(size):
            blocks = np.flatnonzero(size == m)
            sums = {s: self._sums(blocks, strata == s) for s in np.unique(strata)}
            for s, total in sums.items():
                yield (TOGETHER, float(m), s, s), total, np.ones(len(blocks))
                for t in (t for t in sums if t > s):
                    yield (TOGETHER, float(m), s, t), *_polarised(total, sums[t])

    def _sums(self, blocks: Ints, rows: NDArray[np.bool_]) -> sparse.csr_array:
        """One combination a block: the sum of its rows among ``rows``."""
        position = np.full(self.blocks.max() + 1, -1)
        position[blocks] = np.arange(len(blocks))
        at = np.flatnonzero(rows & (position[self.blocks] >= 0))
        place = (position[self.blocks[at]], at)
        return sparse.csr_array((np.ones(len(at)), place), shape=(len(blocks), len(rows)))

    @property
    def determinants(self) -> Floats:
        """See :attr:`Independent.determinants`."""
        found, often = np.unique(np.bincount(self.blocks), return_counts=True)
        return np.column_stack([np.full(len(found), EACH), found, often]).astype(float)


@dataclass(frozen=True, eq=False)
class Components:
    """What the kernel needs of every component.

    Parameters
    ----------
    kinds (K, 4)
        See :class:`hierlm.kernels.residuals.Residuals`.
    S (K, values), r (K, columns), yy (K,)
        WᵀQ_kW in the pattern of the structure, WᵀQ_ky, yᵀQ_ky.
    """

    kinds: Floats
    S: Floats
    r: Floats
    yy: Floats


def components(
    structure: Structure, rows: Rows, y: Floats, strata: Ints, correlation: Independent | Chain | Exchangeable
) -> Components:
    """Every component, one pass over its rows each.

    Parameters
    ----------
    rows, y
        Divided by what is known of the rows' standard deviations.  Rows that are correlated touch the same columns of
        the groupings.
    strata : (n,) int array
    """
    kinds, S, r, yy = [], [], [], []
    for key, T, signs in correlation.quadratic_forms(strata):
        one_row = T.indices[np.minimum(T.indptr[:-1], len(T.indices) - 1)]  # of each combination
        combined = replace(rows, columns=np.ascontiguousarray(rows.columns[one_row]), Z=T @ rows.Z, X=T @ rows.X)
        scores = T @ y
        own = cross_products(structure, combined, signs, scores)
        kinds.append(key)
        S.append(own[0])
        r.append(own[1])
        yy.append(signs @ scores**2)
    return Components(np.array(kinds, dtype=float), np.array(S), np.array(r), np.array(yy))


def _selected(rows: Ints, n: int) -> sparse.csr_array:
    """One combination a row: itself."""
    return sparse.csr_array((np.ones(len(rows)), rows, np.arange(len(rows) + 1)), shape=(len(rows), n))


def _polarised(a: sparse.csr_array, b: sparse.csr_array) -> tuple[sparse.csr_array, Floats]:
    """abᵀ + baᵀ = (a + b)(a + b)ᵀ − aaᵀ − bbᵀ, combination by combination."""
    signs = np.repeat([1.0, -1.0, -1.0], a.shape[0])
    return sparse.csr_array(sparse.vstack([a + b, a, b])), signs
