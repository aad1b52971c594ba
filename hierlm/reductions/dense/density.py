"""The marginal density of a normal response with any covariance of few parameters, by dense algebra set by set.

y = m + W u + e, e ~ N(0, V(θ)) with V block diagonal over sets of rows that depend on each other, u ~ N(0, D(θ)²) the
deviations of coefficients from their prior means and the penalised parts of smooths, which all sets share.  With
A = Σ WᵀV⁻¹W and c = Σ WᵀV⁻¹(y − m) over the sets, and B = I + D A D = L Lᵀ,

    log p(y | θ) = −½ (N log 2π + Σ log|V| + 2 Σ log L_ii + Σ (y − m)ᵀV⁻¹(y − m) − |L⁻¹Dc|²).

V comes from the expressions that the graph is made of (:mod:`hierlm.graph.moments`), so that no structure has a second
form.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.model import Model
from hierlm.reductions.dense.algebra import choleskys, solved
from hierlm.reductions.dense.batches import Batch, batches
from hierlm.reductions.dense.expressions import Expressions
from hierlm.reductions.dense.shared import shared
from hierlm.reductions.threads import one_thread

__all__ = ["LARGE", "DenseDensity", "Sums"]

Floats = NDArray[np.float64]

LOG_2PI = math.log(2.0 * math.pi)
CHUNK = 4_000_000
"""Numbers of matrices that are worked on at once, 32 MB."""

LARGE = 100
"""Rows of a matrix from which on LAPACK is called for each; smaller ones are inverted many at a time."""

STEP = 1e-4
"""Of the differences that make a gradient, in coordinates of about unit scale."""


@dataclass(frozen=True, eq=False)
class Sums:
    """Over all sets of rows, at some θ.

    Parameters
    ----------
    A (S, q, q), c (S, q), square (S,), log_determinant (S,)
        WᵀV⁻¹W, WᵀV⁻¹r, rᵀV⁻¹r and log|V|; NaN where a matrix is not positive definite.
    """

    A: Floats
    c: Floats
    square: Floats
    log_determinant: Floats


class DenseDensity:
    """log p(y, ζ) at many ζ, with all constants; ζ = (ξ − centre) axes⁻ᵀ, ξ the graph's coordinates of θ.

    Parameters
    ----------
    model : Model
        Whose response is normal given θ, with coefficients that are normal a priori.
    """

    def __init__(self, model: Model) -> None:
        self.model, self.shared, self.expressions = model, shared(model), Expressions(model)
        self.batches = batches(model, self.expressions)
        self.dimension = len(self.expressions.start)
        self.centre, self.axes = self.expressions.start, np.eye(self.dimension)

    def recentred(self, mode: Floats, axes: Floats) -> DenseDensity:
        """The same density in coordinates around a mode: ξ = centre + axes ζ."""
        found = copy(self)
        found.centre, found.axes = self.coordinates(mode[None])[0], self.axes @ axes
        return found

    @property
    def chunk(self) -> int:
        """How many ζ are worked on at once."""
        return max(1, CHUNK // max(1, sum(len(b.first) * b.size**2 + b.sets.rows.size for b in self.batches)))

    @property
    def work(self) -> float:
        """Multiplications of the factorisations at one ζ."""
        return float(sum(len(b.first) * b.size**3 / 3 for b in self.batches))

    def coordinates(self, zetas: Floats) -> Floats:
        """Those of the graph."""
        return np.asarray(self.centre + zetas @ self.axes.T)

    def __call__(self, zeta: Floats, data: Floats, gradient: Floats) -> float:
        """The value at one ζ, the gradient by differences in place unless its array is empty; ``data`` is no matter."""
        zeta = np.asarray(zeta, dtype=np.float64)
        if not len(gradient):
            return float(self.values(zeta[None])[0])
        steps = STEP * np.eye(self.dimension)
        found = self.values(np.vstack([zeta, zeta + steps, zeta - steps]))
        gradient[:] = (found[1 : self.dimension + 1] - found[self.dimension + 1 :]) / (2.0 * STEP)
        return float(found[0]) if np.isfinite(gradient).all() else -np.inf

    def values(self, zetas: Floats, data: Floats | None = None, cores: int = 1) -> Floats:
        """Log p(y | θ) + log p(θ) + log |∂θ/∂ζ| at ζ (S, d), (S,); −∞ where it cannot be computed."""
        slices = [slice(i, i + self.chunk) for i in range(0, len(zetas), self.chunk)]
        with one_thread():
            return np.concatenate([np.zeros(0), *(self._some(self.coordinates(zetas[at]), cores) for at in slices)])

    def _some(self, at: Floats, cores: int) -> Floats:
        with np.errstate(all="ignore"):
            prior, values = self.expressions.parameters(at)
            found = self.sums(at, cores)
            D = self.scales(values, len(at))
            L = choleskys(np.eye(D.shape[1]) + D[:, :, None] * found.A * D[:, None, :])
            z = np.linalg.solve(L, (D * found.c)[..., None])[..., 0]
            n = len(self.shared.residue)
            total = prior + self.shared.log_slope - 0.5 * (n * LOG_2PI + found.log_determinant + found.square)
            total = total - np.log(np.diagonal(L, axis1=1, axis2=2)).sum(axis=1) + 0.5 * (z * z).sum(axis=1)
            total = total + np.linalg.slogdet(self.axes)[1]
        return np.where(np.isfinite(total), total, -np.inf)

    def scales(self, values: dict[str, Floats], size: int) -> Floats:
        """D, (S, q)."""
        found = np.broadcast_to(self.shared.sds, (size, len(self.shared.sds))).copy()
        for i, block in enumerate(self.model.smooths):
            found[:, self.shared.smooth == i] = values[names.sd(block.group)].reshape(size, 1)
        return found

    def sums(self, at: Floats, cores: int = 1) -> Sums:
        """Over all sets, at the graph's coordinates (S, d)."""
        q = self.shared.W.shape[1]
        total, determinant = np.zeros((len(at), q + 1, q + 1)), np.zeros(len(at))
        both = np.column_stack([self.shared.W, self.shared.residue])
        for batch in self.batches:
            columns, V = batch.of_rows(both), batch.covariances(at)
            one = _each if batch.size >= LARGE else _together
            for some, K, log_determinant in one(batch, columns, V, cores):
                total[some] += K
                determinant[some] += log_determinant
        return Sums(total[:, :q, :q], total[:, :q, q], total[:, q, q], determinant)


