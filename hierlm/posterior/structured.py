"""V of one level's effects, draw by draw, for structures with coefficients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor.graph.replace import vectorize_graph

from hierlm import names
from hierlm.covariances.covariance import Covariance
from hierlm.graph.coefficients import values_of
from hierlm.graph.evaluate import PYTHON
from hierlm.model.coefficients import coefficient_rows
from hierlm.model.values import sd_rows

if TYPE_CHECKING:
    from hierlm.model import Model
    from hierlm.model.values import GroupBlock
    from hierlm.posterior.linear import Draws

__all__ = ["CHUNK", "StructuredDraws", "sd_draws"]

Floats = NDArray[np.float64]

CHUNK = 4_000_000
"""Numbers of a matrix of effects that are worked on at once, 32 MB."""


def sd_draws(draws: Draws, block: GroupBlock, blocks: Sequence[GroupBlock]) -> Floats:
    """Standard deviations of a block's effects, (S, k); 1 where they have none of their own."""
    sds = np.ones((draws.size, len(block.effects)))
    rows = sd_rows(blocks)
    if not block.scales:
        return sds
    whole = len(rows) == sum(len(b.effects) for b in blocks)
    dim = names.effect_dim(block.group) if whole else names.sd_dim(block.group)
    found = draws.labelled(names.sd(block.group), **{dim: [label for label, _ in block.scales]})
    for i, (_, own) in enumerate(block.scales):
        sds[:, own] = found[:, i, None]
    return sds


class StructuredDraws:
    """Coefficients and standard deviations of one block with a structure of its own, draw by draw.

    Parameters
    ----------
    model : Model
    draws : Draws
    block : GroupBlock
    """

    def __init__(self, model: Model, draws: Draws, block: GroupBlock) -> None:
        blocks = model.groups[block.group]
        self.block = next(b for b in blocks if b.effects == block.effects)  # as fitted, with its setting
        self.k = len(block.effects)
        self.size = draws.size
        self._sds = sd_draws(draws, self.block, blocks)
        variables: dict[str, Floats] = {}
        for row in coefficient_rows(blocks):
            labels = [r.label for r in coefficient_rows(blocks) if r.variable == row.variable]
            wanted = {} if row.label is None else {names.row_dim(row.variable): [str(v) for v in labels]}
            variables[row.variable] = draws.labelled(row.variable, **wanted)
        self._values = values_of(blocks, variables)[blocks.index(self.block)]

    def roots(self) -> Iterator[tuple[slice, Floats]]:
        """(draws, L (draws, k, m)) with L Lᵀ = V, some draws at a time."""
        width = self.block.covariance.width(self.k)
        question = self.block.covariance.root
        yield from self._each(question, max(1, CHUNK // (self.k * width)))

    def variances(self) -> Floats:
        """V_ii, (S, k)."""
        found = self._each(self.block.covariance.variances, max(1, CHUNK // self.k**2))
        return np.concatenate([values for _, values in found])

    def correlations(self, structure: Covariance, k: int) -> Iterator[tuple[slice, Floats]]:
        """(draws, R (draws, k, k)) of a process with the coefficients of this one, some draws at a time."""
        return self._each(lambda values, sds, _: structure.extended(values, k), max(1, CHUNK // k**2))

    def sds(self) -> Floats:
        """Standard deviations, (S, k)."""
        return self._sds

    def covariances(self) -> Floats:
        """V, (S, k, k)."""
        return np.concatenate([L @ L.swapaxes(1, 2) for _, L in self.roots()])

    def _each(self, question: Callable[..., Any], step: int) -> Iterator[tuple[slice, Floats]]:
        scalars: dict[str, Any] = {n: pt.tensor(n, dtype="float64", shape=v.shape[1:]) for n, v in self._values.items()}
        sds = pt.tensor("sds", dtype="float64", shape=(self.k,))
        inputs = [*scalars.values(), sds]
        batched = [pt.tensor(f"{v.name}s", dtype="float64", shape=(None, *v.type.shape)) for v in inputs]
        answer = pt.as_tensor(question(scalars, sds, self.k))
        many = vectorize_graph(answer, dict(zip(inputs, batched, strict=True)))
        function = pytensor.function(batched, many, mode=PYTHON, on_unused_input="ignore")
        arrays: list[Floats] = [*self._values.values(), self._sds]
        for start in range(0, self.size, step):
            at = slice(start, min(start + step, self.size))
            found = np.asarray(function(*(np.ascontiguousarray(a[at]) for a in arrays)))
            yield at, np.broadcast_to(found, (at.stop - at.start, *found.shape[-answer.ndim :]))
