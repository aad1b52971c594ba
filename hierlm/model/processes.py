"""Residual correlation of families without residuals: a latent process on the linear predictor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hierlm import names
from hierlm.errors import FormulaError
from hierlm.families.family import Family
from hierlm.formula.values import Bar, Formula, ResidualTerm

__all__ = ["with_process"]


def with_process(formula: Formula, families: Sequence[Family]) -> Formula:
    """The formula with ``residual=`` as a group term of the mean, where the family has no residuals of its own.

    η_i gets e_i, its values within one block together normal with covariance σ² R.  So the process is known to all
    that knows group terms, under the grouping of its blocks.

    Raises
    ------
    FormulaError
        Where all rows are one block and a column has the name that the block gets.
    """
    term, family = formula.correlation, families[0]
    if term is None or family.errors is not None:
        return formula
    if not term.factors and any(b.group == names.EVERYTHING for p in formula.predictors for b in p.bars):
        raise FormulaError(
            f"The block of {term.text} would have the name of the column {names.EVERYTHING!r}.",
            text=formula.source,
            start=term.start,
            stop=term.stop,
            hint="Rename the column.",
        )
    predictors = tuple(
        replace(p, bars=(*p.bars, _bar(term))) if p.parameter == names.MEAN else p for p in formula.predictors
    )
    return replace(formula, predictors=predictors, correlation=None)


def _bar(term: ResidualTerm) -> Bar:
    effects = " + ".join(["0", *term.positions]) if term.positions else "1"
    return Bar(
        effects,
        term.factors,
        "residual",
        text=term.text,
        start=term.start,
        stop=term.stop,
        needs="coordinates",
        process=term,
    )
