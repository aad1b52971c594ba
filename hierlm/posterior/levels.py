"""Effects of levels that the data did not have."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.design.values import Groups
from hierlm.errors import PosteriorError
from hierlm.posterior.level_scales import factors_at

if TYPE_CHECKING:
    from hierlm.model import Model
    from hierlm.posterior.linear import Draws

__all__ = ["NewLevels"]

Floats = NDArray[np.float64]


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
        self._scaled = {g: _scaled_of(model, g) for g in model.groups}
        self._factors: dict[str, Floats] = {}

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
        return self._root(group)

    def _root(self, group: str) -> Floats:
        """Λ, for levels whose standard deviations are multiplied by 1."""
        if group not in self._factors:
            self._factors[group] = self._factor(group)
        return self._factors[group]

    def one(self, group: str, level: str) -> Floats:
        """All effects of one new level, shape (S, effects of the grouping)."""
        if (group, level) in self._given:
            return self._given[group, level]
        factor = self._root(group)
        digest = hashlib.sha256(f"{group}\0{level}".encode()).digest()
        words = [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 32, 4)]
        stream = np.random.default_rng(np.random.SeedSequence([self._seed, *words]))
        z = stream.standard_normal((self._draws.size, factor.shape[-1]))
        return np.einsum("sij,sj->si", factor, z)

    def _factor(self, group: str) -> Floats:
        """L with L Lᵀ = V for every draw, shape (S, k, k)."""
        labels, scaled = self._labels[group], self._scaled[group]
        sd = np.ones((self._draws.size, len(labels)))
        if scaled:
            dim = names.effect_dim(group) if len(scaled) == len(labels) else names.sd_dim(group)
            sd[:, [labels.index(e) for e in scaled]] = self._draws.labelled(names.sd(group), **{dim: scaled})
        if not self._draws.has(names.cor(group)):
            return sd[:, :, None] * np.eye(len(labels))
        dims = {names.effect_dim(group): labels, names.effect_dim2(group): labels}
        return sd[:, :, None] * _root(self._draws.labelled(names.cor(group), **dims))


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


def _scaled_of(model: Model, group: str) -> list[str]:
    """Labels of those effects that have a standard deviation of their own."""
    owners = [
        b.effects[i] for b in model.groups[group] for shared in b.covariance.sd_groups(len(b.effects)) for i in shared
    ]
    return [e for e in _effects_of(model, group) if e in owners]
