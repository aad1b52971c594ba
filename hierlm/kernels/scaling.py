"""The prior factor M, block by block: on vectors, on matrices of the structure's pattern, and its derivative.

``F[f]`` is the lower-triangular factor of the blocks with ``st.factor == f``.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from hierlm.kernels.compiling import REORDER

__all__ = ["back_scale", "back_transposed", "divided", "prior_norm", "scale", "times", "transposed", "unscale"]


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def times(F, st, x, out):
    """out ← M x."""
    for b in range(st.blocks):
        k, c = st.size[b], st.column[b]
        f = st.factor[b]
        if k == 1:
            out[c] = F[f, 0, 0] * x[c]
            continue
        for i in range(k):
            value = 0.0
            for m in range(i + 1):
                value += F[f, i, m] * x[c + m]
            out[c + i] = value


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def transposed(F, st, x, out):
    """out ← Mᵀ x."""
    for b in range(st.blocks):
        k, c = st.size[b], st.column[b]
        f = st.factor[b]
        if k == 1:
            out[c] = F[f, 0, 0] * x[c]
            continue
        for i in range(k):
            value = 0.0
            for m in range(i, k):
                value += F[f, m, i] * x[c + m]
            out[c + i] = value


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def divided(F, st, x, out):
    """out ← M⁻¹ x; ±∞ or NaN where a factor is singular."""
    for b in range(st.blocks):
        k, c, f = st.size[b], st.column[b], st.factor[b]
        for i in range(k):
            value = x[c + i]
            for m in range(i):
                value -= F[f, i, m] * out[c + m]
            out[c + i] = value / F[f, i, i]


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def back_transposed(st, x, out_bar, F_bar):
    """F_bar += the derivative by M, given that by out = Mᵀ x; with the arguments exchanged, of out = M x."""
    for b in range(st.blocks):
        k, c = st.size[b], st.column[b]
        f = st.factor[b]
        if k == 1:
            F_bar[f, 0, 0] += x[c] * out_bar[c]
            continue
        for i in range(k):
            for m in range(i, k):
                F_bar[f, m, i] += x[c + m] * out_bar[c + i]


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def _congruence(F, S, V, o, stride, left, kl, right, kr):
    """V block ← F[left]ᵀ S F[right] of one block of kl rows and kr columns."""
    for a in range(kl):
        for c in range(kr):
            value = 0.0
            for m in range(a, kl):
                inner = 0.0
                for d in range(c, kr):
                    inner += S[o + m * stride + d] * F[right, d, c]
                value += F[left, m, a] * inner
            V[o + a * stride + c] = value


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def _congruence_back(F, F_bar, S, bar, o, stride, left, kl, right, kr):
    for a in range(kl):
        for c in range(kr):
            slope = bar[o + a * stride + c]
            for m in range(a, kl):
                for d in range(c, kr):
                    s = slope * S[o + m * stride + d]
                    F_bar[left, m, a] += s * F[right, d, c]
                    F_bar[right, d, c] += s * F[left, m, a]


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def _single(F, st):
    """What M does to every column of a block of one column, 0 elsewhere."""
    d = np.zeros(st.columns)
    for b in range(st.blocks):
        if st.size[b] == 1:
            d[st.column[b]] = F[st.factor[b], 0, 0]
    return d


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def scale(F, st, S, V):
    """V ← K⁻¹ + MᵀSM (its lower triangle), K⁻¹ the prior precision of w, the identity where levels are unrelated."""
    d = _single(F, st)
    others = d[st.first_root :]
    for n in range(st.nodes):
        k, o, f, c = st.size[n], st.start[n], st.factor[n], st.column[n]
        if k == 1 and st.rows[n + 1] - st.rows[n] == st.partners[n + 1] - st.partners[n]:  # all of one column
            at, own, first = nb.uint64(o + 1), d[c], nb.uint64(st.rows[n])
            V[o] = 1.0 + S[o] * own * own
            if n >= st.dense:
                for r in range(nb.uint64(st.root)):
                    V[at + r] = own * S[at + r] * others[r]
            else:
                for r in range(nb.uint64(st.rows[n + 1]) - first):
                    V[at + r] = own * S[at + r] * d[nb.uint64(st.coupled[first + r])]
            continue
        if k == 1:
            V[o] = S[o] * F[f, 0, 0] * F[f, 0, 0]
        else:
            _congruence(F, S, V, o, k, f, k, f, k)
        for i in range(k):
            V[o + i * k + i] += 1.0
        p = o + k * k
        for j in range(st.partners[n], st.partners[n + 1]):
            b = st.partner[j]
            kb = st.size[b]
            _congruence(F, S, V, p, k, st.factor[b], kb, f, k)
            p += kb * k
    q, o = st.root, st.start[st.nodes]
    if q == st.blocks - st.nodes:
        for i in range(nb.uint64(q)):
            at = nb.uint64(o) + i * nb.uint64(q)
            for m in range(i + nb.uint64(1)):
                V[at + m] = others[i] * S[at + m] * others[m]
            V[at + i] += 1.0
        _relate(st, V)
        return
    for a in range(st.nodes, st.blocks):
        ka, ra = st.size[a], st.column[a] - st.first_root
        for b in range(st.nodes, a + 1):
            kb, rb = st.size[b], st.column[b] - st.first_root
            at, f, h = o + ra * q + rb, st.factor[a], st.factor[b]
            if ka == 1 and kb == 1:
                V[at] = S[at] * F[f, 0, 0] * F[h, 0, 0]
            else:
                _congruence(F, S, V, at, q, f, ka, h, kb)
        for i in range(ka):
            V[o + (ra + i) * q + ra + i] += 1.0
    _relate(st, V)


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _relate(st, V):
    for i in range(st.related.shape[0]):
        V[st.related[i]] += st.relation[i]


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def prior_norm(st, x, Kx):
    """xᵀK⁻¹x, and Kx ← K⁻¹x, K⁻¹ the prior precision of w."""
    total = 0.0
    Kx[:] = x
    for i in range(st.related.shape[0]):
        value, r, c = st.relation[i], st.high[i], st.low[i]
        Kx[r] += value * x[c]
        if r != c:
            Kx[c] += value * x[r]
    for i in range(x.shape[0]):
        total += x[i] * Kx[i]
    return total


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def back_scale(F, st, S, bar, F_bar):
    """F_bar += the derivative by M, given that (``bar``, lower triangle) by MᵀSM."""
    d, d_bar = _single(F, st), np.zeros(st.columns)
    others, others_bar = d[st.first_root :], d_bar[st.first_root :]
    for n in range(st.nodes):
        k, o, f, c = st.size[n], st.start[n], st.factor[n], st.column[n]
        if k == 1 and st.rows[n + 1] - st.rows[n] == st.partners[n + 1] - st.partners[n]:  # all of one column
            at, own, first = nb.uint64(o + 1), d[c], nb.uint64(st.rows[n])
            total = 2.0 * bar[o] * S[o] * own
            if n >= st.dense:
                for r in range(nb.uint64(st.root)):
                    s = bar[at + r] * S[at + r]
                    others_bar[r] += s * own
                    total += s * others[r]
            else:
                for r in range(nb.uint64(st.rows[n + 1]) - first):
                    s, to = bar[at + r] * S[at + r], nb.uint64(st.coupled[first + r])
                    d_bar[to] += s * own
                    total += s * d[to]
            d_bar[c] += total
            continue
        for i in range(k):
            for m in range(i + 1, k):
                bar[o + i * k + m] = 0.0
        if k == 1:
            F_bar[f, 0, 0] += 2.0 * bar[o] * S[o] * F[f, 0, 0]
        else:
            _congruence_back(F, F_bar, S, bar, o, k, f, k, f, k)
        p = o + k * k
        for j in range(st.partners[n], st.partners[n + 1]):
            b = st.partner[j]
            kb = st.size[b]
            _congruence_back(F, F_bar, S, bar, p, k, st.factor[b], kb, f, k)
            p += kb * k
    if st.root == st.blocks - st.nodes:
        _back_root(st, S, bar, d, d_bar)
    else:
        _back_root_of_blocks(F, st, S, bar, F_bar)
    for b in range(st.blocks):
        if st.size[b] == 1:
            F_bar[st.factor[b], 0, 0] += d_bar[st.column[b]]


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def _back_root(st, S, bar, d, d_bar):
    """The same for a root of blocks of one column."""
    q, start = nb.uint64(st.root), nb.uint64(st.start[st.nodes])
    others, others_bar = d[st.first_root :], d_bar[st.first_root :]
    for i in range(q):
        at, total = start + i * q, 0.0
        for m in range(i + nb.uint64(1)):
            s = bar[at + m] * S[at + m]
            others_bar[m] += s * others[i]
            total += s * others[m]
        others_bar[i] += total


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def _back_root_of_blocks(F, st, S, bar, F_bar):
    """The same for a root of any blocks."""
    q, o = st.root, st.start[st.nodes]
    for a in range(st.nodes, st.blocks):
        ka, ra, f = st.size[a], st.column[a] - st.first_root, st.factor[a]
        for i in range(ka):
            for m in range(i + 1, ka):
                bar[o + (ra + i) * q + ra + m] = 0.0
        for b in range(st.nodes, a + 1):
            kb, rb = st.size[b], st.column[b] - st.first_root
            at, h = o + ra * q + rb, st.factor[b]
            if ka == 1 and kb == 1:
                s = bar[at] * S[at]
                F_bar[h, 0, 0] += s * F[f, 0, 0]
                F_bar[f, 0, 0] += s * F[h, 0, 0]
            else:
                _congruence_back(F, F_bar, S, bar, at, q, f, ka, h, kb)


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER)
def _outward(F, bar, S_bar, o, stride, left, kl, right, kr):
    """S_bar block ← F[left] bar F[right]ᵀ, what :func:`_congruence` means for S."""
    for m in range(kl):
        for d in range(kr):
            value = 0.0
            for a in range(m + 1):
                inner = 0.0
                for c in range(d + 1):
                    inner += bar[o + a * stride + c] * F[right, d, c]
                value += F[left, m, a] * inner
            S_bar[o + m * stride + d] = value


@nb.njit(cache=True, nogil=True, error_model="numpy")
def unscale(F, st, bar, S_bar):
    """S_bar ← the derivative by S, given that by MᵀSM as :func:`back_scale` leaves it; zero where S is not read."""
    S_bar[:] = 0.0
    for n in range(st.nodes):
        k, o, f = st.size[n], st.start[n], st.factor[n]
        _outward(F, bar, S_bar, o, k, f, k, f, k)
        p = o + k * k
        for j in range(st.partners[n], st.partners[n + 1]):
            b = st.partner[j]
            _outward(F, bar, S_bar, p, k, st.factor[b], st.size[b], f, k)
            p += st.size[b] * k
    q, o = st.root, st.start[st.nodes]
    for a in range(st.nodes, st.blocks):
        ra = st.column[a] - st.first_root
        for b in range(st.nodes, a + 1):
            at = o + ra * q + st.column[b] - st.first_root
            _outward(F, bar, S_bar, at, q, st.factor[a], st.size[a], st.factor[b], st.size[b])
