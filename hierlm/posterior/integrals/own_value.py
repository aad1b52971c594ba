"""log p(y_i | e without e_i, θ): a row given all values of a latent residual process but its own.

A value belongs to one row, so this needs one integral over a number for each row, however long the process is:
∫ p(y_i | e_i) N(e_i; m_i, s_i²) de_i with m_i and s_i² those of e_i given all others of its level.  It may
stand in importance weights: p(θ, e without e_i | y) is proportional to it times p(θ, e without e_i | y without y_i).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.model import Model
from hierlm.model.values import GroupBlock
from hierlm.posterior.integrals.batch import IndependentBatch
from hierlm.posterior.integrals.integrate import Integrated, Ys, likelihoods_of
from hierlm.posterior.integrals.likelihood import Likelihood
from hierlm.posterior.integrals.quadrature import integral
from hierlm.posterior.integrals.units import Units
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, Rows, chunks, linear_predictor
from hierlm.posterior.structured import StructuredDraws

__all__ = ["without_own_value"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def without_own_value(model: Model, rows: Rows, draws: Draws, ys: Ys, units: Units, block: GroupBlock) -> Integrated:
    """Of every row of the data, by quadrature.

    Parameters
    ----------
    units : Units
        Of the process's grouping, for a look at the structure.
    block : GroupBlock
        The latent residual process.

    Raises
    ------
    PosteriorError
        When effects of the grouping enter in a way that cannot be integrated out.
    """
    likelihoods = [k for k in likelihoods_of(model, rows, draws, ys, units) if isinstance(k, Likelihood)]
    (piece,) = block.pieces
    known = NewLevels(model, draws, 0, zero=True)
    slots, codes = piece.Z.argmax(axis=1), block.codes
    apart = _Neighbours(model, draws, block)
    out, error, methods = np.empty((draws.size, rows.n)), np.zeros(rows.n), dict[str, None]()
    for part in chunks(4 * draws.size, rows.n):
        at = np.arange(rows.n)[part]
        own, mean, sd = apart.of(codes[at], slots[at])
        base, columns = {}, {}
        for k in likelihoods:
            for p in (*k.moving, *k.still):
                eta = linear_predictor(rows, draws, k.response.name, p, at, tuple(model.groups), known)
                moves = (k.response.name, p) == (piece.response, names.MEAN)
                base[k.response.name, p] = (eta - own + mean if moves else eta)[..., None]
                if p in k.moving:
                    columns[k.response.name, p] = (sd if moves else np.zeros(eta.shape))[..., None, None]
        batch = IndependentBatch(at[:, None], np.arange(draws.size), base, columns, 1, likelihoods)
        answer = integral(batch)
        out[:, at], error[at] = answer.units, answer.error
        methods[answer.method] = None
    return Integrated(out, out, error, "; ".join(methods))


class _Neighbours:
    """Values of a process given all others of their level, draw by draw: e − g/Q_ii and 1/√Q_ii, g = Q e, Q = V⁻¹."""

    def __init__(self, model: Model, draws: Draws, block: GroupBlock) -> None:
        dims = {names.level_dim(block.group): block.levels, names.effect_dim(block.group): block.effects}
        self.e = draws.labelled(names.effects(block.group), **dims)
        self.g, self.Q = np.empty(self.e.shape), np.empty((draws.size, len(block.effects)))
        for at, K in self._precisions(model, draws, block):
            self.g[at] = self.e[at] @ K
            self.Q[at] = np.diagonal(K, axis1=1, axis2=2)

    @staticmethod
    def _precisions(model: Model, draws: Draws, block: GroupBlock) -> Iterator[tuple[slice, Floats]]:
        for at, L in StructuredDraws(model, draws, block).roots():
            inverse = np.linalg.inv(L)
            yield at, inverse.swapaxes(1, 2) @ inverse

    def of(self, codes: Ints, slots: Ints) -> tuple[Floats, Floats, Floats]:
        """The value, its mean and its standard deviation given the others, (S, rows) each."""
        e, q = self.e[:, codes, slots], self.Q[:, slots]
        return e, e - self.g[:, codes, slots] / q, 1 / np.sqrt(q)
