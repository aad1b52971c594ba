"""Which columns are coupled: the pattern of WᵀΩW and of its Cholesky factor, as arrays of whole numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Any, NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["Structure", "accumulate", "block_of", "make_structure"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
DENSE_ROOT, DENSE_SHARE = 12, 0.4
"""Nodes of the last grouping are stored as if coupled with the whole root where it is at least so large and so many
couplings are there: products of matrices then replace products of numbers."""

MOST_PAIRS = 100_000_000
"""Beyond, a structure is described, so that its work is known, but cannot be factorised: ``target`` stays empty."""


class Structure(NamedTuple):
    """The pattern; see :mod:`hierlm.kernels.elimination` for how values are stored.

    Parameters
    ----------
    nodes, blocks, columns, root, first_root, dense : int
        Blocks that are eliminated, all blocks, all columns, columns of the root and the first of them; the nodes from
        ``dense`` on are coupled with the whole root and nothing else.
    column, size, factor : (blocks,) arrays
        First column of every block, its columns, and which factor of the prior scales it.
    rows (nodes + 1,), coupled
        Node → its coupled columns, ascending.
    partners (nodes + 1,), partner
        Node → its coupled blocks, ascending.
    start (nodes + 1,)
        Node → where its values begin; the last one is the root's.
    pairs (nodes + 1,), target
        Node → for every pair a ≥ b of its coupled columns, where the product is subtracted.
    related, high, low, relation
        Where the prior precision of standardised effects differs from the identity: the place of the value, its row
        and its column, and by how much.
    """

    nodes: int
    blocks: int
    columns: int
    root: int
    first_root: int
    dense: int
    column: Ints
    size: Ints
    factor: Ints
    rows: Ints
    coupled: Ints
    partners: Ints
    partner: Ints
    start: Ints
    pairs: Ints
    target: Ints
    related: Ints
    high: Ints
    low: Ints
    relation: Floats

    @property
    def values(self) -> int:
        """Length of an array of values."""
        return int(self.start[-1]) + self.root**2

    @property
    def work(self) -> int:
        """Multiplications of one factorisation, roughly."""
        dense = (self.nodes - self.dense) * self.root**2 // 4
        return len(self.target) * int(self.size.max(initial=1)) + dense + self.root**3 // 6


def make_structure(
    sizes: Sequence[int],
    levels: Sequence[int],
    eliminated: int,
    coefficients: int,
    codes: Sequence[Ints],
    relations: Mapping[int, sparse.coo_array] = MappingProxyType({}),
) -> Structure:
    """The structure of groupings in order of elimination, followed by coefficients.

    Parameters
    ----------
    sizes, levels : sequence of int
        Effects a level and levels of every grouping.
    eliminated : int
        The first so many groupings are eliminated; without relations each of them is nested in those eliminated
        after it.
    coefficients : int
    codes : sequence of (n,) arrays
        The level of every row in every grouping.
    relations : mapping of int to sparse (levels, levels) array
        Grouping → what its levels' precision has beyond the identity, lower triangle.
    """
    G = len(sizes)
    size = np.concatenate([np.full(j, k) for j, k in zip(levels, sizes, strict=True)] + [np.ones(coefficients)])
    size = size.astype(np.int64)
    factor = np.concatenate([np.full(j, g) for g, j in enumerate(levels)] + [G + np.arange(coefficients)])
    column = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(levels)]).astype(np.int64)  # block of the first level of every grouping
    nodes = int(first[eliminated])
    owner, partner, full = _couplings(
        first, eliminated, coefficients, codes, relations, int(column[-1] - column[nodes])
    )
    per_node = np.bincount(owner, minlength=nodes)[:nodes]
    width = np.bincount(owner, weights=size[partner], minlength=nodes)[:nodes].astype(np.int64)
    coupled = _expand(column[partner], size[partner])
    rows = _cumulated(width)
    start = _cumulated(size[:nodes] * (size[:nodes] + width))
    products = width * (width + 1) // 2
    if full:
        products[first[eliminated - 1] :] = 0
    pairs = _cumulated(products)
    root = int(column[-1] - column[nodes])
    dense = int(first[eliminated - 1]) if full else nodes
    found = Structure(
        nodes, len(size), int(column[-1]), root, int(column[nodes]), dense, column[:-1], size,
        factor.astype(np.int64), rows, coupled, _cumulated(per_node), partner, start, pairs, np.empty(0, np.int64),
        np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0),
    )  # fmt: skip
    if pairs[-1] > MOST_PAIRS:
        return found
    block = np.repeat(np.arange(len(size)), size)
    target = np.empty(int(pairs[-1]), dtype=np.int64)
    _targets(found, block, target)
    return found._replace(target=target, **_related(found, block, first, relations))


def _couplings(
    first: Ints,
    eliminated: int,
    coefficients: int,
    codes: Sequence[Ints],
    relations: Mapping[int, sparse.coo_array],
    root: int,
) -> tuple[Ints, Ints, bool]:
    """(nodes, the blocks that each is coupled with, whether the last grouping's are coupled with the whole root)."""
    levels, nodes = np.diff(first), int(first[eliminated])
    owners, partners, full = [], [], eliminated > 0 and root >= DENSE_ROOT and not relations
    for e in range(eliminated):
        for h in range(e + 1, len(levels)):
            pairs = np.unique(codes[e].astype(np.int64) * levels[h] + codes[h])
            if full and e == eliminated - 1:
                full = len(pairs) >= DENSE_SHARE * levels[e] * levels[h]
                pairs = np.arange(levels[e] * levels[h]) if full else pairs
            owners.append(first[e] + pairs // levels[h])
            partners.append(first[h] + pairs % levels[h])
        if e in relations:
            below = relations[e].row > relations[e].col
            owners.append(first[e] + relations[e].col[below])
            partners.append(first[e] + relations[e].row[below])
    for j in range(coefficients):
        owners.append(np.arange(nodes))
        partners.append(np.full(nodes, first[-1] + j))
    owner = np.concatenate([*owners, np.zeros(0, np.int64)]).astype(np.int64)
    partner = np.concatenate([*partners, np.zeros(0, np.int64)]).astype(np.int64)
    if relations:
        owner, partner = _filled(owner, partner, nodes)
    order = np.lexsort((partner, owner))
    return owner[order], partner[order], full


def _filled(owner: Ints, partner: Ints, nodes: int) -> tuple[Ints, Ints]:
    """With the couplings that elimination adds: each node hands its own on to the first of them."""
    partners: list[set[int]] = [set() for _ in range(nodes)]
    for one, other in zip(owner.tolist(), partner.tolist(), strict=True):
        partners[one].add(other)
    for mine in partners:
        following = min(mine, default=nodes)
        if following < nodes:
            partners[following] |= mine - {following}
    counts = [len(mine) for mine in partners]
    found = np.fromiter(chain.from_iterable(partners), dtype=np.int64, count=sum(counts))
    return np.repeat(np.arange(nodes), counts).astype(np.int64), found


def _related(st: Structure, block: Ints, first: Ints, relations: Mapping[int, sparse.coo_array]) -> dict[str, Any]:
    """What relations add to the precision, one element for each effect of a level."""
    high, low, values = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0)]
    for g, relation in relations.items():
        for i in range(int(st.size[first[g]])):
            high.append(st.column[first[g] + relation.row] + i)
            low.append(st.column[first[g] + relation.col] + i)
            values.append(relation.data)
    found = {"high": np.concatenate(high), "low": np.concatenate(low)}
    place = np.empty(len(found["high"]), dtype=np.int64)
    if len(place):
        _positions(st, block, found["high"], found["low"], place)
    return found | {"related": place, "relation": np.concatenate(values)}


