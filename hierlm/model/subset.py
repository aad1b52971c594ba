"""A model of some of its rows: the same columns, levels, priors and transforms, fewer data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierlm.design.values import (
    Common,
    CorrelatedRows,
    Design,
    Groups,
    PredictorDesign,
    Response,
    SmoothPart,
    VarianceColumns,
)
from hierlm.errors import ModelError
from hierlm.model.model import Model
from hierlm.model.residuals import ResidualCorrelation
from hierlm.model.values import GroupBlock, ModelPredictor, ModelResponse, Piece, VariancePart

__all__ = ["subset", "unknown_parts"]

WHOLE = ("formula", "assignments", "options", "pymc", "scales")
"""What a model of fewer rows has unchanged …"""
IN_ROWS = ("design", "responses", "predictors", "blocks", "smooths", "residual")
"""… and what it has of these rows only."""
PLAIN = (
    "group", "factors", "levels", "codes", "effects", "columns", "covariance", "structure", "pieces", "centred",
    "label", "process",
)  # fmt: skip
"""Fields of a group term whose levels are independent …"""
OF_LEVELS = ("relation", "related_by", "inhabited")
"""… and those that say how they are related, or which there are, whatever the rows."""
OF_ALL = (*OF_LEVELS, "coefficients")
"""Fields of any value that stay as they are."""

ROWED = (
    Common, CorrelatedRows, Design, Groups, GroupBlock, ModelPredictor, ModelResponse, Piece, PredictorDesign,
    ResidualCorrelation, Response, SmoothPart, VarianceColumns, VariancePart,
)  # fmt: skip
"""The values whose arrays have a row of data along their first axis."""


def subset(model: Model, keep: NDArray[np.int64]) -> Model:
    """The model given only some of its rows.

    Nothing is learnt anew: the coding of factors, transforms such as ``scale(x)``, the priors and all levels stay, so
    that its posterior is that of the same parameters given fewer data.  Levels without rows have their effects from the
    population.

    Parameters
    ----------
    model : Model
    keep : (m,) int array
        Positions among the model's rows, in ascending order.

    Raises
    ------
    ModelError
        When no row is left.

    Examples
    --------
    >>> import hierlm as hl
    >>> model = hl.Model("Reaction ~ Days + (Days | Subject)", hl.load_data("sleepstudy"))
    >>> part = subset(model, np.arange(10, 180))
    >>> part.design.n, len(part.blocks[0].levels), part.priors().equals(model.priors())
    (170, 18, True)
    """
    n = model.design.n
    keep = np.asarray(keep, dtype=np.int64)
    if not len(keep) or keep.min() < 0 or keep.max() >= n:
        raise ModelError("A model needs some of its rows.", hint=f"Positions lie between 0 and {n - 1}.")
    _check_known(model)
    made = object.__new__(Model)
    state = {name: value if name in WHOLE else _taken(value, keep, n) for name, value in vars(model).items()}
    state.pop("pymc", None)
    state["design"] = replace(state["design"], n=len(keep))
    made.__dict__.update(state)
    return made


def _check_known(model: Model) -> None:
    """Refuse what was added to models later and may have rows in a form that is not known here."""
    strange = [name for name in vars(model) if name not in (*WHOLE, *IN_ROWS)]
    for block in model.blocks:
        strange += [part for part in unknown_parts(block) if part not in OF_LEVELS]
    if strange:
        raise ModelError(
            f"A model with '{strange[0]}' cannot be fitted to some of its rows.",
            hint="Make a model of those rows: hl.Model(formula, data[rows]).",
        )


def unknown_parts(block: GroupBlock) -> list[str]:
    """Fields of a group term beyond independent levels with a covariance each, as far as they are set."""
    given = {f.name: (getattr(block, f.name), f.default) for f in fields(block) if f.name not in PLAIN}
    return [name for name, (value, default) in given.items() if value is not None and value is not default]


def _taken(value: Any, keep: NDArray[np.int64], n: int) -> Any:
    """Rows of every array in the values that have rows; everything else is left as it is."""
    if isinstance(value, np.ndarray):
        return value[keep] if value.ndim and len(value) == n else value
    if isinstance(value, tuple) and any(isinstance(v, ROWED) for v in value):
        return tuple(_taken(v, keep, n) for v in value)
    if isinstance(value, tuple) and any(is_dataclass(v) for v in value):
        raise ModelError(
            f"A model with a {type(value[0]).__name__} cannot be fitted to some of its rows.",
            hint="Make a model of those rows: hl.Model(formula, data[rows]).",
        )
    if isinstance(value, Mapping) and any(isinstance(v, (*ROWED, np.ndarray)) for v in value.values()):
        return {key: _taken(v, keep, n) for key, v in value.items()}
    if is_dataclass(value) and isinstance(value, ROWED):
        rowed = [f.name for f in fields(value) if f.name not in OF_ALL]
        return replace(value, **{name: _taken(getattr(value, name), keep, n) for name in rowed})
    return value
