"""Correlated errors of independent ones: e = L z, block by block, for every draw of the coefficients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor.graph.replace import vectorize_graph

from hierlm.correlations import values_of
from hierlm.graph.correlated import factor
from hierlm.graph.evaluate import PYTHON
from hierlm.model.residual_blocks import Batch, batches, chain
from hierlm.model.residuals import ResidualCorrelation

__all__ = ["CHUNK", "Colouring", "per_draw"]

Floats = NDArray[np.float64]

CHUNK = 4_000_000
"""Numbers of matrices that are worked on at once, 32 MB."""


class Colouring:
    """L z for many draws.

    Parameters
    ----------
    residual : ResidualCorrelation
    """

    def __init__(self, residual: ResidualCorrelation) -> None:
        self.residual = residual

    def __call__(self, rescor: Floats, z: Floats) -> Floats:
        """E, (S, n).

        Parameters
        ----------
        rescor : (S, k) array
        z : (S, n) array
            Independent, with variance one.
        """
        return self._chained(rescor, z) if self.residual.correlation.markov else self._batched(rescor, z)

    @cached_property
    def _steps(self) -> Callable[[Floats], list[Floats]]:
        residual, own = self.residual, chain(self.residual)
        return per_draw(residual, lambda values: residual.correlation.step(values, own.gaps))

    @cached_property
    def _factors(self) -> list[tuple[Batch, Callable[[Floats], list[Floats]]]]:
        residual = self.residual
        return [
            (b, per_draw(residual, lambda values, b=b: factor(residual.correlation, values, b)))
            for b in batches(residual)
        ]

    def _chained(self, rescor: Floats, z: Floats) -> Floats:
        """e_t = a e_{t−1} + √v z_t, from the front of all blocks to their ends."""
        own, e = chain(self.residual), z.copy()
        if not len(own.later):
            return e
        for at in _slices(len(z), 2 * len(own.gaps)):
            a, v = self._steps(rescor[at])
            for depth in range(1, int(own.depth.max()) + 1):
                now = np.flatnonzero(own.depth == depth)
                before, later = own.before[now], own.later[now]
                e[at, later] = a[:, now] * e[at, before] + np.sqrt(v[:, now]) * z[at, later]
        return e

    def _batched(self, rescor: Floats, z: Floats) -> Floats:
        e = z.copy()
        for batch, factors in self._factors:
            B, M = batch.rows.shape
            filled = batch.rows >= 0
            rows = np.where(filled, batch.rows, 0)
            for at in _slices(len(z), len(batch.positions) * M * M + B * M):
                (L,) = factors(rescor[at])
                L = L.reshape(len(L), len(batch.positions), M, M)
                own = np.where(filled, z[at][:, rows], 0.0)
                made = np.empty_like(own)
                for p in range(len(batch.positions)):
                    mine = batch.pattern == p
                    made[:, mine] = own[:, mine] @ L[:, p].swapaxes(-1, -2)
                e[at, batch.rows[filled]] = made[:, filled]
        return e


def per_draw(residual: ResidualCorrelation, question: Callable[..., Any]) -> Callable[[Floats], list[Floats]]:
    """What a function of the coefficients' values gives at each of many draws (S, k), as arrays (S, …)."""
    one = pt.tensor("rescor", dtype="float64", shape=(len(residual.coefficients),))
    many = pt.tensor("draws", dtype="float64", shape=(None, len(residual.coefficients)))
    found = question(values_of(residual.coefficients, one))
    answers = [pt.as_tensor(a) for a in (found if isinstance(found, tuple) else (found,))]
    batched: Any = vectorize_graph(answers, {one: many})
    function = pytensor.function([many], batched, mode=PYTHON, on_unused_input="ignore")

    def call(draws: Floats) -> list[Floats]:
        values = function(np.ascontiguousarray(draws))
        return [
            np.broadcast_to(v, (len(draws), *np.shape(v)[np.ndim(v) - a.ndim :]))
            for v, a in zip(values, answers, strict=True)
        ]

    return call


def _slices(draws: int, width: int) -> Iterator[slice]:
    step = max(1, CHUNK // max(width, 1))
    return (slice(start, min(start + step, draws)) for start in range(0, draws, step))
