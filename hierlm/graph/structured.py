"""Effects of structures with coefficients, r = z Lᵀ or r ~ N(0, L Lᵀ), and of related levels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierlm import names
from hierlm.graph.transforms import Scaled
from hierlm.model.values import GroupBlock, Piece

__all__ = ["innovations", "related", "slots", "structured_effects"]

Tensor = Any


def related(block: GroupBlock, z: Tensor) -> Tensor:
    """Independent standard normal numbers → effects of related levels, column by column."""
    return z if block.relation is None else block.relation.correlate(z, block.levels)


def innovations(block: GroupBlock) -> int:
    """How many independent numbers one effect of all levels takes."""
    return len(block.levels) if block.relation is None else block.relation.size


def structured_effects(
    block: GroupBlock, part: int, values: Mapping[str, Tensor], sds: Mapping[int, Tensor], scale: float, *, alone: bool
) -> Tensor:
    """The effects of one block whose structure has coefficients, (levels, k).

    Parameters
    ----------
    part : int
        Position of the block in its grouping.
    values : mapping of str to tensor
        Coefficients.
    sds : mapping of int to tensor
        Column of ``r_g`` → its standard deviation.
    scale : float
        The size that effects are expected to have.
    alone : bool
        Whether the grouping has no other block, so that these effects are ``r_g``.
    """
    k = len(block.effects)
    columns = [sds[c] for c in block.columns]
    shared = all(s is columns[0] for s in columns)
    sd = pt.ones(k) * columns[0] if shared else pt.stack([pt.as_tensor(s, dtype="float64") for s in columns])
    L = block.covariance.root(values, sd, k)
    dims = (names.level_dim(block.group), names.effect_dim(block.group))
    name = names.effects(block.group) if alone else names.internal(names.effects(block.group), part)
    if block.centred:
        scaled = Scaled(np.full(k, scale), multivariate=True)
        size: dict[str, Any] = {"dims": dims} if alone else {"shape": (len(block.levels), k)}
        return pm.MvNormal(name, mu=np.zeros(k), chol=L, default_transform=scaled, **size)
    shape = (innovations(block), block.covariance.width(k))
    z = pm.Normal(names.internal(names.offset_effects(block.group, 0), part), 0.0, 1.0, shape=shape)
    r = related(block, z) @ L.T
    return pm.Deterministic(name, r, dims=dims) if alone else r


def slots(piece: Piece) -> NDArray[np.int64] | None:
    """The effect that each row has, where every row has exactly one, with the factor 1; else None."""
    Z = piece.Z
    if Z.shape[1] < 2 or not (np.count_nonzero(Z, axis=1) == 1).all():
        return None
    chosen = np.abs(Z).argmax(axis=1)
    if not np.all(Z[np.arange(len(Z)), chosen] == 1):
        return None
    return np.asarray(piece.effects, dtype=np.int64)[chosen]
