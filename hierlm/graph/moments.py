"""The moments of a normal response's rows given its parameters, group effects integrated out: V = Z G Zᵀ + R."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor.tensor import linalg

from hierlm import names
from hierlm.correlations import values_of as correlation_values
from hierlm.families.family import Predicted
from hierlm.graph.coefficients import values_of
from hierlm.links import get_link
from hierlm.model.coefficients import coefficient_rows
from hierlm.model.model import Model
from hierlm.model.values import GroupBlock, ModelResponse, correlation_effects, sd_rows
from hierlm.model.variances import log_factor

__all__ = [
    "Parameters",
    "block_covariance",
    "block_root",
    "integrated",
    "level_scales_of",
    "parameters",
    "residual_covariance",
    "row_covariance",
]

Tensor = Any
Ints = NDArray[np.int64]
Parameters = tuple[list[Any], Tensor, dict[str, Tensor]]
"""Variables of the graph with their sampling coordinates, the log prior there, and every parameter by its name."""


def parameters(model: Model) -> Parameters:
    """What a model says about everything but coefficients of the mean and effects.

    Returns
    -------
    (value variables, scalar, mapping of variable to tensor)
        Coordinates on the real line; log p(θ) + log |∂θ/∂v|, with all constants; θ, as functions of the coordinates.
    """
    graph: pm.Model = model.pymc
    own = [rv for rv in graph.free_RVs if rv.name not in integrated(model)]
    wanted = {a.variable for a in model.assignments} - {names.common(names.MEAN)}
    there = [name for name in dict.fromkeys([*wanted, *(rv.name for rv in own)]) if name in graph.named_vars]
    logp: Any = graph.logp(vars=own, jacobian=True) if own else pt.zeros(())
    natural: Any = graph.replace_rvs_by_values([graph.named_vars[name] for name in there])
    return [graph.rvs_to_values[rv] for rv in own], logp, dict(zip(there, natural, strict=True))


def integrated(model: Model) -> set[str]:
    """The variables of the graph that are integrated out."""
    found = {names.common(names.MEAN)}
    found |= {names.internal(names.common(names.MEAN), i) for i in range(len(model.assignments))}
    for group in model.batches:
        z = names.offset_effects(group, 0)
        found |= {z, names.effects(group)}
        parts = range(len(model.groups.get(group, ())) + 1)
        found |= {names.internal(name, i) for name in (z, names.effects(group)) for i in parts}
    return found


def block_covariance(block: GroupBlock, blocks: Sequence[GroupBlock], values: Mapping[str, Tensor]) -> Tensor:
    """G, the covariance of one level's effects of a block, (k, k).

    Parameters
    ----------
    blocks : sequence of GroupBlock
        Those of its grouping.
    values : mapping of variable to tensor
    """
    k, sds = len(block.effects), _sds(block, blocks, values)
    if block.covariance.structured(k):
        return block.covariance.whole(_coefficients(block, blocks, values), sds, k)
    if not block.covariance.correlated(k):
        return pt.diag(sds**2)
    return sds[:, None] * _correlations(block, blocks, values) * sds[None, :]


def block_root(block: GroupBlock, blocks: Sequence[GroupBlock], values: Mapping[str, Tensor]) -> Tensor:
    """L with L Lᵀ = G, (k, w)."""
    k, sds = len(block.effects), _sds(block, blocks, values)
    if block.covariance.structured(k):
        return block.covariance.root(_coefficients(block, blocks, values), sds, k)
    if not block.covariance.correlated(k):
        return pt.diag(sds)
    return sds[:, None] * linalg.cholesky(_correlations(block, blocks, values))


def _coefficients(
    block: GroupBlock, blocks: Sequence[GroupBlock], values: Mapping[str, Tensor]
) -> Mapping[str, Tensor]:
    own = {row.variable: values[row.variable] for row in coefficient_rows(blocks)}
    return values_of(blocks, own)[next(i for i, b in enumerate(blocks) if b is block)]


def _correlations(block: GroupBlock, blocks: Sequence[GroupBlock], values: Mapping[str, Tensor]) -> Tensor:
    order = correlation_effects(blocks)
    at = np.array([order.index(effect) for effect in block.effects])
    return values[names.cor(block.group)][at[:, None], at[None, :]]


def _sds(block: GroupBlock, blocks: Sequence[GroupBlock], values: Mapping[str, Tensor]) -> Tensor:
    """(k,) standard deviations; 1 where effects have none of their own."""
    where: dict[int, int] = {}
    for row, (_, columns) in enumerate(sd_rows(blocks)):
        where |= dict.fromkeys(columns, row)
    at = [where.get(c) for c in block.columns]
    name = names.sd(block.group)
    if name not in values or any(i is None for i in at):
        return pt.ones(len(block.effects))
    return pt.atleast_1d(values[name])[np.array(at, dtype=np.int64)]


def level_scales_of(model: Model, group: str, values: Mapping[str, Tensor]) -> Tensor | None:
    """By what the standard deviations of each level are multiplied, (levels,); None without a formula."""
    scale = model.scales.get(group)
    return None if scale is None else pt.exp(pt.constant(scale.X) @ values[names.scale(group)])


def row_covariance(model: Model, values: Mapping[str, Tensor], rows: Ints) -> Tensor:
    """V of several sets of m rows, (sets, m, m): what group effects and residuals give two rows in common.

    Parameters
    ----------
    rows : (sets, m) int array
    """
    (response,) = model.responses
    total = residual_covariance(model, values, rows)
    for group, blocks in model.groups.items():
        factor = level_scales_of(model, group, values)
        for block in blocks:
            part = _of_block(block, blocks, response.name, values, rows)
            if factor is not None:
                f = factor[block.codes[rows]]
                part = part * f[:, :, None] * f[:, None, :]
            total = total + part
    return total


def _of_block(
    block: GroupBlock, blocks: Sequence[GroupBlock], response: str, values: Mapping[str, Tensor], rows: Ints
) -> Tensor:
    pieces = [p for p in block.pieces if (p.response, p.parameter) == (response, names.MEAN)]
    if not pieces:
        return pt.zeros((*rows.shape, rows.shape[1]))
    own = np.array([e for p in pieces for e in p.effects], dtype=np.int64)
    Z = np.concatenate([p.Z[rows] for p in pieces], axis=-1)  # (sets, m, effects)
    G = block_covariance(block, blocks, values)
    chosen = own[np.abs(Z).argmax(axis=-1)]
    single = len(own) > 1 and bool((np.count_nonzero(Z, axis=-1) <= 1).all())
    if single:  # every row has one effect: its variance is an element of G
        z = Z.sum(axis=-1)
        part = G[chosen[:, :, None], chosen[:, None, :]] * pt.constant(z[:, :, None] * z[:, None, :])
    else:
        whole = pt.constant(Z)
        part = (whole @ G[own[:, None], own[None, :]]) @ whole.swapaxes(-1, -2)
    return part * pt.constant(_alike(block, rows))


def _alike(block: GroupBlock, rows: Ints) -> NDArray[np.float64]:
    """The covariance of the levels of two rows for effects with variance one, (sets, m, m)."""
    if block.members is None:
        codes = block.codes[rows]
        return (codes[:, :, None] == codes[:, None, :]).astype(np.float64)
    codes, weights = block.members.codes[rows], block.members.weights[rows]
    same = codes[:, :, None, :, None] == codes[:, None, :, None, :]
    return np.einsum("cim,cjn,cijmn->cij", weights, weights, same)


def residual_covariance(model: Model, values: Mapping[str, Tensor], rows: Ints) -> Tensor:
    """R of several sets of m rows, (sets, m, m), for a response of normal errors on the scale of its mean."""
    (response,) = model.responses
    sd = pt.sqrt(_residual_variance(model, response, values, rows) + pt.zeros(rows.shape))
    residual = model.residual
    if residual is None:
        return pt.constant(np.eye(rows.shape[1])) * sd[:, :, None] * sd[:, None, :]
    codes = residual.codes[rows]
    rescor = pt.specify_shape(values[names.RESIDUAL], (len(residual.coefficients),))
    found = correlation_values(residual.coefficients, rescor)
    R = residual.correlation.matrix(found, residual.positions[rows])
    same = (codes[:, :, None] == codes[:, None, :]).astype(np.float64)
    return R * pt.constant(same) * sd[:, :, None] * sd[:, None, :]


def _residual_variance(model: Model, response: ModelResponse, values: Mapping[str, Tensor], rows: Ints) -> Tensor:
    identity = get_link("identity")
    predicted = {names.MEAN: Predicted(pt.zeros(rows.shape), identity)}
    for predictor in model.predictors:
        if predictor.parameter == names.MEAN:
            continue
        eta: Tensor = pt.constant(predictor.offset[rows])
        if predictor.labels:
            eta = eta + pt.constant(predictor.X[rows]) @ values[names.common(predictor.parameter)]
        for part in predictor.variances:
            labels = [a.label for a in model.assignments if a.variable == names.VARIANCE]
            own = {str(label): values[names.VARIANCE][i] for i, label in enumerate(labels)}
            eta = eta + log_factor(part, own, None, rows)
        predicted[predictor.parameter] = Predicted(eta, response.links[predictor.parameter])
    predicted |= {p: Predicted(values[p], identity) for p in response.free}
    additions = {key: v[rows] for key, v in response.additions.items()}
    return response.family.latent_variance(additions, **predicted)
