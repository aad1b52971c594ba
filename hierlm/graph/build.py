"""Model → pm.Model: coordinates, priors, group effects, predictors, observations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
from pytensor.graph.traversal import ancestors

from hierlm import names
from hierlm.errors import ModelError
from hierlm.graph.common import common_effects, fixed_part
from hierlm.graph.elements import element_labels, vector_parameters
from hierlm.graph.given import settled
from hierlm.graph.groups import Columns, group_effects, group_part
from hierlm.graph.hosting import hosting
from hierlm.graph.observation import free_parameters, observe
from hierlm.graph.residuals import residual_coefficients
from hierlm.graph.smooths import smooth_effects, smooth_part
from hierlm.graph.variances import scaled, variance_parameters
from hierlm.model.coefficients import coefficient_rows
from hierlm.model.joint import hypers_of
from hierlm.model.model import Model
from hierlm.model.values import GroupBlock, ModelPredictor, correlation_dims, correlation_effects, sd_rows

__all__ = ["build_graph", "coordinates"]

Tensor = Any


def coordinates(model: Model) -> dict[str, Any]:
    """Every dimension of the graph with its labels."""
    coords: dict[str, Any] = {names.OBS: np.asarray(model.design.rows)}
    for parameter in dict.fromkeys(p.parameter for p in model.predictors):
        labels = [label for p in model.predictors if p.parameter == parameter for label in p.labels]
        coords[names.common_dim(parameter)] = labels
    for group, blocks in model.groups.items():
        pairs = sorted((c, e) for b in blocks for c, e in zip(b.columns, b.effects, strict=True))
        effects = [e for _, e in pairs]
        scaled = [label for label, _ in sd_rows(blocks)]
        coords[names.level_dim(group)] = list(blocks[0].levels)
        coords[names.effect_dim(group)] = coords[names.effect_dim2(group)] = effects
        coords |= dict.fromkeys(correlation_dims(blocks), correlation_effects(blocks))
        if len(scaled) < len(effects):
            coords[names.sd_dim(group)] = scaled
        for row in coefficient_rows(blocks):
            if row.label is not None:
                coords.setdefault(names.row_dim(row.variable), []).append(row.label)
        if group in model.scales:
            coords[names.scale_dim(group)] = list(model.scales[group].labels)
    for block in model.smooths:
        coords[names.effect_dim(block.group)] = list(block.effects)
    functions = [a.label for a in model.assignments if a.variable == names.VARIANCE]
    if functions:
        coords[names.VARIANCE_DIM] = functions
    if model.residual is not None:
        coords[names.RESIDUAL_DIM] = list(model.residual.labels)
    for hyper in hypers_of(model):
        if hyper.label is not None or hyper.labels:
            coords.setdefault(names.row_dim(hyper.variable), []).extend(hyper.labels or [hyper.label])
    if model.responses[0].label is not None:
        for parameter in dict.fromkeys(p for r in model.responses for p in r.free):
            coords[names.response_dim(parameter)] = [r.name for r in model.responses if parameter in r.free]
    return coords | element_labels(model)


def build_graph(model: Model) -> pm.Model:
    """The PyMC model that is the meaning of ``model``.

    Raises
    ------
    ModelError
        When a free variable would not influence any observation.
    """
    with pm.Model(coords=coordinates(model)) as graph:
        before = settled(model)
        model = before.model
        hosts = hosting(model)
        effects = common_effects(model, hosts)
        columns = {group: group_effects(model, group, hosts, effects) for group in model.groups}
        curves = {block.group: smooth_effects(model, block) for block in model.smooths}
        index = {group: _index(blocks[0]) for group, blocks in model.groups.items()}
        free = dict(before.free or free_parameters(model)) | vector_parameters(model)
        factors = variance_parameters(model)
        rescor = residual_coefficients(model)
        for position, response in enumerate(model.responses):
            etas = {
                p.parameter: _predictor(
                    model,
                    p,
                    fixed_part(p, response.label and str(position + 1), effects, hosts),
                    columns,
                    index,
                    curves,
                )
                for p in model.predictors
                if p.response == response.name
            }
            observe(response, position, scaled(model, response, etas, factors), free, model.residual, rescor)
    _check_used(graph)
    return graph


def _index(block: GroupBlock) -> Tensor:
    """The level of every row, or the levels of a multi-membership."""
    name = names.data("index", block.group)
    if block.members is None:
        return pm.Data(name, block.codes.astype(np.int64), dims=names.OBS)
    return pm.Data(name, block.members.codes, dims=(names.OBS, names.member_dim(block.group)))


def _predictor(
    model: Model,
    predictor: ModelPredictor,
    eta: Tensor,
    columns: dict[str, Columns],
    index: dict[str, Tensor],
    curves: dict[str, Tensor],
) -> Tensor:
    """η = offset + X b + Σ Z r, shape (obs,), from its fixed part."""
    for block in model.smooths:
        part = smooth_part(block, predictor.response, predictor.parameter, curves[block.group])
        if part is not None:
            eta = eta + part
    for block in model.blocks:
        part = group_part(block, predictor.response, predictor.parameter, columns[block.group], index[block.group])
        if part is not None:
            eta = eta + part
    return eta


def _check_used(graph: pm.Model) -> None:
    """Every free variable is an ancestor of an observed one."""
    used = set(ancestors([*graph.observed_RVs, *graph.potentials]))
    idle = [rv.name for rv in graph.free_RVs if rv not in used]
    if idle:
        raise ModelError(
            f"{', '.join(map(str, idle))} would not influence any observation.", hint="This is a bug; please report it."
        )
