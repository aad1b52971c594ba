"""A formula and data to a design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hierlm import names
from hierlm.design.checks import check_known, complete
from hierlm.design.common import read_terms
from hierlm.design.evaluate import Evaluator, Extra
from hierlm.design.groups import GroupCoding, fit_groups
from hierlm.design.predictor import Key, PredictorPlan, plan_predictor
from hierlm.design.rank import warn_rank, warn_scales
from hierlm.design.residuals import columns_of_residuals, correlated_rows
from hierlm.design.response import ResponsePlan, plan_response
from hierlm.design.scales import fit_scale
from hierlm.design.schema import Schema
from hierlm.design.smooths import SmoothCoding, fit_smooths
from hierlm.design.suspicions import warn_suspicions
from hierlm.design.table import Table, available, read_table
from hierlm.design.values import Design, PredictorDesign
from hierlm.formula.values import Formula

__all__ = ["build"]


def build(
    formula: Formula,
    data: Any,
    *,
    missing: str = "error",
    extra: Extra | None = None,
    related: Mapping[str, Sequence[str]] | None = None,
    every_category: bool = False,
) -> Design:
    """Apply a formula to data.

    Parameters
    ----------
    formula : Formula
        From :func:`hierlm.formula.parse`.
    data : pandas, polars or pyarrow frame, mapping of arrays, or Table
        Only the columns that the formula names are read, as copies.
    missing : {"error", "drop"}
        What to do with rows that have missing or infinite values in those columns.
    extra : mapping of str to callable, optional
        The user's own functions that the formula calls; each must treat every row by itself.
    related : mapping of str to sequence of str, optional
        Name of a relation → the labels that it relates.
    every_category : bool
        Whether ordered categories of a response are kept where no row has them.

    Returns
    -------
    Design
        Arrays read-only.

    Raises
    ------
    FormulaError
        For a column that is not there.
    DataError
        For data that cannot be modelled: named with column and rows.

    Warns
    -----
    DataWarning
        Dropped rows, redundant columns, wild scales, numbers read as text, codes for missing values, stray blanks.

    Examples
    --------
    >>> from hierlm.formula import parse
    >>> design = build(parse("y ~ x + (1 | g)"), {"y": [1, 2, 4], "x": [0.5, 1, 2], "g": ["b", "a", "b"]})
    >>> predictor = design.predictors["y", "mu"]
    >>> predictor.common.labels, predictor.groups[0].levels, predictor.groups[0].codes.tolist()
    (('Intercept', 'x'), ('a', 'b'), [1, 0, 1])
    """
    responses = tuple(plan_response(term) for term in formula.responses)
    plans = tuple(plan_predictor(predictor) for predictor in formula.predictors)
    table, notes = _training_table(formula, data, missing, responses, plans, every_category)
    on = Evaluator(table, dict(extra or {}))
    read = tuple(r.apply(on) for r in responses)
    predictors: dict[Key, PredictorDesign] = {}
    codings: dict[Key, tuple[GroupCoding, ...]] = {}
    curves: dict[Key, tuple[SmoothCoding, ...]] = {}
    for plan in plans:
        curves[plan.key] = fit_smooths(plan.predictor, on)
        smooths = [coding.apply(on) for coding in curves[plan.key]]
        common = plan.common(on, smooths)
        warn_rank(common.X, common.labels, f"In {plan.key[1]} of {plan.key[0]}")
        warn_scales(common.X, common.labels)
        pairs = [fit_groups(bar, terms, on, related) for bar, terms in zip(plan.predictor.bars, plan.bars, strict=True)]
        parts = tuple(part for columns in smooths for part in columns.parts)
        predictors[plan.key] = PredictorDesign(
            *plan.key, common, tuple(groups for groups, _ in pairs), parts, plan.variances(on)
        )
        codings[plan.key] = tuple(coding for _, coding in pairs)
    every = {g.bar.group: g for p in reversed(predictors.values()) for g in reversed(p.groups)}
    scales = {term.group: fit_scale(term, every[term.group], on) for term in formula.scales}
    correlated = None if formula.correlation is None else correlated_rows(formula.correlation, on)
    schema = Schema(formula, table, on.extra, on.fitted, responses, plans, codings, notes, curves, scales)
    rows = {g: coding.scale for g, coding in scales.items()}
    return Design(formula, table.n, table.rows, read, predictors, schema, rows, correlated)


def _training_table(
    formula: Formula,
    data: Any,
    missing: str,
    responses: tuple[ResponsePlan, ...],
    plans: tuple[PredictorPlan, ...],
    every_category: bool,
) -> tuple[Table, tuple[str, ...]]:
    """The used columns, complete and without unused levels, and notes on what was left out."""
    needed = dict.fromkeys([*(c for r in responses for c in r.columns()), *(c for p in plans for c in p.columns())])
    needed |= dict.fromkeys(columns_of_residuals(formula.correlation))
    needed |= dict.fromkeys(c for scale in formula.scales for c in read_terms(scale.common).columns)
    present = available(data)
    columns = [c for c in needed if c != names.UNITS or c in present]
    check_known(formula, data, columns)
    table = complete(read_table(data, columns), missing)
    kept, notes = dict(table.columns), []
    whole = {c for r in responses for c in r.columns()} if every_category else set()
    for name, column in table.columns.items():
        if name in whole and column.ordered:
            continue
        kept[name], unused = column.without_unused()
        if unused:
            shown = ", ".join(unused[:5]) + (", …" if len(unused) > 5 else "")
            notes.append(f"{name}: {len(unused)} unused level{'s' if len(unused) > 1 else ''} dropped ({shown}).")
    table = replace(table, columns=kept)
    warn_suspicions(table, {f for p in formula.predictors for bar in p.bars for f in bar.factors})
    return table, tuple(notes)
