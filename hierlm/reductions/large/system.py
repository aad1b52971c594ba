"""The normal equations of a large design, its largest grouping apart from the rest.

Given θ, u = Λw with w ~ N(0, I) has precision B = I + ΦᵀSΦ in w, Φ = Λ/σ, S = WᵀΩW.  The levels of the largest
grouping (s) are uncoupled with each other, so that with G = (Φ_s⁻ᵀΦ_s⁻¹ + S_ss)⁻¹, block by block, what is left of the
rest (L) is

    C = I + Φ_Lᵀ M Φ_L,    M = S_LL − S_Ls G S_sL.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import cho_solve, cholesky, solve_triangular

from hierlm.kernels.sparse import sparse_times
from hierlm.model import Model
from hierlm.reductions.arrangement import Arrangement
from hierlm.reductions.large.blocks import prior_times, products
from hierlm.reductions.statistics import sparse_statistics

__all__ = ["Reference", "System", "make_reference", "make_system", "times"]

Floats = NDArray[np.float64]
FEW = 200
"""Columns beside those of the largest groupings that are eliminated exactly for every draw."""

TINY = 1e-9
"""What bounds are wider by, so that rounding makes no difference negative."""


@dataclass(frozen=True, eq=False)
class System:
    """S and r = WᵀΩy in parts.

    Parameters
    ----------
    own : (k, k, J, 1) array
        S_ss of every level.
    across, along : sparse arrays
        S_Ls and S_sL.
    rest : sparse array
        S_LL.
    r : (columns,) array
    parts : tuple of slice
        The columns of every other grouping, and of each coefficient, among those of the rest.
    sizes : tuple of int
        Effects of a level of each of them.
    """

    own: Floats
    across: sparse.csr_array
    along: sparse.csr_array
    rest: sparse.csr_array
    r: Floats
    parts: tuple[slice, ...]
    sizes: tuple[int, ...]

    @property
    def first(self) -> int:
        """Columns of the largest grouping."""
        return int(self.along.shape[0])

    def factors(self, F: Floats, sigma: Floats) -> tuple[Floats, list[tuple[slice, Floats]]]:
        """Φ of the largest grouping, (k, k, 1, m), and of each part of the rest.

        Parameters
        ----------
        F : (m, G + p, K, K) array
            Λ of a level of every grouping, then of each coefficient.
        sigma : (m,) array
        """
        phi = np.moveaxis(F / sigma[:, None, None, None], 0, -1)[:, :, :, None, :]
        k = len(self.own)
        rest = [(s, phi[1 + i, :n, :n]) for i, (s, n) in enumerate(zip(self.parts, self.sizes, strict=True))]
        return phi[0, :k, :k], rest


def times(A: sparse.csr_array, X: Floats) -> Floats:
    """A X; the lock of Python is let go of."""
    out = np.empty((A.shape[0], X.shape[1]))
    sparse_times(A.indptr, A.indices, A.data, np.ascontiguousarray(X), out)
    return out


def make_system(model: Model, place: Arrangement) -> System:
    """One pass over the rows."""
    S, r, _ = sparse_statistics(model, place)
    k, first = place.sizes[0], place.levels[0] * place.sizes[0]
    ends = [*(start - first for start in place.starts[1:]), place.columns - len(place.free) - first]
    parts = [slice(b, e) for b, e in pairwise(ends)] + [slice(j, j + 1) for j in range(ends[-1], place.columns - first)]
    own, at = np.zeros((k, k, place.levels[0], 1)), sparse.coo_array(S[:first, :first])
    own[at.row % k, at.col % k, at.row // k, 0] = at.data
    return System(
        own=own,
        across=sparse.csr_array(S[first:, :first]),
        along=sparse.csr_array(S[:first, first:]),
        rest=sparse.csr_array(S[first:, first:]),
        r=r,
        parts=tuple(parts),
        sizes=(*place.sizes[1:], *(1 for _ in place.free)),
    )


@dataclass(frozen=True, eq=False)
class Reference:
    """Factors Φ₀ whose Φ₀Φ₀ᵀ is at least the ΦΦᵀ of all draws, and what follows from them.

    The rest is in two parts, its first grouping (a) and everything else (e), where that has few columns.

    Parameters
    ----------
    G : (k, k, J, 1) array
    inverses : list of (slice, (k, k, 1, 1) array)
        (Φ₀Φ₀ᵀ)⁻¹ of each part of the rest.
    root : (rest, rest) array
        Φ₀⁻ᵀL₀ with L₀L₀ᵀ = C₀.
    inverse : (a, a) array
        C₀,aa⁻¹.
    coupling : (a, e) array
        C₀,aa⁻¹C₀,ae Φ₀,e⁻¹.
    left : (e, e) array
        What a leaves of M₀,ee: its inverse is the covariance of e without a prior.
    diagonal, information : (a,) arrays
        Of C₀, and of M₀.
    """

    G: Floats
    inverses: list[tuple[slice, Floats]]
    root: Floats
    inverse: Floats
    coupling: Floats
    left: Floats
    diagonal: Floats
    information: Floats

    @property
    def large(self) -> int:
        """Columns of a."""
        return len(self.inverse)


def make_reference(system: System, phi: Floats, rest: list[tuple[slice, Floats]]) -> Reference:
    """From the factors of all draws."""
    own, bounds = _bound(phi), [(some, _bound(each)) for some, each in rest]
    _, G = products(system.own, own)
    q, k = system.along.shape[1], len(own)
    J = system.own.shape[2]
    blocks = sparse.bsr_array(
        (np.moveaxis(np.broadcast_to(G, (k, k, J, 1))[..., 0], 2, 0).copy(), np.arange(J), np.arange(J + 1)),
        shape=(J * k, J * k),
    )
    M = (system.rest - system.across @ blocks @ system.along).toarray()
    root = prior_times(bounds, np.eye(q))  # Φ₀
    C = np.eye(q) + root.T @ M @ root
    L = cholesky(C, lower=True, check_finite=False)
    a = system.parts[0].stop if q - system.parts[0].stop <= FEW else q
    inner, beyond = L[:a, :a], np.linalg.inv(root[a:, a:])
    return Reference(
        G=G,
        inverses=[(some, _inverse(each)) for some, each in bounds],
        root=solve_triangular(root, L, lower=True, trans="T", check_finite=False),
        inverse=cho_solve((inner, True), np.eye(a), check_finite=False),
        coupling=solve_triangular(inner, L[a:, :a].T, lower=True, trans="T", check_finite=False) @ beyond,
        left=beyond.T @ (L[a:, a:] @ L[a:, a:].T - np.eye(q - a)) @ beyond,
        diagonal=np.diag(C)[:a].copy(),
        information=np.maximum(np.diag(M)[:a], 0.0),
    )


def _bound(phi: Floats) -> Floats:
    """Φ₀ (k, k, 1, 1), lower triangular, with Φ₀Φ₀ᵀ − ΦΦᵀ not negative for any of the draws."""
    each = np.moveaxis(phi[:, :, 0], -1, 0)
    V = each @ each.transpose(0, 2, 1)
    mean = V.mean(axis=0)
    mean[np.diag_indices(len(mean))] += np.where(np.diag(mean) > 0.0, TINY * np.diag(mean), 1.0)
    L = np.linalg.cholesky(mean)
    half = np.linalg.solve(L, each)
    largest = np.linalg.norm(half, ord=2, axis=(1, 2)).max() ** 2 if len(each) else 1.0
    return np.asarray(L * np.sqrt(max(largest, 1.0) * (1.0 + TINY)))[:, :, None, None]


def _inverse(phi: Floats) -> Floats:
    inverse = np.linalg.inv(phi[:, :, 0, 0])
    return np.asarray(inverse.T @ inverse)[:, :, None, None]