def _cumulated(counts: Ints) -> Ints:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _expand(first: Ints, count: Ints) -> Ints:
    """Every number from first to first + count − 1, one range after the other."""
    offsets = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    return (np.repeat(first, count) + offsets).astype(np.int64)


@nb.njit(cache=True, nogil=True, error_model="numpy")
def block_of(st):
    """The block of every column."""
    blocks = np.empty(st.columns, dtype=np.int64)
    for b in range(st.blocks):
        for i in range(st.size[b]):
            blocks[st.column[b] + i] = b
    return blocks


@nb.njit(cache=True, nogil=True, error_model="numpy")
def position(st, blocks, high, low):
    """Where the element of two columns, high ≥ low, is stored."""
    n = blocks[low]
    if n >= st.nodes:
        return st.start[st.nodes] + (high - st.first_root) * st.root + low - st.first_root
    k, o, c = st.size[n], st.start[n], st.column[n]
    if high < c + k:
        return o + (high - c) * k + low - c
    r = st.rows[n] + np.searchsorted(st.coupled[st.rows[n] : st.rows[n + 1]], high)
    return o + k * k + (r - st.rows[n]) * k + low - c


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _targets(st, blocks, target):
    t = 0
    for n in range(st.dense):
        for a in range(st.rows[n], st.rows[n + 1]):
            for b in range(st.rows[n], a + 1):
                target[t] = position(st, blocks, st.coupled[a], st.coupled[b])
                t += 1


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _positions(st, blocks, high, low, place):
    for i in range(high.shape[0]):
        place[i] = position(st, blocks, high[i], low[i])


@nb.njit(cache=True, nogil=True, error_model="numpy")
def accumulate(st, blocks, columns, Z, X, weights, scores, S, r):
    """S ← WᵀΩW and r ← WᵀΩy over rows.

    Parameters
    ----------
    blocks : (columns,) array, the block of every column
    columns : (n, C) array, the columns of the groupings that each row touches, ascending
    Z : (n, C) array, their values
    X : (n, p) array, the values of the last p columns
    weights, scores : (n,) arrays, Ω and y
    """
    C, p = columns.shape[1], X.shape[1]
    first = st.columns - p
    at, value = np.empty(C + p, np.int64), np.empty(C + p)
    for j in range(p):
        at[C + j] = first + j
    for i in range(columns.shape[0]):
        for j in range(C):
            at[j], value[j] = columns[i, j], Z[i, j]
        for j in range(p):
            value[C + j] = X[i, j]
        for a in range(C + p):
            weighted = weights[i] * value[a]
            if weighted == 0.0:
                continue
            r[at[a]] += weighted * scores[i]
            for b in range(a + 1):
                if value[b] != 0.0:
                    S[position(st, blocks, at[a], at[b])] += weighted * value[b]
    _mirror(st, S)


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _mirror(st, S):
    """Fill the upper triangles of diagonal blocks, of which the lower ones were written."""
    for n in range(st.nodes + 1):
        k, o = (st.size[n] if n < st.nodes else st.root), st.start[n]
        for i in range(k):
            for m in range(i):
                S[o + m * k + i] = S[o + i * k + m]
