"""Blocks of correlated errors at draws of their coefficients: independent errors, and each error given others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hierlm.graph.colouring import CHUNK, Colouring, per_draw
from hierlm.graph.correlated import factor
from hierlm.model.residual_blocks import Batch, batches, chain, joined, rows_of
from hierlm.model.residuals import ResidualCorrelation
from hierlm.posterior.whitening import numbers, solved, whitener

__all__ = ["BlockDraws", "Given"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Given = tuple[Floats, Floats]
"""Mean and standard deviation of every error (S, n), given others."""


class BlockDraws:
    """The correlated errors of some rows, at S draws of the coefficients.

    Parameters
    ----------
    residual : ResidualCorrelation
    rescor : (S, k) array
    """

    def __init__(self, residual: ResidualCorrelation, rescor: Floats) -> None:
        self.residual, self.rescor = residual, rescor

    def colour(self, z: Floats) -> Floats:
        """L z, (S, n), of independent z."""
        return Colouring(self.residual)(self.rescor, z)

    def whiten(self, e: Floats) -> tuple[Floats, Floats]:
        """z = L⁻¹ e and log L_ii, (S, n) each: every error given those before it in its block."""
        z, logs = np.empty(e.shape), np.empty(e.shape)
        at_draws = whitener(self.residual)
        for at in _slices(len(self.rescor), numbers(self.residual)):
            own = at_draws(self.rescor[at])
            z[at], logs[at] = own(e[at]), own.logs
        return z, logs

    def leave_one_out(self, e: Floats) -> Given:
        """Every error given all others of its block: e_i − g_i/K_ii and 1/√K_ii, g = K e, K = R⁻¹.

        Source: Bürkner, Gabry & Vehtari (2021), Computational Statistics 36:1243–1261.
        """
        g, k = e.copy(), np.ones(e.shape)
        if self.residual.correlation.markov:
            own = chain(self.residual)
            for at, (a, v) in self._steps():
                z = (e[at][:, own.later] - a * e[at][:, own.before]) / v
                g[at, own.later], k[at, own.later] = z, 1 / v
                g[at, own.before] -= a * z
                k[at, own.before] += a**2 / v
            return e - g / k, 1 / np.sqrt(k)
        for batch in batches(self.residual):
            filled = batch.rows >= 0
            for at, L in self._factors(batch):
                inverse = np.linalg.inv(L)
                K = inverse.swapaxes(-1, -2) @ inverse
                eb = np.where(filled, e[at][:, np.where(filled, batch.rows, 0)], 0.0)
                for p in range(len(batch.positions)):
                    mine = np.flatnonzero(batch.pattern == p)
                    rows, inside = batch.rows[mine], filled[mine]
                    g[at, rows[inside]] = (eb[:, mine] @ K[:, p])[:, inside]
                    diagonal = np.diagonal(K[:, p], axis1=1, axis2=2)[:, None, :]
                    k[at, rows[inside]] = np.broadcast_to(diagonal, eb[:, mine].shape)[:, inside]
        return e - g / k, 1 / np.sqrt(k)

    def given(self, e: Floats, new: ResidualCorrelation, z: Floats) -> tuple[Floats, Floats, Floats]:
        """Errors of new rows given those of these rows: mean, standard deviation, and L z, which is drawn around them.

        Parameters
        ----------
        e : (S, n) array
            Of these rows.
        new : ResidualCorrelation
            Rows of the same blocks, or of others.
        z : (S, m) array
            Independent, with variance one.

        Returns
        -------
        three (S, m) arrays
        """
        mean, sd, drawn = np.zeros(z.shape), np.ones(z.shape), z.copy()
        kept = self._neighbours(new)
        both = joined(rows_of(self.residual, kept), new)
        n = len(kept)
        last = np.arange(n + z.shape[1]) >= n
        everything = np.concatenate([e[:, kept], z], axis=1)
        union = BlockDraws(both, self.rescor)
        for batch in batches(both, last):
            filled = batch.rows >= 0
            fresh = filled & (batch.rows >= n)
            for at, L in union._factors(batch):
                own = np.where(filled, everything[at][:, np.where(filled, batch.rows, 0)], 0.0)
                known = np.where(fresh, 0.0, solved(L, batch, np.where(last, 0.0, everything[at])))
                noise = np.where(fresh, own, 0.0)
                for p in range(len(batch.positions)):
                    mine = np.flatnonzero(batch.pattern == p)
                    to, inside, lower = batch.rows[mine], fresh[mine], L[:, p].swapaxes(-1, -2)
                    where = to[inside] - n
                    mean[at, where] = (known[:, mine] @ lower)[:, inside]
                    drawn[at, where] = (noise[:, mine] @ lower)[:, inside]
                    sd[at, where] = np.sqrt(inside.astype(float) @ L[:, p].swapaxes(-1, -2) ** 2)[:, inside]
        return mean, sd, drawn

    def _neighbours(self, new: ResidualCorrelation) -> Ints:
        """The rows that new ones depend on: those of their blocks; in a chain the nearest before and after."""
        inside = np.flatnonzero(np.isin(self.residual.codes, new.codes))
        if not self.residual.correlation.markov:
            return inside
        both = joined(rows_of(self.residual, inside), new)
        own = chain(both)
        fresh = np.arange(len(both.codes)) >= len(inside)
        beside = np.concatenate([own.before[fresh[own.later]], own.later[fresh[own.before]]])
        return inside[np.unique(beside[beside < len(inside)])]

    def _steps(self) -> Iterator[tuple[slice, tuple[Floats, Floats]]]:
        """(draws, (a, v)) of a chain, some draws at a time."""
        own, residual = chain(self.residual), self.residual
        if len(own.later):
            question = per_draw(residual, lambda values: residual.correlation.step(values, own.gaps))
            for at in _slices(len(self.rescor), 4 * len(residual.codes)):
                a, v = question(self.rescor[at])
                yield at, (a, v)

    def _factors(self, batch: Batch) -> Iterator[tuple[slice, Floats]]:
        """(draws, L (draws, P, M, M)) of a batch, some draws at a time."""
        residual = self.residual
        P, M = batch.filled.shape
        question = per_draw(residual, lambda values: factor(residual.correlation, values, batch))
        for at in _slices(len(self.rescor), P * M * M + 4 * batch.rows.size):
            (L,) = question(self.rescor[at])
            yield at, L.reshape(len(L), P, M, M)


def _slices(draws: int, width: int) -> Iterator[slice]:
    step = max(1, CHUNK // max(width, 1))
    return (slice(start, min(start + step, draws)) for start in range(0, draws, step))
