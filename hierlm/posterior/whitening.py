"""L⁻¹ of correlated blocks at draws of their coefficients, kept for many vectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from hierlm.graph.colouring import per_draw
from hierlm.graph.correlated import factor
from hierlm.model.residual_blocks import Batch, Chain, batches, chain
from hierlm.model.residuals import ResidualCorrelation

__all__ = ["Whitening", "numbers", "solved", "stepped", "whitener"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def stepped(x: Floats, own: Chain, a: Floats, v: Floats) -> Floats:
    """(x_t − a x_{t−1})/√v of every row but the first of its block, (S, later rows, …)."""
    shape = (*a.shape, *(1,) * (x.ndim - 2))
    return np.asarray((x[:, own.later] - a.reshape(shape) * x[:, own.before]) / np.sqrt(v.reshape(shape)))


def solved(L: Floats, batch: Batch, x: Floats, *, transposed: bool = False) -> Floats:
    """L⁻¹ x of every block, or L⁻ᵀ x; zero where a block has no more rows.

    Parameters
    ----------
    L : (S, patterns, M, M) array
    x : (S, n, …) array
        Of all rows.

    Returns
    -------
    (S, blocks, M, …) array
    """
    filled = batch.rows >= 0
    own = x[:, np.where(filled, batch.rows, 0)]
    own = np.where(filled.reshape(*filled.shape, *(1,) * (x.ndim - 2)), own, 0.0)
    S, _, M = own.shape[:3]
    z = np.empty(own.shape)
    for p in range(L.shape[1]):
        mine = np.flatnonzero(batch.pattern == p)
        factor_of = L[:, p].swapaxes(-1, -2) if transposed else L[:, p]
        columns = np.moveaxis(own[:, mine], 2, 1)
        found = np.linalg.solve(factor_of, columns.reshape(S, M, -1)).reshape(columns.shape)
        z[:, mine] = np.moveaxis(found, 1, 2)
    return z


@final
@dataclass(frozen=True, eq=False)
class Whitening:
    """L⁻¹ x and L⁻ᵀ x, L Lᵀ = R of all rows, at S draws.

    Parameters
    ----------
    steps : (chain, a, v) or None
        Of Markov residuals: x_t given x_{t−1}, (S, later rows) each.
    factors : tuple of (batch, L)
        Of others, L (S, patterns, M, M).
    logs : (S, n) array
        log L_ii.
    """

    steps: tuple[Chain, Floats, Floats] | None
    factors: tuple[tuple[Batch, Floats], ...]
    logs: Floats

    def __call__(self, x: Floats) -> Floats:
        """L⁻¹ x, (S, n, …): every row given those before it in its block, with variance one."""
        z = x.copy()
        if self.steps is not None:
            own, a, v = self.steps
            z[:, own.later] = stepped(x, own, a, v)
        for batch, L in self.factors:
            filled = batch.rows >= 0
            z[:, batch.rows[filled]] = solved(L, batch, x)[:, filled]
        return z

    def transposed(self, z: Floats) -> Floats:
        """L⁻ᵀ z, (S, n): of L⁻¹ x it is R⁻¹ x."""
        x = z.copy()
        if self.steps is not None:
            own, a, v = self.steps
            scaled = z[:, own.later] / np.sqrt(v)
            x[:, own.later] = scaled
            x[:, own.before] -= a * scaled  # no row has two after it
        for batch, L in self.factors:
            filled = batch.rows >= 0
            x[:, batch.rows[filled]] = solved(L, batch, z, transposed=True)[:, filled]
        return x


def whitener(residual: ResidualCorrelation) -> Callable[[Floats], Whitening]:
    """What gives L⁻¹ of the rows of ``residual`` at draws of its coefficients, (S, k)."""
    n = len(residual.codes)
    if residual.correlation.markov:
        own = chain(residual)
        steps = (
            per_draw(residual, lambda values: residual.correlation.step(values, own.gaps)) if len(own.later) else None
        )

        def chained(rescor: Floats) -> Whitening:
            logs = np.zeros((len(rescor), n))
            if steps is None:
                return Whitening(None, (), logs)
            a, v = steps(rescor)
            logs[:, own.later] = 0.5 * np.log(v)
            return Whitening((own, a, v), (), logs)

        return chained
    questions = [
        (b, per_draw(residual, lambda values, b=b: factor(residual.correlation, values, b))) for b in batches(residual)
    ]

    def batched(rescor: Floats) -> Whitening:
        logs, factors = np.zeros((len(rescor), n)), []
        for batch, question in questions:
            (P, M), filled = batch.filled.shape, batch.rows >= 0
            L = question(rescor)[0].reshape(len(rescor), P, M, M)
            logs[:, batch.rows[filled]] = np.log(np.diagonal(L, axis1=2, axis2=3))[:, batch.pattern][:, filled]
            factors.append((batch, L))
        return Whitening(None, tuple(factors), logs)

    return batched


def numbers(residual: ResidualCorrelation) -> int:
    """How many numbers a :class:`Whitening` holds of one draw."""
    own = () if residual.correlation.markov else batches(residual)
    return 4 * len(residual.codes) + sum(len(b.positions) * b.rows.shape[1] ** 2 for b in own)
