"""Units of one shape, at some draws: what their effects w ~ N(0, I) do to the linear predictors, and the density."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from hierlm.posterior.integrals.likelihood import Likelihood, Predictor
from hierlm.posterior.integrals.units import Units
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, Rows, linear_predictor

__all__ = ["Batch", "Derivatives", "make_batch"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Derivatives:
    """Log-densities of the rows, (S, J, n), with their gradient in w and the information of every unit.

    Parameters
    ----------
    rows : (S, J, n) array
    slopes : (S, J, n, d) array
        ∂ log p(y_i | w) / ∂w.
    information : (S, J, d, d) array
        Minus the second derivative of Σ_i log p(y_i | w).
    columns : (S, J, n, d, Q) array, curvatures : (S, J, n, Q) array
        Of the Q linear predictors that move: a_q and minus ∂² log p(y_i)/∂η_q², so that a row's own information is
        Σ_q curvature a_q a_q' (mixed derivatives left out).
    """

    rows: Floats
    slopes: Floats
    information: Floats
    columns: Floats
    curvatures: Floats


@final
@dataclass(frozen=True, eq=False)
class Batch:
    """J units of n rows and d effects each, at S draws.

    Parameters
    ----------
    likelihoods : sequence of Likelihood
        One a response.
    at : (J, n) int array
        Rows.
    part : (S,) int array
        Which draws.
    base : mapping (response, parameter) → (S, J, n) array
        Linear predictors without the effects that are integrated over.
    columns : mapping (response, parameter) → (S, J, n, d) array
        What the whitened effects w add: η = base + columns · w.
    d : int
    """

    likelihoods: Sequence[Likelihood]
    at: Ints
    part: Ints
    base: Mapping[Predictor, Floats]
    columns: Mapping[Predictor, Floats]
    d: int

    @property
    def shape(self) -> tuple[int, int]:
        """Draws and units."""
        return next(iter(self.base.values())).shape[0], len(self.at)

    def draws(self, part: Ints) -> Batch:
        """The same units at some of these draws."""
        return replace(
            self,
            part=self.part[part],
            base={p: v[part] for p, v in self.base.items()},
            columns={p: v[part] for p, v in self.columns.items()},
        )

    def _etas(self, likelihood: Likelihood, w: Floats | None) -> dict[str, Floats]:
        name = likelihood.response.name
        etas = {p: self.base[name, p] for p in (*likelihood.moving, *likelihood.still)}
        if w is not None:
            for p in likelihood.moving:
                etas[p] = etas[p] + np.matmul(self.columns[name, p], w[..., None])[..., 0]
        return etas

    def rows(self, w: Floats) -> Floats:
        """Σ over responses of log p(y_i | w), (S, J, n)."""
        parts = [k.value(self._etas(k, w), self.at, self.part) for k in self.likelihoods]
        return sum(parts[1:], parts[0])

    def derivatives(self, w: Floats) -> Derivatives:
        """The same with slopes and information."""
        S, J = self.shape
        n = self.at.shape[1]
        rows, slopes = np.zeros((S, J, n)), np.zeros((S, J, n, self.d))
        information = np.zeros((S, J, self.d, self.d))
        own: list[Floats] = []
        for k in self.likelihoods:
            density, first, second = k.derivatives(self._etas(k, w), self.at, self.part)
            rows = rows + density
            columns = [self.columns[k.response.name, p] for p in k.moving]
            for g, A in zip(first, columns, strict=True):
                slopes += g[..., None] * A
            pairs = [(a, b) for a in range(len(columns)) for b in range(a + 1)]
            for (a, b), h in zip(pairs, second, strict=True):
                found = np.matmul(np.swapaxes(columns[a], -1, -2), h[..., None] * columns[b])
                information += found if a == b else found + np.swapaxes(found, -1, -2)
                own += [h] if a == b else []
        stacked = np.stack([self.columns[k.response.name, p] for k in self.likelihoods for p in k.moving], axis=-1)
        return Derivatives(rows, slopes, information, stacked, np.stack(own, axis=-1))


def make_batch(
    rows: Rows, draws: Draws, likelihoods: Sequence[Likelihood], units: Units, new: NewLevels, at: Ints, d: int
) -> Batch:
    """Units of n rows and d effects each, at all draws.

    Parameters
    ----------
    at : (J, n) int array
        Their rows.
    """
    others = tuple(g for g in dict.fromkeys(b.group for b in rows.blocks) if g not in units.groupings)
    base: dict[Predictor, Floats] = {}
    for k in likelihoods:
        for p in (*k.moving, *k.still):
            eta = linear_predictor(rows, draws, k.response.name, p, at.ravel(), others, new)
            base[k.response.name, p] = eta.reshape(draws.size, *at.shape)
    moving = [(k.response.name, p) for k in likelihoods for p in k.moving]
    columns = {predictor: np.zeros((draws.size, *at.shape, d)) for predictor in moving}
    place = np.indices(at.shape)
    for block in rows.blocks:
        if block.group not in units.groupings:
            continue
        labels, root = new.labels(block.group), new.root(block.group)
        first = units.slots[block.group][at]
        for piece in block.pieces:
            A = columns[piece.response, piece.parameter]
            own = [labels.index(block.effects[e]) for e in piece.effects]
            weights = np.einsum("jnk,ske->sjne", piece.Z[at], root[:, own, :])
            for e in range(len(labels)):
                A[:, place[0], place[1], first + e] += weights[..., e]
    return Batch(likelihoods, at, np.arange(draws.size), base, columns, d)
