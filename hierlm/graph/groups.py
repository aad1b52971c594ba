"""Group effects r = L z, or r ~ N(0, L Lᵀ), and their part of the linear predictors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierlm import names
from hierlm.graph.hosting import Hosting, hosted_means
from hierlm.graph.level_scales import level_scales
from hierlm.graph.transforms import Scaled, ScaledSoftplus
from hierlm.graph.vectors import vector
from hierlm.model.model import Model
from hierlm.model.values import GroupBlock
from hierlm.priors.fixed import Fixed
from hierlm.priors.prior import Prior

__all__ = ["Columns", "group_effects", "group_part"]

Tensor = Any
Columns = dict[int, Tensor]
"""Effect of a grouping (its column in ``r_g``) → values over its levels."""


def group_effects(model: Model, group: str, hosts: Hosting, effects: Mapping[str, Tensor]) -> Columns:
    """Add ``sd_g``, ``cor_g`` and ``r_g`` of one grouping to the PyMC model on the context stack.

    Returns
    -------
    dict
        Column of ``r_g`` → what the predictors add: r, or v = b + r where the coefficient is hosted.
    """
    blocks = model.groups[group]
    owners, priors = _owners(model, group, blocks)
    scales = np.array([p.typical() for p in priors]) / 2.5
    sds = _standard_deviations(group, blocks, owners, priors, scales)
    factor = level_scales(model, group)
    sds = sds if factor is None else {c: sd * factor for c, sd in sds.items()}  # of each level, (levels,)
    units = {c: float(scales[owners[c]]) if c in owners else 1.0 for c in sds}
    factors = [_correlation_factor(model, part, block) for part, block in enumerate(blocks)]
    _correlation_matrix(group, blocks, factors)
    means = {c: m for block in blocks for c, m in hosted_means(model, block, hosts, effects).items()}
    dims = (names.level_dim(group), names.effect_dim(group))
    name = names.effects(group)
    if not means and all(b.centred and len(b.effects) == 1 for b in blocks):
        scaled = Scaled(np.array([units[b.columns[0]] for b in blocks]), multivariate=False)
        sd = pt.stack([sds[b.columns[0]] for b in blocks], axis=-1)
        r = pm.Normal(name, 0.0, sd, dims=dims, default_transform=scaled)
        return {b.columns[0]: r[:, i] for i, b in enumerate(blocks)}
    if not means and len(blocks) == 1 and blocks[0].centred:
        chol = _cholesky(blocks[0], factors[0], sds)
        scaled = Scaled(np.array([units[c] for c in blocks[0].columns]), multivariate=True)
        r = pm.MvNormal(name, mu=np.zeros(len(units)), chol=chol, dims=dims, default_transform=scaled)
        return {c: r[:, i] for i, c in enumerate(blocks[0].columns)}
    columns = _mixed(group, blocks, factors, sds, means, units)
    centred_at_zero = [columns[c] - means.get(c, 0.0) for c in sorted(columns)]
    pm.Deterministic(name, pt.stack(centred_at_zero, axis=1), dims=dims)
    return columns


def _owners(model: Model, group: str, blocks: Sequence[GroupBlock]) -> tuple[dict[int, int], list[Prior | Fixed]]:
    """(column of ``r_g`` → its sd parameter, the parameters' priors); ``cor`` effects have none."""
    owners: dict[int, int] = {}
    number = 0
    for block in blocks:
        for shared in block.covariance.sd_groups(len(block.effects)):
            owners |= {block.columns[i]: number for i in shared}
            number += 1
    name = names.sd(group)
    return owners, [a.prior for a in model.assignments if a.variable == name]  # type: ignore[misc]


def _standard_deviations(
    group: str,
    blocks: Sequence[GroupBlock],
    owners: Mapping[int, int],
    priors: Sequence[Prior | Fixed],
    scales: NDArray[np.float64],
) -> dict[int, Tensor]:
    """``sd_g``; effects without a standard deviation of their own (``cor``) have 1.0."""
    sds: dict[int, Tensor] = {c: 1.0 for block in blocks for c in block.columns}
    if not owners:
        return sds
    free = sorted(owners)
    dim = names.effect_dim(group) if len(free) == len(sds) else names.sd_dim(group)
    index, transform = [owners[c] for c in free], ScaledSoftplus(scales)
    variable = vector(names.sd(group), dim, priors, index=index, transform=transform)
    return sds | {c: variable[i] for i, c in enumerate(free)}


def _correlation_factor(model: Model, part: int, block: GroupBlock) -> list[list[Tensor]]:
    k, parameter = len(block.effects), None
    if block.covariance.correlated(k):
        label = ", ".join(block.effects)
        prior = next(a.prior for a in model.assignments if a.variable == names.cor(block.group) and a.label == label)
        parameter = block.covariance.correlation_parameter(names.internal(names.cor(block.group), part), k, prior)  # type: ignore[arg-type]
    return block.covariance.correlation_factor(parameter, k)


def _correlation_matrix(group: str, blocks: Sequence[GroupBlock], factors: Sequence[list[list[Tensor]]]) -> None:
    """``cor_g`` over all effects of the grouping, where any are correlated."""
    if not any(b.covariance.correlated(len(b.effects)) for b in blocks):
        return
    width = sum(len(b.effects) for b in blocks)
    entries: list[list[Tensor]] = [[1.0 if i == j else 0.0 for j in range(width)] for i in range(width)]
    for block, rows in zip(blocks, factors, strict=True):
        for i, row in enumerate(rows):
            for j in range(i):
                value = sum(row[m] * rows[j][m] for m in range(j + 1))
                entries[block.columns[i]][block.columns[j]] = entries[block.columns[j]][block.columns[i]] = value
    matrix = pt.stack([pt.as_tensor(e, dtype="float64") for row in entries for e in row]).reshape((width, width))
    pm.Deterministic(names.cor(group), matrix, dims=(names.effect_dim(group), names.effect_dim2(group)))


def _cholesky(block: GroupBlock, factor: list[list[Tensor]], sds: Mapping[int, Tensor]) -> Tensor:
    k = len(block.effects)
    entries = [sds[block.columns[i]] * factor[i][j] if j <= i else 0.0 for i in range(k) for j in range(k)]
    return pt.stack([pt.as_tensor(e, dtype="float64") for e in entries]).reshape((k, k))


def _mixed(
    group: str,
    blocks: Sequence[GroupBlock],
    factors: Sequence[list[list[Tensor]]],
    sds: Mapping[int, Tensor],
    means: Mapping[int, Tensor],
    units: Mapping[int, float],
) -> Columns:
    """Columns of any blocks: one ``z_g`` for the non-centred, one variable around its means for each centred."""
    columns: Columns = {}
    levels = len(blocks[0].levels)
    free = [c for b in blocks if not b.centred for c in b.columns]
    every = len(free) == sum(len(b.effects) for b in blocks)
    size: dict[str, Any] = (
        {"dims": (names.level_dim(group), names.effect_dim(group))} if every else {"shape": (levels, len(free))}
    )
    z: Tensor = pm.Normal(names.offset_effects(group, 0), 0.0, 1.0, **size) if free else None
    for part, (block, factor) in enumerate(zip(blocks, factors, strict=True)):
        if not block.centred:
            for i, c in enumerate(block.columns):
                columns[c] = sds[c] * sum(factor[i][j] * z[:, free.index(block.columns[j])] for j in range(i + 1))
        elif len(block.effects) == 1:
            name = names.internal(names.effects(group), part)
            (c,) = block.columns
            scaled = Scaled(np.array(units[c]), multivariate=False)
            dims_of = names.level_dim(group)
            columns[c] = pm.Normal(name, means.get(c, 0.0), sds[c], dims=dims_of, default_transform=scaled)
        else:
            chol = _cholesky(block, factor, sds)
            k = len(block.effects)
            mu = pt.stack([pt.as_tensor(means.get(c, 0.0), dtype="float64") for c in block.columns])
            scaled = Scaled(np.array([units[c] for c in block.columns]), multivariate=True)
            name = names.internal(names.effects(group), part)
            r = pm.MvNormal(name, mu=mu, chol=chol, shape=(levels, k), default_transform=scaled)
            columns |= {c: r[:, i] for i, c in enumerate(block.columns)}
    return columns


def group_part(block: GroupBlock, response: str, parameter: str, columns: Columns, index: Tensor) -> Tensor | None:
    """Σ_k Z[:, k] r[index, k] of one block in one predictor, shape (obs,); None where it has no part in it."""
    total = None
    for piece in block.pieces:
        if (piece.response, piece.parameter) != (response, parameter):
            continue
        for k, effect in enumerate(piece.effects):
            z = piece.Z[:, k]
            term = columns[block.columns[effect]][index]
            if not np.all(z == 1):
                name = names.data("Z", block.group, block.effects[effect])
                term = term * pm.Data(name, z, dims=names.OBS)
            total = term if total is None else total + term
    return total
