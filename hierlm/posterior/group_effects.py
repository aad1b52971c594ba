"""What the effects of one block add to a linear predictor, draw by draw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.design.values import Groups
from hierlm.model.values import GroupBlock, Piece
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.places import add_places, beyond

if TYPE_CHECKING:
    from hierlm.posterior.linear import Draws

__all__ = ["add_group"]

Floats = NDArray[np.float64]
At = slice | NDArray[np.int64]


def add_group(
    eta: Floats,
    block: GroupBlock,
    draws: Draws,
    response: str,
    parameter: str,
    at: At,
    new_levels: NewLevels,
) -> None:
    """Add Σ_k Z[:, k] r[level, k] of one block to ``eta``."""
    for piece in block.pieces:
        if (piece.response, piece.parameter) != (response, parameter):
            continue
        add = add_places if block.process is not None or beyond(draws.model, block) else _add_effects
        for source, weights in _memberships(piece.source):
            add(eta, block, piece, source, weights, draws, at, new_levels)


def _memberships(source: Groups) -> Iterator[tuple[Groups, Floats | None]]:
    """The level of every row; of a multi-membership one after the other, with the weights."""
    members = source.members
    if members is None:
        yield source, None
        return
    for m in range(members.weights.shape[1]):
        yield replace(source, codes=members.codes[:, m], unseen_codes=members.unseen[:, m]), members.weights[:, m]


def _add_effects(
    eta: Floats,
    block: GroupBlock,
    piece: Piece,
    source: Groups,
    weights: Floats | None,
    draws: Draws,
    at: At,
    new_levels: NewLevels,
) -> None:
    effects = [block.effects[e] for e in piece.effects]
    codes, known = source.codes[at], source.codes[at] >= 0
    dims = {names.level_dim(block.group): block.levels, names.effect_dim(block.group): effects}
    r = draws.labelled(names.effects(block.group), **dims) if known.any() else None
    drawn = new_levels.effects(source, at, block.group, effects)
    Z = piece.Z[at] if weights is None else piece.Z[at] * weights[at, None]
    for k, z in enumerate(Z.T):
        rows = np.flatnonzero(z) if block.covariance.structured(len(block.effects)) else slice(None)
        here = known[rows]
        values = np.zeros((len(eta), len(here))) if r is None else r[:, np.where(known, codes, 0)[rows], k]
        if not here.all():
            values[:, ~here] = 0.0 if drawn is None else drawn[:, _among_new(known, rows), k]
        eta[:, rows] += values * z[rows]


def _among_new(known: NDArray[np.bool_], rows: NDArray[np.int64] | slice) -> NDArray[np.int64]:
    """Positions, among the rows of new levels, of those in ``rows``."""
    place = np.cumsum(~known) - 1
    return np.asarray(place[rows][~known[rows]])
