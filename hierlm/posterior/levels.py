"""Effects of levels that the data did not have."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, final

import numpy as np
import pytensor
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierlm import names
from hierlm.design.values import Groups
from hierlm.errors import PosteriorError, PredictionError
from hierlm.graph.evaluate import PYTHON
from hierlm.model.values import correlation_dims, correlation_effects
from hierlm.posterior.level_scales import factors_at
from hierlm.posterior.places import conditional
from hierlm.posterior.structured import StructuredDraws, sd_draws

if TYPE_CHECKING:
    from hierlm.model import Model
    from hierlm.model.values import GroupBlock
    from hierlm.posterior.linear import Draws

__all__ = ["NewLevels"]

Floats = NDArray[np.float64]

MOST = 50_000_000
"""Numbers of all draws of Λ that are kept, 400 MB; beyond, it is made anew for each new level."""


@final
class NewLevels:
    """Effects r ~ N(0, V) of new levels, V = diag(sd) R diag(sd) being that of each posterior draw.

    A level's effects are drawn jointly, from a stream of random numbers of its own that depends on the seed, the
    grouping and the level's label only.  So they are the same in every row and every predictor, independent between
    levels, and do not change when other rows or levels are left out.

    Parameters
    ----------
    model : Model
    draws : Draws
    seed : int
    zero : bool
        Take the population instead: all effects of new levels are zero.
    given : mapping of (grouping, level) to (S, effects) array, optional
        New levels whose effects are known (before a formula of their sd scales them); columns as in :meth:`labels`.
    """

    def __init__(
        self,
        model: Model,
        draws: Draws,
        seed: int,
        *,
        zero: bool,
        given: Mapping[tuple[str, str], Floats] | None = None,
    ) -> None:
        self._draws, self._seed, self._zero, self._given = draws, seed, zero, given or {}
        self._model = model
        self._labels = {g: _effects_of(model, g) for g in model.groups}
        self._factors: dict[str, Floats] = {}
        self._related: dict[tuple[str, tuple[str, ...]], Floats] = {}
        self._conditional: dict[tuple[str, tuple[str, ...]], tuple[Floats, Floats]] = {}

    def effects(
        self, source: Groups, at: slice | NDArray[np.int64], group: str, labels: Sequence[str]
    ) -> Floats | None:
        """Effects at the rows of ``at`` whose level is new, shape (S, new rows, effects); None where all are zero."""
        new = source.codes[at] < 0
        if self._zero or not new.any() or source.unseen_codes is None:
            return None
        which, back = np.unique(source.unseen_codes[at][new], return_inverse=True)
        columns = [self._labels[group].index(label) for label in labels]
        drawn = np.stack([self.one(group, source.unseen[u])[:, columns] for u in which], axis=1)
        if source.unseen_scale is not None:
            drawn = drawn * factors_at(self._model, self._draws, group, source.unseen_scale[which])[:, :, None]
        return drawn[:, back]

    @property
    def zero(self) -> bool:
        """Whether effects of new levels are zero."""
        return self._zero

    def conditional(self, block: GroupBlock) -> tuple[Floats, Floats]:
        """W and L of a level's values at new places, see :mod:`hierlm.posterior.places`."""
        key = (block.group, block.effects)
        if key not in self._conditional:
            self._conditional[key] = conditional(self._draws, block)
        return self._conditional[key]

    def innovations(self, block: GroupBlock, level: str, places: Sequence[str]) -> Floats:
        """Standard normal numbers for one level's values at new places, (S, places); of related levels correlated.

        Of each place from a stream of its own.

        Raises
        ------
        PredictionError
            Where those of all related levels take too much memory.
        """
        if block.relation is None:
            z = [self.stream(block.group, level, place).standard_normal(self._draws.size) for place in places]
            return np.stack(z, axis=1)
        key = (block.group, tuple(places))
        if key not in self._related:
            size, wide = block.relation.size, self._draws.size * len(places)
            if size * wide > MOST:
                raise PredictionError(
                    f"{len(places):,} new positions of {size:,} related levels of {block.group} in "
                    f"{self._draws.size:,} draws are more than fit into memory.",
                    hint="Predict fewer at a time, or from fewer draws: draws=100.",
                )
            shape = (size, self._draws.size)
            z = [self.stream(block.group, "", place).standard_normal(shape) for place in places]
            x = pt.dmatrix()
            correlate = pytensor.function([x], block.relation.correlate(x, block.levels), mode=PYTHON)
            found = np.asarray(correlate(np.stack(z, axis=2).reshape(size, wide)))
            self._related[key] = found.reshape(len(block.levels), self._draws.size, len(places))
        return self._related[key][block.levels.index(level)]

    def stream(self, *labels: str) -> np.random.Generator:
        """Random numbers that depend on the seed and these labels only."""
        digest = hashlib.sha256("\0".join(labels).encode()).digest()
        words = [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 32, 4)]
        return np.random.default_rng(np.random.SeedSequence([self._seed, *words]))

    def labels(self, group: str) -> list[str]:
        """All effects of a grouping, in the order of its columns."""
        return list(self._labels[group])

    def root(self, group: str) -> Floats:
        """Λ with Λ Λᵀ = V for every draw, shape (S, k, k), effects in the order of :meth:`labels`.

        Raises
        ------
        PosteriorError
            Where levels differ in V.
        """
        if group in self._model.scales:
            raise PosteriorError(
                f"The effects of '{group}' cannot be integrated out: their standard deviation has a formula.",
                hint="Ask for the observed levels instead.",
            )
        return self.unscaled_root(group)

    def unscaled_root(self, group: str) -> Floats:
        """Λ, for levels whose standard deviations are multiplied by 1."""
        if group not in self._factors:
            self._factors[group] = self._factor(group)
        return self._factors[group]

    def variance_factors(self, group: str, source: Groups, at: slice | NDArray[np.int64]) -> Floats | None:
        """By how much the variance of the effects of each row's level is that of :meth:`unscaled_root`; None for 1.

        Where standard deviations have a formula, shape (S, rows); of a multi-membership what its weights add up to,
        squared, levels that are named twice together, (1, rows).
        """
        if source.members is not None:
            members = source.members
            codes = np.where(members.codes < 0, -1 - members.unseen, members.codes)[at]
            same, weights = codes[:, :, None] == codes[:, None, :], members.weights[at]
            return np.asarray(np.einsum("im,in,imn->i", weights, weights, same)[None])
        scale = self._model.scales.get(group)
        if scale is None:
            return None
        X, codes = scale.X[np.maximum(source.codes[at], 0)], source.codes[at]
        if source.unseen_scale is not None and source.unseen_codes is not None and (codes < 0).any():
            X = np.where(codes[:, None] < 0, source.unseen_scale[np.maximum(source.unseen_codes[at], 0)], X)
        return factors_at(self._model, self._draws, group, X) ** 2

    def one(self, group: str, level: str) -> Floats:
        """All effects of one new level, shape (S, effects of the grouping)."""
        if (group, level) in self._given:
            return self._given[group, level]
        z = self.stream(group, level).standard_normal((self._draws.size, len(self._labels[group])))
        if self._draws.size * len(self._labels[group]) ** 2 > MOST:
            return self._by_block(group, z)
        return np.einsum("sij,sj->si", self.unscaled_root(group), z)

    def _by_block(self, group: str, z: Floats) -> Floats:
        """Effects of one new level, block by block, some draws at a time where there are many effects."""
        r = np.empty_like(z)
        for block in self._model.groups[group]:
            columns, k = list(block.columns), len(block.effects)
            if block.covariance.structured(k):
                own = z[:, columns[: block.covariance.width(k)]]
                for at, L in StructuredDraws(self._model, self._draws, block).roots():
                    r[at, columns] = np.einsum("sij,sj->si", L, own[at])
                continue
            sd = sd_draws(self._draws, block, self._model.groups[group])
            dims = dict.fromkeys(correlation_dims(self._model.groups[group]), block.effects)
            root = np.eye(k)[None]
            if block.covariance.correlated(k):
                root = _root(self._draws.labelled(names.cor(group), **dims))
            r[:, columns] = np.einsum("sij,sj->si", sd[:, :, None] * root, z[:, columns])
        return r

    def _factor(self, group: str) -> Floats:
        """L with L Lᵀ = V for every draw, shape (S, k, k)."""
        labels, blocks = self._labels[group], self._model.groups[group]
        sd = np.ones((self._draws.size, len(labels)))
        for block in blocks:
            sd[:, list(block.columns)] = sd_draws(self._draws, block, blocks)
        structured = [b for b in blocks if b.covariance.structured(len(b.effects))]
        root = np.broadcast_to(np.eye(len(labels)), (len(sd), len(labels), len(labels))).copy()
        if self._draws.has(names.cor(group)):
            free = correlation_effects(blocks)
            R = self._draws.labelled(names.cor(group), **dict.fromkeys(correlation_dims(blocks), free))
            at = [labels.index(e) for e in free]
            root[:, np.array(at)[:, None], at] = _root(R)
        root *= sd[:, :, None]
        for block in structured:
            columns, width = list(block.columns), block.covariance.width(len(block.effects))
            root[:, columns] = 0.0
            for some, L in StructuredDraws(self._model, self._draws, block).roots():
                root[some, np.array(columns)[:, None], columns[:width]] = L
        return root


def _root(R: Floats) -> Floats:
    """A with A Aᵀ = R: the Cholesky factor, or the spectral root where a correlation has rounded to ±1."""
    try:
        return np.linalg.cholesky(R)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(R)
        return vectors * np.sqrt(np.clip(values, 0.0, None))[:, None, :]


def _effects_of(model: Model, group: str) -> list[str]:
    """Labels of a grouping's effects in the order of its columns."""
    pairs = [(c, e) for b in model.groups[group] for c, e in zip(b.columns, b.effects, strict=True)]
    return [e for _, e in sorted(pairs)]
