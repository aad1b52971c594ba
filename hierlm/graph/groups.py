"""Group effects r = L z, or r ~ N(0, L Lᵀ), and their part of the linear predictors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierlm import names
from hierlm.graph.coefficients import coefficient_values
from hierlm.graph.hosting import Hosting, hosted_means
from hierlm.graph.level_scales import level_scales
from hierlm.graph.structured import innovations, related, slots, structured_effects
from hierlm.graph.transforms import Scaled, ScaledSoftplus
from hierlm.graph.vectors import vector
from hierlm.model.model import Model
from hierlm.model.values import GroupBlock, correlation_dims, correlation_effects, sd_rows
from hierlm.priors.fixed import Fixed
from hierlm.priors.prior import Prior

__all__ = ["Columns", "group_effects", "group_part"]

Tensor = Any
Columns = dict[int | tuple[int, ...], Tensor]
"""Effect of a grouping (its column in ``r_g``) → values over its levels; several effects → (levels, effects)."""


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
    values = coefficient_values(model, blocks)
    if len(blocks) == 1 and _structured(blocks[0]):
        (block,) = blocks
        r = structured_effects(block, 0, values[0], sds, units[block.columns[0]], alone=True)
        return {block.columns: r}
    factors = [_correlation_factor(model, part, block) for part, block in enumerate(blocks)]
    _correlation_matrix(group, blocks, factors)
    means = {c: m for block in blocks for c, m in hosted_means(model, block, hosts, effects).items()}
    dims = (names.level_dim(group), names.effect_dim(group))
    name = names.effects(group)
    plain = not any(_structured(b) for b in blocks)
    if plain and not means and all(b.centred and len(b.effects) == 1 for b in blocks):
        scaled = Scaled(np.array([units[b.columns[0]] for b in blocks]), multivariate=False)
        sd = pt.stack([sds[b.columns[0]] for b in blocks], axis=-1)
        r = pm.Normal(name, 0.0, sd, dims=dims, default_transform=scaled)
        return {b.columns[0]: r[:, i] for i, b in enumerate(blocks)}
    if plain and not means and len(blocks) == 1 and blocks[0].centred:
        chol = _cholesky(blocks[0], factors[0], sds)
        scaled = Scaled(np.array([units[c] for c in blocks[0].columns]), multivariate=True)
        r = pm.MvNormal(name, mu=np.zeros(len(units)), chol=chol, dims=dims, default_transform=scaled)
        return {c: r[:, i] for i, c in enumerate(blocks[0].columns)}
    classical = [(part, b, f) for part, (b, f) in enumerate(zip(blocks, factors, strict=True)) if not _structured(b)]
    columns: Columns = _mixed(group, classical, sds, means, units)
    whole: Columns = {}
    for part, block in enumerate(blocks):
        if _structured(block):
            r = structured_effects(block, part, values[part], sds, units[block.columns[0]], alone=False)
            whole[block.columns] = r
            columns |= {c: r[:, i] for i, c in enumerate(block.columns)}
    centred_at_zero = [columns[c] - means.get(c, 0.0) for c in sorted(sds)]
    pm.Deterministic(name, pt.stack(centred_at_zero, axis=1), dims=dims)
    return whole | columns


def _structured(block: GroupBlock) -> bool:
    return block.covariance.structured(len(block.effects))


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
    rows = sd_rows(blocks)
    dim = names.effect_dim(group) if len(rows) == len(sds) else names.sd_dim(group)
    index, transform = [owners[columns[0]] for _, columns in rows], ScaledSoftplus(scales)
    variable = vector(names.sd(group), dim, priors, index=index, transform=transform)
    for i, (_, columns) in enumerate(rows):
        sds |= dict.fromkeys(columns, variable[i])
    return sds


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
    place = {label: i for i, label in enumerate(correlation_effects(blocks))}
    width = len(place)
    entries: list[list[Tensor]] = [[1.0 if i == j else 0.0 for j in range(width)] for i in range(width)]
    for block, rows in zip(blocks, factors, strict=True):
        if _structured(block):
            continue
        at = [place[e] for e in block.effects]
        for i, row in enumerate(rows):
            for j in range(i):
                value = sum(row[m] * rows[j][m] for m in range(j + 1))
                entries[at[i]][at[j]] = entries[at[j]][at[i]] = value
    matrix = pt.stack([pt.as_tensor(e, dtype="float64") for row in entries for e in row]).reshape((width, width))
    pm.Deterministic(names.cor(group), matrix, dims=correlation_dims(blocks))


def _cholesky(block: GroupBlock, factor: list[list[Tensor]], sds: Mapping[int, Tensor]) -> Tensor:
    k = len(block.effects)
    entries = [sds[block.columns[i]] * factor[i][j] if j <= i else 0.0 for i in range(k) for j in range(k)]
    return pt.stack([pt.as_tensor(e, dtype="float64") for e in entries]).reshape((k, k))


def _mixed(
    group: str,
    classical: Sequence[tuple[int, GroupBlock, list[list[Tensor]]]],
    sds: Mapping[int, Tensor],
    means: Mapping[int, Tensor],
    units: Mapping[int, float],
) -> Columns:
    """Columns of classical blocks: one ``z_g`` for the non-centred, one variable around its means for each centred."""
    columns: Columns = {}
    free = [c for _, b, _ in classical if not b.centred for c in b.columns]
    z: Tensor = _innovations(group, [b for _, b, _ in classical], free, len(sds)) if free else None
    for part, block, factor in classical:
        levels = len(block.levels)
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


def _innovations(group: str, blocks: Sequence[GroupBlock], free: Sequence[int], width: int) -> Tensor:
    """``z_g`` of all non-centred effects, (levels, effects); of related levels what is made of it."""
    size: dict[str, Any] = {"shape": (innovations(blocks[0]), len(free))}
    if len(free) == width and blocks[0].relation is None:
        size = {"dims": (names.level_dim(group), names.effect_dim(group))}
    return related(blocks[0], pm.Normal(names.offset_effects(group, 0), 0.0, 1.0, **size))


def group_part(block: GroupBlock, response: str, parameter: str, columns: Columns, index: Tensor) -> Tensor | None:
    """Σ_k Z[:, k] r[index, k] of one block in one predictor, shape (obs,); None where it has no part in it."""
    total = None
    for piece in block.pieces:
        if (piece.response, piece.parameter) != (response, parameter):
            continue
        chosen = slots(piece) if block.columns in columns else None
        if chosen is not None:
            place = block.codes * len(block.effects) + chosen
            name = names.data("place", block.group, block.label)
            term = columns[block.columns].flatten()[pm.Data(name, place.astype(np.int64), dims=names.OBS)]
            total = term if total is None else total + term
            continue
        for k, effect in enumerate(piece.effects):
            z = piece.Z[:, k]
            term = _at_rows(block, columns, effect, index)
            if not np.all(z == 1):
                name = names.data("Z", block.group, block.effects[effect])
                term = term * pm.Data(name, z, dims=names.OBS)
            total = term if total is None else total + term
    return total


def _at_rows(block: GroupBlock, columns: Columns, effect: int, index: Tensor) -> Tensor:
    """One effect at the level of every row; of a multi-membership the weighted sum over its levels."""
    own = block.columns[effect]
    column = columns[own] if own in columns else columns[block.columns][:, effect]
    if block.members is None:
        return column[index]
    weights = block.members.weights
    return sum(column[index[:, m]] * pt.constant(weights[:, m]) for m in range(weights.shape[1]))
