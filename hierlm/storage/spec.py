"""A model as JSON and columns, and back: rebuilt from its text, as a user would."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import xarray as xr

from hierlm import names
from hierlm.covariances.handed import KINDS
from hierlm.covariances.relation import Relation
from hierlm.design import Table
from hierlm.design.column import Kind
from hierlm.design.table import KINDS as FRAMES
from hierlm.errors import DataWarning, StorageError
from hierlm.families.family import Family
from hierlm.graph import coordinates
from hierlm.model import Model
from hierlm.model.coefficients import coefficient_rows
from hierlm.model.joint import hypers_of
from hierlm.model.values import correlation_dims
from hierlm.priors import LKJ, Conditional, JointPrior, Prior, prior_from_json
from hierlm.priors.dirichlet import Dirichlet
from hierlm.priors.fixed import Fixed
from hierlm.storage.archive import DAMAGED

__all__ = [
    "DATA",
    "MATRICES",
    "check_draws",
    "columns_of",
    "matrices_of",
    "model_of",
    "priors_of",
    "spec_of",
    "table_of",
]

Json = dict[str, Any]
Extra = Mapping[str, Callable[..., Any]]
ROW = "row"
DATA, MATRICES = "data", "matrices"
"""Groups of the archive: the columns of the data, and what was handed over by name."""


def spec_of(model: Model) -> Json:
    """Everything that :class:`Model` was given but the data, and what it made of it, as JSON."""
    given = model.options
    families = [given.family] if isinstance(given.family, (str, Family)) else list(given.family)
    return {
        "formula": model.formula.text,
        "family": [f.name if isinstance(f, Family) else f for f in families],
        "link": given.link if given.link is None or isinstance(given.link, str) else dict(given.link),
        "priors": {key: _prior_json(value) for key, value in given.priors.items()},
        "random": given.random,
        "residual": given.residual,
        "missing": given.missing,
        "parameterization": given.parameterization
        if isinstance(given.parameterization, str)
        else dict(given.parameterization),
        "extra": sorted(given.extra),
        "frames": model.data.kind,
        "matrices": {name: [relation.kind, list(relation.labels)] for name, relation in given.matrices.items()},
        "resolved": {
            "families": [r.family.name for r in model.responses],
            "links": [{p: link.name for p, link in r.links.items()} for r in model.responses],
            "priors": priors_of(model),
        },
    }


def priors_of(model: Model) -> dict[str, Json]:
    """The prior of every parameter, defaults included."""
    return {a.name: _prior_json(a.prior) for a in model.assignments}


def matrices_of(model: Model) -> dict[str, xr.Dataset]:
    """The numbers of every matrix that was handed over, in their order."""
    return {
        f"{MATRICES}/{i}": xr.Dataset(
            {name: (tuple(f"{name}_{d}" for d in range(a.ndim)), a) for name, a in relation.arrays().items()}
        )
        for i, relation in enumerate(model.options.matrices.values())
    }


def _relations(spec: Json, tree: xr.DataTree) -> dict[str, Relation]:
    """The matrices that :func:`matrices_of` stored.

    Raises
    ------
    StorageError
        When one is not described as there.
    """
    found: dict[str, Relation] = {}
    for i, (name, described) in enumerate(spec.get("matrices", {}).items()):
        kind, labels = described
        path = f"{MATRICES}/{i}"
        if kind not in KINDS or not all(isinstance(v, str) for v in labels) or f"/{path}" not in tree.groups:
            raise StorageError(f"The archive does not hold the matrix {name!r}.", hint=DAMAGED)
        arrays = {str(n): a.to_numpy() for n, a in tree[path].to_dataset().data_vars.items()}
        found[name] = KINDS[kind].from_arrays(labels, arrays)
    return found


def model_of(spec: Json, tree: xr.DataTree, extra: Extra) -> Model:
    """The model that ``spec`` and the columns and matrices of ``tree`` describe, with the priors that it had.

    Raises
    ------
    StorageError
        When functions are missing, or this version of hierlm reads the model as another one.
    """
    absent = [name for name in spec["extra"] if name not in extra]
    if absent:
        raise StorageError(
            f"The formula calls {', '.join(absent)}, which cannot be stored.",
            hint=f"Hand it in again: hl.load(path, extra={{'{absent[0]}': …}}).",
        )
    functions = {name: extra[name] for name in spec["extra"]}
    frames = spec.get("frames", FRAMES[0])
    if frames not in FRAMES:
        raise StorageError(f"The archive holds frames of an unknown kind: {frames!r}.", hint=DAMAGED)
    table = replace(table_of(tree[DATA].to_dataset()), kind=frames)
    relations = _relations(spec, tree)
    model = _build(spec, table, functions, relations, spec["priors"])
    resolved = spec["resolved"]
    if priors_of(model) != resolved["priors"]:  # the default priors have changed since
        if priors_of(model).keys() != resolved["priors"].keys():
            raise StorageError("This version of hierlm gives the stored model other parameters.", hint=_VERSION)
        hypers = {a.name for a in model.assignments if a.variable in {h.variable for h in hypers_of(model)}}
        kept = {name: prior for name, prior in resolved["priors"].items() if name not in hypers}
        model = _build(spec, table, functions, relations, kept)
    if spec_of(model)["resolved"] != resolved:
        raise StorageError("This version of hierlm reads the stored model as another one.", hint=_VERSION)
    return model


_VERSION = "Load it with the version that wrote it (fit.provenance['versions'])."


def _build(
    spec: Json, table: Table, extra: Extra, relations: Mapping[str, Relation], priors: Mapping[str, Any]
) -> Model:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # said when the model was made
        return Model(
            spec["formula"],
            table,
            spec["family"],
            link=spec["link"],
            priors={key: _prior(value) for key, value in priors.items()},
            random=spec["random"],
            residual=spec["residual"],
            missing=spec["missing"],
            parameterization=spec["parameterization"],
            extra=extra,
            matrices=relations,
        )


def _prior_json(prior: Any) -> Json:
    if isinstance(prior, (Prior, LKJ, Fixed, JointPrior, Conditional, Dirichlet)):
        return dict(prior.to_json())
    return Fixed(float(prior)).to_json()


def _prior(found: Any) -> Prior | LKJ | Fixed | JointPrior:
    if isinstance(found, dict) and found.keys() == {"fixed"}:
        return Fixed(float(found["fixed"]))
    return prior_from_json(found)


def columns_of(model: Model) -> xr.Dataset:
    """The columns that the model uses, as numbers or codes with their levels in the attributes."""
    table = model.design.schema.table
    arrays = table.arrays()
    variables = {
        f"column_{i}": (ROW, arrays[described["name"]], described) for i, described in enumerate(table.describe())
    }
    return xr.Dataset(variables, coords={ROW: table.rows})


def table_of(columns: xr.Dataset) -> Table:
    """The table that :func:`columns_of` was made from.

    Raises
    ------
    StorageError
        When a column is not described as :func:`columns_of` does it.
    """
    found = [columns[f"column_{i}"] for i in range(len(columns.data_vars))]
    described = [dict(c.attrs) for c in found]
    for entry in described:
        _check_column(entry)
    if ROW not in columns.coords:
        raise StorageError("The archive does not say which rows its columns have.", hint=DAMAGED)
    arrays = {d["name"]: c.to_numpy() for d, c in zip(described, found, strict=True)}
    return Table.from_parts(described, arrays, columns[ROW].to_numpy())


def _check_column(entry: Json) -> None:
    levels = entry.get("levels")
    sound = (
        entry.keys() == {"name", "kind", "levels", "ordered"}
        and isinstance(entry["name"], str)
        and entry["kind"] in get_args(Kind)
        and isinstance(entry["ordered"], bool)
        and (levels is None or (isinstance(levels, list) and all(isinstance(level, str) for level in levels)))
        and (levels is None) == (entry["kind"] == "numeric")
    )
    if not sound:
        raise StorageError(f"The archive describes a column in a way that hierlm does not: {entry}.", hint=DAMAGED)


def check_draws(model: Model, tree: xr.DataTree) -> None:
    """Refuse draws that are not those of ``model``.

    Raises
    ------
    StorageError
        When a variable is missing, has other labels, or is not finite.
    """
    if "posterior" not in tree.children:
        raise StorageError("The archive holds no posterior draws.", hint=DAMAGED)
    posterior, labels = tree["posterior"].to_dataset(), coordinates(model)
    for variable, dims in _expected(model).items():
        if variable not in posterior:
            priors = [a.prior for a in model.assignments if a.variable == variable]
            if priors and all(isinstance(p, Fixed) for p in priors):
                continue
            raise StorageError(f"The archive holds no draws of '{variable}'.", hint=DAMAGED)
        array = posterior[variable]
        if array.dims != ("chain", "draw", *dims) or array.size == 0:
            raise StorageError(f"The draws of '{variable}' have the dimensions {array.dims}.", hint=DAMAGED)
        for dim in dims:
            if [str(v) for v in array[dim].to_numpy()] != [str(v) for v in labels[dim]]:
                raise StorageError(
                    f"The draws of '{variable}' are labelled for another model (dimension '{dim}').", hint=DAMAGED
                )
        if array.dtype != np.float64 or not np.isfinite(array.to_numpy()).all():
            raise StorageError(f"The draws of '{variable}' are not all finite numbers.", hint=DAMAGED)


_SHARED = {names.VARIANCE: names.VARIANCE_DIM, names.RESIDUAL: names.RESIDUAL_DIM}


def _expected(model: Model) -> dict[str, tuple[str, ...]]:
    """Every variable of the posterior with its dimensions."""
    labels = coordinates(model)
    found: dict[str, tuple[str, ...]] = {}
    for predictor in model.predictors:
        if predictor.labels:
            found[names.common(predictor.parameter)] = (names.common_dim(predictor.parameter),)
    for group in model.groups:
        effect = names.effect_dim(group)
        for row in coefficient_rows(model.groups[group]):
            found[row.variable] = () if row.label is None else (names.row_dim(row.variable),)
        if any(a.variable == names.sd(group) for a in model.assignments):
            found[names.sd(group)] = (names.sd_dim(group) if names.sd_dim(group) in labels else effect,)
        if any(a.variable == names.cor(group) for a in model.assignments):
            found[names.cor(group)] = correlation_dims(model.groups[group])
        found[names.effects(group)] = (names.level_dim(group), effect)
        if group in model.scales:
            found[names.scale(group)] = (names.scale_dim(group),)
    for block in model.smooths:
        found[names.sd(block.group)] = ()
        found[names.effects(block.group)] = (names.effect_dim(block.group),)
    found |= {h.variable: (names.row_dim(h.variable),) if h.label or h.labels else () for h in hypers_of(model)}
    variables = {a.variable for a in model.assignments}
    found |= {v: (d,) for v, d in _SHARED.items() if v in variables}
    for response in model.responses:
        for parameter in response.free:
            found[parameter] = () if response.label is None else (names.response_dim(parameter),)
        found |= {name: (names.element_dim(name),) for name in response.elements}
    return found
