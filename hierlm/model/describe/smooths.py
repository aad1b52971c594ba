"""Smooths in equations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hierlm import names
from hierlm.model.describe.notation import Notation, Statement

if TYPE_CHECKING:
    from hierlm.design.smooths import Piece, SmoothCoding
    from hierlm.model.model import Model
    from hierlm.model.values import ModelPredictor

__all__ = ["free_labels", "smooth_equations", "smooth_terms"]

MOST_CURVES = 3
"""Of the curves of one term, one a level of ``by``, so many are written out."""


def _codings(model: Model, predictor: ModelPredictor) -> tuple[SmoothCoding, ...]:
    return model.design.schema.smooths.get((predictor.response, predictor.parameter), ())


def free_labels(model: Model, predictor: ModelPredictor) -> set[str]:
    """The common effects of a predictor that belong to smooths."""
    codings = _codings(model, predictor)
    return {label for coding in codings for piece in coding.pieces for label in coding.free_labels(piece)}


def smooth_terms(model: Model, predictor: ModelPredictor, n: Notation) -> list[str]:
    """The smooths of a linear predictor, by their names: ``s(x)ᵢ``."""
    response = next(r for r in model.responses if r.name == predictor.response)
    return [
        n.row(n.words(names.effect_label(response.label, predictor.parameter, coding.term.label)))
        for coding in _codings(model, predictor)
    ]


def smooth_equations(model: Model, n: Notation) -> Iterator[list[Statement]]:
    """What every smooth is: free columns, penalised columns, and the distribution of their coefficients."""
    for predictor in model.predictors:
        response = next(r for r in model.responses if r.name == predictor.response)
        for coding in _codings(model, predictor):
            lines: list[Statement] = []
            for piece in coding.pieces[:MOST_CURVES]:
                lines += _curve(coding, piece, predictor, response.label, n)
            left = len(coding.pieces) - MOST_CURVES
            if left > 0:
                lines.append(Statement(note=n.words(f"and {left} more, one for each level of {coding.term.by}")))
            yield lines


def _curve(
    coding: SmoothCoding, piece: Piece, predictor: ModelPredictor, response: str | None, n: Notation
) -> list[Statement]:
    """One curve or surface: s(x)ᵢ = b (x − mean)ᵢ + Σₖ Z r, r ~ N(0, sd²)."""
    parameter = predictor.parameter
    multiplies = coding.by is not None and coding.levels is None
    columns = [f"{name.replace(':', ' − mean) (')} − mean" for name in piece.free_names]
    columns = [f"({c})" if " (" in c else c for c in columns]
    if multiplies:
        columns = [str(coding.term.by), *(f"({c}) {coding.term.by}" for c in columns)]
    terms = []
    for label, column in zip(coding.free_labels(piece), columns, strict=True):
        coefficient = n.coefficient(parameter, names.effect_label(response, names.MEAN, label))
        terms.append(f"{coefficient} {n.times} {n.column(column)}")
    drawn = []
    for part, C in zip(piece.part_labels, piece.projections, strict=True):
        group = names.effect_label(response, parameter, part)
        effect = n.curve(group)
        terms.append(n.weighted(effect))
        sizes = n.words(f"k = 1, …, {C.shape[1]}")
        drawn.append(Statement(effect, n.similar, (f"N(0, {n.squared(n.sd(group))})",), sizes))
    where = (
        f"where {coding.term.by} is {coding.levels[piece.level]}" if coding.levels and piece.level is not None else ""
    )
    left = names.effect_label(response, parameter, coding.term.label)
    return [Statement(n.row(n.words(left)), "=", tuple(terms), n.words(where) if where else ""), *drawn]
