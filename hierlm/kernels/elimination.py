"""Sparse block Cholesky of B = I + MᵀSM by eliminating levels one after the other, and its derivative.

Columns come in blocks: the levels of every grouping, then single coefficients.  The first blocks ("nodes") are
eliminated; a node is coupled with later columns only, and eliminating it fills nothing that is not stored.  What is
left is one dense "root".  Matrices of this pattern live in flat arrays: for every node its k × k diagonal, then its
couplings, one row of k a column; after all nodes the q × q root, of which the lower triangle is used.

The structure is data (:class:`hierlm.kernels.structure.Structure`), so nothing is compiled for a model.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from hierlm.kernels.compiling import REORDER
from hierlm.kernels.triangular import cholesky, cholesky_back, dense_cholesky, dense_cholesky_back

__all__ = ["add_outer", "factorise", "factorise_back", "solve_lower", "solve_upper"]


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def factorise(V, st):
    """V ← the Cholesky factor, in place; returns (whether it exists, Σ log of its diagonal)."""
    half, nodes = 0.0, st.dense if _single(st) else st.nodes
    for n in range(nodes):
        k, o, first, last = st.size[n], st.start[n], st.rows[n], st.rows[n + 1]
        if k == 1:
            pivot = V[o]
            if not (pivot > 0.0 and pivot < np.inf):
                return False, 0.0
            root = math.sqrt(pivot)
            V[o] = root
            half += math.log(root)
            at, inverse = nb.uint64(o + 1), 1.0 / root
            for a in range(nb.uint64(last - first)):
                V[at + a] *= inverse
            t = nb.uint64(st.pairs[n])
            for a in range(nb.uint64(last - first)):
                x = V[at + a]
                for b in range(a + nb.uint64(1)):
                    V[nb.uint64(st.target[t])] -= x * V[at + b]
                    t += nb.uint64(1)
            continue
        if not cholesky(V, o, k):
            return False, 0.0
        for i in range(k):
            half += math.log(V[o + i * k + i])
        base = o + k * k
        for a in range(last - first):
            p = base + a * k
            for i in range(k):
                value = V[p + i]
                for m in range(i):
                    value -= V[o + i * k + m] * V[p + m]
                V[p + i] = value / V[o + i * k + i]
        if n >= st.dense:
            continue
        t = st.pairs[n]
        for a in range(last - first):
            for b in range(a + 1):
                value = 0.0
                for i in range(k):
                    value += V[base + a * k + i] * V[base + b * k + i]
                V[st.target[t]] -= value
                t += 1
    q, o = st.root, st.start[st.nodes]
    if st.dense < st.nodes:
        X = np.empty(((st.nodes - st.dense) * st.size[st.dense], q))
        if nodes < st.nodes:
            ok, more = _divided(V, st, X)
            if not ok:
                return False, 0.0
            half += more
        else:
            _couplings(V, st, X)
        root = V[o : o + q * q].reshape((q, q))
        root -= np.dot(X.T, X)
    if not dense_cholesky(V, o, q):
        return False, 0.0
    for i in range(q):
        half += math.log(V[o + i * q + i])
    return True, half


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def _couplings(V, st, X):
    """X ← the couplings of the dense nodes, one row an effect."""
    k = st.size[st.dense]
    for n in range(st.dense, st.nodes):
        p = st.start[n] + k * k
        for i in range(k):
            for r in range(st.root):
                X[(n - st.dense) * k + i, r] = V[p + r * k + i]


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _single(st):
    """Whether there are dense nodes, of one column each."""
    return st.dense < st.nodes and st.size[st.dense] == 1


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def _divided(V, st, X):
    """Dense nodes of one column and their couplings, divided by the root of the pivot, in V and X; (ok, Σ log)."""
    half, q, j = 0.0, nb.uint64(st.root), nb.uint64(0)
    for n in range(st.dense, st.nodes):
        o = nb.uint64(st.start[n])
        pivot = V[o]
        if not (pivot > 0.0 and pivot < np.inf):
            return False, 0.0
        root = math.sqrt(pivot)
        half += 0.5 * math.log(pivot)
        V[o] = root
        inverse, at = 1.0 / root, o + nb.uint64(1)
        for r in range(q):
            value = V[at + r] * inverse
            V[at + r] = value
            X[j, r] = value
        j += nb.uint64(1)
    return True, half


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def _divided_back(V, bar, st, X, X_bar):
    """What :func:`_divided` means for the derivative, given that of the root by the couplings, which is subtracted."""
    q, j = nb.uint64(st.root), nb.uint64(0)
    for n in range(st.dense, st.nodes):
        o = nb.uint64(st.start[n])
        inverse, at, total = 1.0 / V[o], o + nb.uint64(1), 0.0
        for r in range(q):
            value = (bar[at + r] - X_bar[j, r]) * inverse
            bar[at + r] = value
            total += value * X[j, r]
        bar[o] = 0.5 * (bar[o] - total) * inverse
        j += nb.uint64(1)


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def _couplings_back(V, bar, st):
    """The derivative by the couplings of the dense nodes, given that by the root."""
    k, q, o = st.size[st.dense], st.root, st.start[st.nodes]
    root = np.empty((q, q))
    for i in range(q):
        for m in range(i):
            root[i, m] = bar[o + i * q + m]
            root[m, i] = root[i, m]
        root[i, i] = 2.0 * bar[o + i * q + i]
    X = np.empty(((st.nodes - st.dense) * k, q))
    _couplings(V, st, X)
    X_bar = np.dot(X, root)
    if k == 1:
        _divided_back(V, bar, st, X, X_bar)
        return
    for n in range(st.dense, st.nodes):
        p = st.start[n] + k * k
        for i in range(k):
            for r in range(q):
                bar[p + r * k + i] -= X_bar[(n - st.dense) * k + i, r]


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def solve_lower(V, st, x):
    """x ← L⁻¹ x."""
    rest = x[st.first_root :]
    for n in range(st.nodes):
        k, o, c = st.size[n], st.start[n], st.column[n]
        for i in range(k):
            value = x[c + i]
            for m in range(i):
                value -= V[o + i * k + m] * x[c + m]
            x[c + i] = value / V[o + i * k + i]
        p, first, last = o + k * k, st.rows[n], st.rows[n + 1]
        if n >= st.dense and k == 1:
            at, value = nb.uint64(p), x[c]
            for r in range(nb.uint64(st.root)):
                rest[r] -= V[at + r] * value
            continue
        for r in range(first, last):
            value = 0.0
            for i in range(k):
                value += V[p + i] * x[c + i]
            x[st.coupled[r]] -= value
            p += k
    q, start = nb.uint64(st.root), nb.uint64(st.start[st.nodes])
    for i in range(q):
        at, value = start + i * q, rest[i]
        for m in range(i):
            value -= V[at + m] * rest[m]
        rest[i] = value / V[at + i]


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def solve_upper(V, st, x):
    """x ← L⁻ᵀ x."""
    q, start, rest = nb.uint64(st.root), nb.uint64(st.start[st.nodes]), x[st.first_root :]
    for j in range(q):  # by rows: memory is read in order
        i = q - nb.uint64(1) - j
        at = start + i * q
        value = rest[i] / V[at + i]
        rest[i] = value
        for m in range(i):
            rest[m] -= V[at + m] * value
    for n in range(st.nodes - 1, -1, -1):
        k, o, c = st.size[n], st.start[n], st.column[n]
        p, first, last = o + k * k, st.rows[n], st.rows[n + 1]
        if n >= st.dense and k == 1:
            at, value = nb.uint64(p), x[c]
            for r in range(q):
                value -= V[at + r] * rest[r]
            x[c] = value / V[o]
            continue
        for r in range(first, last):
            value = x[st.coupled[r]]
            for i in range(k):
                x[c + i] -= V[p + i] * value
            p += k
        for i in range(k - 1, -1, -1):
            value = x[c + i]
            for m in range(i + 1, k):
                value -= V[o + m * k + i] * x[c + m]
            x[c + i] = value / V[o + i * k + i]


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def add_outer(bar, st, left, right):
    """bar[r, c] −= left[r] right[c] on the pattern of L: what a triangular solve says about L."""
    q, others = nb.uint64(st.root), left[st.first_root :]
    for n in range(st.nodes):
        k, o, c = st.size[n], st.start[n], st.column[n]
        for i in range(k):
            for m in range(i + 1):
                bar[o + i * k + m] -= left[c + i] * right[c + m]
        p, first, last = o + k * k, st.rows[n], st.rows[n + 1]
        if n >= st.dense and k == 1:
            at, value = nb.uint64(p), right[c]
            for r in range(q):
                bar[at + r] -= value * others[r]
            continue
        for r in range(first, last):
            value = left[st.coupled[r]]
            for i in range(k):
                bar[p + i] -= value * right[c + i]
            p += k
    start, rest = nb.uint64(st.start[st.nodes]), right[st.first_root :]
    for i in range(q):
        at, value = start + i * q, others[i]
        for m in range(i + nb.uint64(1)):
            bar[at + m] -= value * rest[m]


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def factorise_back(V, bar, st):
    """bar, the derivative by L, becomes the derivative by the (lower triangle of the) matrix that was factorised."""
    q, o = st.root, st.start[st.nodes]
    dense_cholesky_back(V, bar, o, q)
    if st.dense < st.nodes:
        _couplings_back(V, bar, st)
    for n in range((st.dense if _single(st) else st.nodes) - 1, -1, -1):
        k, o, count = st.size[n], st.start[n], st.rows[n + 1] - st.rows[n]
        base, t = o + k * k, st.pairs[n]
        if k == 1:
            at, u = nb.uint64(base), nb.uint64(t)
            for a in range(nb.uint64(count)):
                x, slope = V[at + a], 0.0
                for b in range(a + nb.uint64(1)):
                    t_bar = bar[nb.uint64(st.target[u])]
                    slope -= t_bar * V[at + b]
                    bar[at + b] -= t_bar * x
                    u += nb.uint64(1)
                bar[at + a] += slope
            inverse, total = 1.0 / V[o], 0.0
            for a in range(nb.uint64(count)):
                value = bar[at + a] * inverse
                bar[at + a] = value
                total += value * V[at + a]
            bar[o] = 0.5 * (bar[o] - total) * inverse
            continue
        for a in range(count if n < st.dense else 0):
            for b in range(a + 1):
                t_bar = bar[st.target[t]]
                t += 1
                for i in range(k):
                    x, y = V[base + a * k + i], V[base + b * k + i]
                    bar[base + a * k + i] -= t_bar * y
                    bar[base + b * k + i] -= t_bar * x
        for a in range(count):
            p = base + a * k
            for i in range(k - 1, -1, -1):
                value = bar[p + i]
                for m in range(i + 1, k):
                    value -= V[o + m * k + i] * bar[p + m]
                bar[p + i] = value / V[o + i * k + i]
            for i in range(k):
                for m in range(i + 1):
                    bar[o + i * k + m] -= bar[p + i] * V[p + m]
        cholesky_back(V, bar, o, k)
