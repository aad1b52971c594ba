"""A model with another response: the same rows, columns, levels, priors and transforms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hierlm.design.column import Column
from hierlm.design.table import Table
from hierlm.design.values import Design, Response
from hierlm.errors import ModelError
from hierlm.model.model import Model

__all__ = ["picklable", "with_responses"]


def picklable(model: Model) -> Model:
    """The model without the PyMC graph that it may have built, so that it can be sent to another process."""
    made = object.__new__(Model)
    made.__dict__.update(vars(model))
    made.__dict__.pop("pymc", None)
    return made


def with_responses(model: Model, values: Mapping[str, NDArray[np.float64]]) -> Model:
    """The model given other values of its responses.

    Nothing is learnt anew: also the default priors, whose scale is that of the first response, stay as they are.  The
    values are not checked again; a drawn response may well be one that :class:`Model` would warn of.

    Parameters
    ----------
    model : Model
    values : mapping of response to (n,) array
        Of every response, as numbers of the family's support (:attr:`ModelResponse.y`).

    Raises
    ------
    ModelError
        When a response is missing, or of another length.

    Examples
    --------
    >>> import hierlm as hl
    >>> model = hl.Model("Reaction ~ Days + (Days | Subject)", hl.load_data("sleepstudy"))
    >>> other = with_responses(model, {"Reaction": np.arange(180.0)})
    >>> other.responses[0].y[:3].tolist(), other.priors().equals(model.priors())
    ([0.0, 1.0, 2.0], True)
    """
    n = model.design.n
    taken = {r.name: np.array(values[r.name], dtype=np.float64) for r in model.responses if r.name in values}
    for response in model.responses:
        if response.name not in taken or taken[response.name].shape != (n,):
            raise ModelError(f"The model needs {n} values of '{response.name}'.", hint="Give one for every row.")
        taken[response.name].setflags(write=False)
    made = picklable(model)
    made.__dict__["responses"] = tuple(replace(r, y=taken[r.name]) for r in model.responses)
    made.__dict__["design"] = _design(model.design, taken)
    return made


def _design(design: Design, values: Mapping[str, NDArray[np.float64]]) -> Design:
    """The design with the new values; where a response is no column of numbers, its column goes."""
    responses = tuple(_response(r, values[r.name]) for r in design.responses)
    table = design.schema.table
    columns: dict[str, Column] = dict(table.columns)
    for plan, response in zip(design.schema.responses, design.responses, strict=True):
        for name in plan.expression.columns:
            column = columns.pop(name)
            if column.levels is None and plan.expression.text == name and response.levels is None:
                columns[name] = replace(column, values=values[response.name])
    schema = replace(design.schema, table=Table(columns, table.rows, table.kind))
    return replace(design, responses=responses, schema=schema)


def _response(response: Response, y: NDArray[np.float64]) -> Response:
    return replace(response, values=y if response.levels is None else np.zeros(0))