Parts = Iterator[tuple[slice, Floats, Floats]]


def _each(batch: Batch, columns: Floats, V: Floats, cores: int) -> Parts:
    """(CᵀV⁻¹C, log|V|) summed over the sets of a batch with columns C (sets, m, q), one ζ after the other."""

    def one(s: int) -> tuple[slice, Floats, Floats]:
        L, K = choleskys(V[s]), np.zeros((columns.shape[2], columns.shape[2]))
        for p in range(len(L)):
            white = solved(L[p], columns[batch.pattern == p])
            K += np.tensordot(white, white, axes=((0, 1), (0, 1)))
        return slice(s, s + 1), K[None], _log_determinant(L[None], batch)

    with ThreadPoolExecutor(cores) as pool:
        yield from pool.map(one, range(len(V)))


def _together(batch: Batch, columns: Floats, V: Floats, cores: int) -> Parts:
    """The same for all ζ at once."""
    L = choleskys(V)
    inverse, K = np.linalg.inv(L), np.zeros((len(V), columns.shape[2], columns.shape[2]))
    for p in range(V.shape[1]):
        own = columns[batch.pattern == p]
        white = inverse[:, p] @ own.transpose(1, 0, 2).reshape(own.shape[1], -1)  # (S, m, sets × q)
        white = white.reshape(len(V), -1, own.shape[2])
        K += white.swapaxes(1, 2) @ white
    yield slice(0, len(V)), K, _log_determinant(L, batch)


def _log_determinant(L: Floats, batch: Batch) -> Floats:
    return np.asarray(2.0 * np.log(np.diagonal(L, axis1=2, axis2=3)).sum(axis=2) @ batch.counts)
