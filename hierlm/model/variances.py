"""Variance functions of a model: which there are, where their parameters lie, and what log sd they add."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierlm import names
from hierlm.design.values import Design, VarianceColumns
from hierlm.errors import DataError, FormulaError, ModelError
from hierlm.links import get_link
from hierlm.model.values import ModelResponse, VariancePart
from hierlm.priors.prior import Prior
from hierlm.variances import get_variance

__all__ = ["VarianceRow", "log_factor", "variance_parts", "variance_rows"]

Tensor = Any
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class VarianceRow:
    """One parameter of a variance function.

    Parameters
    ----------
    label : str
        ``"varPower(x)"``, ``"varIdent(f):b"``, ``"varConstPower(x | f):const:a"``.
    prior : Prior
        Where the user gives none.
    """

    label: str
    prior: Prior


def variance_parts(
    design: Design, responses: Sequence[ModelResponse], response: str, parameter: str
) -> tuple[VariancePart, ...]:
    """The variance functions in one predictor.

    Raises
    ------
    FormulaError, ModelError, DataError
        When the family has no residual scale, its link is not the log, a function is given twice, or its covariate is
        not positive where it must be.
    """
    columns = design.predictors[response, parameter].variances
    if not columns:
        return ()
    owner = next(r for r in responses if r.name == response)
    term = columns[0].term
    place = {"text": design.formula.source, "start": term.start, "stop": term.stop}
    if parameter != owner.family.residual_scale:
        raise FormulaError(
            f"{term.function}() is a function of a residual standard deviation, and {parameter!r} of "
            f"{owner.family.name} is none.",
            hint="It goes into the formula of 'sigma' of gaussian, student_t and lognormal; elsewhere write a term: "
            f"{parameter} ~ log(x).",
            **place,  # type: ignore[arg-type]
        )
    if owner.links[parameter] != get_link("log"):
        raise ModelError(
            f"{term.text} multiplies '{parameter}', which then has the log link, not {owner.links[parameter].name}.",
            hint="Leave link= out.",
        )
    found: list[VariancePart] = []
    for each in columns:
        part = _part(design, owner, each)
        if any(part.label == other.label for other in found):
            raise FormulaError(
                f"{part.label} is given twice; the two could not be told apart.",
                text=design.formula.source,
                start=each.term.start,
                stop=each.term.stop,
                hint="Keep one.",
            )
        found.append(part)
    return tuple(found)


def _part(design: Design, response: ModelResponse, columns: VarianceColumns) -> VariancePart:
    term, function = columns.term, get_variance(columns.term.function)
    if function.positive and columns.v is not None and (columns.v <= 0).any():
        raise DataError(
            f"{term.text} needs a covariate above zero, and {term.covariate!r} is not",
            column=term.covariate,
            rows=design.rows[columns.v <= 0].tolist(),
            hint="Shift or scale it, or use varExp( ), which takes any number.",
        )
    label = names.effect_label(response.label, names.MEAN, term.label)
    labels = {
        parameter: tuple(
            ":".join([label, *([parameter] if len(function.parameters) > 1 else []), *stratum])
            for stratum in ([[level] for level in columns.levels[int(function.reference) :]] or [[]])
        )
        for parameter in function.parameters
    }
    covariate = "fitted" if term.fitted else term.covariate
    return VariancePart(function, label, covariate, columns.v, columns.codes, labels, response.links[names.MEAN])


def variance_rows(part: VariancePart, response: ModelResponse) -> list[VarianceRow]:
    """The parameters of one variance function with their default priors."""
    priors = part.function.default_priors(response.y if part.v is None else part.v)
    return [VarianceRow(label, priors[p]) for p in part.function.parameters for label in part.labels[p]]


def log_factor(
    part: VariancePart,
    values: Mapping[str, Tensor],
    mean: Tensor,
    at: Any = slice(None),
    *,
    v: Tensor = None,
    codes: Tensor = None,
) -> Tensor:
    """log g of every row, which is added to log σ.

    Parameters
    ----------
    values : mapping of str to tensor
        Label of a parameter → its value, of any shape that broadcasts against the rows.
    mean : tensor
        μ of the rows.
    at : slice or array
        The rows, where they are not all.
    v, codes : tensor, optional
        The covariate and the strata of the rows, in place of the part's.
    """
    own: dict[str, Tensor] = {}
    for parameter, labels in part.labels.items():
        vector = [values[label] for label in labels]
        if part.codes is None:
            (own[parameter],) = vector
            continue
        if part.function.reference:
            vector = [pt.ones_like(vector[0]), *vector]
        own[parameter] = _by_row(vector, _at(part.codes, at) if codes is None else codes)
    given = part.v if v is None else v
    return part.function.log(own, mean if given is None else _at(given, at))


def _at(values: Any, at: Any) -> Tensor:
    """Values of some rows; those that are in a graph already are of all rows."""
    return pt.constant(values[at]) if isinstance(values, np.ndarray) else values


def _by_row(vector: Sequence[Tensor], codes: Tensor) -> Tensor:
    """The value of each row's stratum: of (S, 1) draws (S, rows), of scalars (rows,)."""
    stacked = pt.concatenate([pt.atleast_1d(value) for value in vector], axis=-1)
    return stacked[..., codes]
