"""What cannot be learnt from the data, said before anything is sampled: errors for what is no model, warnings for what
only the priors decide.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.design.schema import Schema
from hierlm.errors import DataError, FormulaError, ModelError, did_you_mean, warn_data
from hierlm.families import FAMILIES
from hierlm.families.family import Family
from hierlm.formula import identifiers
from hierlm.formula.values import Formula, Predictor
from hierlm.model.assign import Assignment
from hierlm.model.separation import separated
from hierlm.model.values import GroupBlock, ModelPredictor, ModelResponse
from hierlm.priors.fixed import Fixed

__all__ = ["check_intercepts", "check_left_sides", "check_matrices", "check_residual", "warn_unidentified"]

Floats = NDArray[np.float64]


def check_left_sides(formula: Formula, present: Collection[str], families: Sequence[Family]) -> None:
    """Refuse a formula for a parameter that the family lacks, and responses that predict each other in a circle.

    Parameters
    ----------
    present : collection of str
        The columns of the data.
    families : sequence of Family

    Raises
    ------
    FormulaError
    """
    known = list(dict.fromkeys(p.name for family in families for p in family.parameters))
    called = " or ".join(dict.fromkeys(family.name for family in families))
    anywhere = {p.name for family in FAMILIES.values() for p in family.parameters}
    for position, response in enumerate(formula.responses):
        name = response.expression
        if name in present or not name.isidentifier():
            continue
        if name in known:
            message, hint = f"{name!r} is a parameter of {called}.", "The formula of its response comes first."
        elif position and name in anywhere:
            message, hint = f"{name!r} is no parameter of {called}.", f"It has: {', '.join(known)}."
        elif position:
            message = f"{name!r} is neither a column of the data nor a parameter of {called}."
            hint = did_you_mean(name, [*known, *present])
        else:
            continue
        start = response.start
        raise FormulaError(message, text=formula.source, start=start, stop=start + len(name), hint=hint)
    _check_circles(formula)


def _check_circles(formula: Formula) -> None:
    """Refuse y ~ z beside z ~ y: the product of the two is no joint distribution."""
    own = {r.name: set(identifiers(r.expression)) for r in formula.responses}
    needs: dict[str, set[str]] = {r: set() for r in own}
    for p in formula.predictors:
        used = {c for text in _texts(p) for c in identifiers(text)}
        needs[p.response] |= {r for r, columns in own.items() if r != p.response and columns & used}
    while free := [r for r, needed in needs.items() if not needed & needs.keys()]:
        for r in free:
            del needs[r]
    if needs:
        raise FormulaError(
            f"The responses {', '.join(map(repr, needs))} predict each other in a circle, which is no joint model.",
            hint="Leave one of them out of the other's right side; (1 | p | g) correlates group effects instead.",
        )


def check_matrices(formula: Formula, given: Collection[str]) -> None:
    """Refuse matrices that the formula names and nobody gave, and those that nobody needs.

    Raises
    ------
    FormulaError, ModelError
    """
    used: set[str] = set()
    for bar in (b for p in formula.predictors for b in p.bars):
        for name in (bar.matrix, bar.across):
            if name is None:
                continue
            used.add(name)
            if name not in given:
                near = did_you_mean(name, given) if given else f'Hand it over: matrices={{"{name}": …}}.'
                message = f"There is no matrix {name!r}."
                raise FormulaError(message, text=formula.source, start=bar.start, stop=bar.stop, hint=near)
    idle = [name for name in given if name not in used]
    if idle:
        raise ModelError(
            f"The formula does not name the matrix {idle[0]!r}.",
            hint=f"Write known(1 | g, {idle[0]}) or propto(0 + f | g, {idle[0]}), or leave it out.",
        )


def _texts(predictor: Predictor) -> Iterator[str]:
    yield from (predictor.common, *predictor.offsets, *(b.effects for b in predictor.bars))
    yield from (text for s in predictor.smooths for text in s.expressions)


def check_intercepts(predictors: Sequence[ModelPredictor], responses: Sequence[ModelResponse]) -> None:
    """Refuse common effects that add up to an intercept where something else is the intercept already.

    Raises
    ------
    ModelError
    """
    by_name = {r.name: r for r in responses}
    for p in predictors:
        response = by_name[p.response]
        declared = response.declared(p.parameter)
        if declared.intercept or not p.labels or not _spans(p.X, np.zeros(len(p.X), dtype=np.int64), 1):
            continue
        instead = " and ".join(response.elements) if declared.fixed is None else f"the value {declared.fixed:g}"
        raise ModelError(
            f"The common effects of '{p.parameter}' add up to an intercept, whose place {instead} takes in "
            f"{response.family.name}.",
            hint=f"Leave out '0 +': {p.parameter if p.parameter != names.MEAN else response.name} ~ … has no "
            "intercept of its own there.",
        )


def check_residual(formula: Formula, schema: Schema) -> None:
    """Refuse ``residual="idh(x):units"`` for a column that is no factor: it means one variance for each level.

    Raises
    ------
    DataError
    """
    if formula.residual is None:
        return
    for predictor in formula.predictors:
        if predictor.parameter == names.MEAN or predictor.text != formula.residual:
            continue
        for column in identifiers(predictor.common):
            if schema.table[column].levels is None:
                raise DataError(
                    f"residual={formula.residual!r} needs a factor, and {column!r} is numeric.",
                    column=column,
                    hint=f"Make it text, d[{column!r}].astype(str), for one residual sd per value; or write the "
                    f"formula {predictor.parameter} ~ {column} for one that changes with it.",
                )


def warn_unidentified(
    responses: Sequence[ModelResponse],
    predictors: Sequence[ModelPredictor],
    blocks: Sequence[GroupBlock],
    assignments: Sequence[Assignment],
) -> None:
    """Warn of what the data say nothing about.

    Warns
    -----
    DataWarning
        As many coefficients as rows; one observation per group beside a residual variance; groups that the common
        effects already describe; the same groups twice; separation.
    """
    fixed = {(a.variable, a.label) for a in assignments if isinstance(a.prior, Fixed)}
    for response in responses:
        mean = next(p for p in predictors if (p.response, p.parameter) == (response.name, names.MEAN))
        scales = [p for p in response.free if (p, response.label) not in fixed]
        scales += [p for p in response.links if p != names.MEAN]
        if scales and len(mean.X) <= mean.X.shape[1]:
            warn_data(
                f"{len(mean.X)} rows for {mean.X.shape[1]} coefficients of '{response.name}' leave nothing to learn "
                f"'{scales[0]}' from: it is what its prior says. Use fewer terms or more rows."
            )
        for block in blocks:
            _warn_block(block, response, mean, scales)
        _warn_separated(response, mean)
    _warn_same_groups(blocks)


def _warn_block(block: GroupBlock, response: ModelResponse, mean: ModelPredictor, scales: Sequence[str]) -> None:
    """Warn of a grouping of the mean whose standard deviation cannot be told from something else."""
    n = len(response.y)
    for piece in block.pieces:
        if (piece.response, piece.parameter) != (response.name, names.MEAN):
            continue
        if block.relation is not None or block.members is not None or block.covariance.structured(len(block.effects)):
            continue  # levels or effects that have something in common tell their variance from the residual one
        levels, k = len(block.levels), piece.Z.shape[1]
        constant = [e for e, z in zip(piece.effects, piece.Z.T, strict=True) if z[0] != 0 and np.ptp(z) == 0]
        if constant and levels == n and (scales or _is_binary(response)):
            sd = names.sd(block.group)
            if scales:
                why = f"'{sd}' and '{scales[0]}' can hardly be told apart, and the priors decide between them"
            else:
                why = f"a response of 0 and 1 says nothing about '{sd}', and the prior decides"
            warn_data(f"{block.group!r} has one row per level: {why}. Leave (1 | {block.group}) out.")
        elif k > 1 and levels * k >= n and scales:
            warn_data(
                f"{block.group!r} has {levels} × {k} effects for {n} rows beside '{scales[0]}': their standard "
                f"deviations can hardly be told from it. Use fewer effects, or more rows per level."
            )
        elif constant and levels <= mean.X.shape[1] and _spans(mean.X, block.codes, levels):
            warn_data(
                f"The common effects already give every level of {block.group!r} a mean of its own: only the priors "
                f"decide between these and (1 | {block.group}). Leave one of them out."
            )


def _warn_same_groups(blocks: Sequence[GroupBlock]) -> None:
    """Warn of groupings under two names that put the same rows together and have an effect in common."""
    for i, block in enumerate(blocks):
        for other in blocks[:i]:
            if block.members is not None or other.members is not None or block.relation is not other.relation:
                continue
            if block.group == other.group or len(block.levels) != len(other.levels) or not _share(block, other):
                continue
            if len(np.unique(np.column_stack([block.codes, other.codes]), axis=0)) == len(block.levels):
                warn_data(
                    f"{other.group!r} and {block.group!r} put the same rows together: only the priors decide between "
                    "their effects. Leave one of them out."
                )


def _share(block: GroupBlock, other: GroupBlock) -> bool:
    """Whether both have an effect on the same parameter with the same column."""
    return any(
        (p.response, p.parameter) == (q.response, q.parameter) and np.array_equal(z, w)
        for p in block.pieces
        for q in other.pieces
        for z in p.Z.T
        for w in q.Z.T
    )


def _is_binary(response: ModelResponse) -> bool:
    trials = response.additions.get("trials", np.ones(1) if response.family.support == (0.0, 1.0) else None)
    return response.family.discrete and trials is not None and bool(np.all(trials == 1))


def _spans(X: Floats, codes: NDArray[np.int64], levels: int) -> bool:
    """Whether every column of level indicators is a combination of the columns of X."""
    indicators = np.eye(levels)[codes]
    rest = indicators - X @ np.linalg.lstsq(X, indicators, rcond=None)[0]
    return bool(np.abs(rest).max() < 1e-8)


def _warn_separated(response: ModelResponse, mean: ModelPredictor) -> None:
    """Warn of common effects that the likelihood drives to infinity."""
    labels = separated(response, mean)
    if labels:
        shown = ", ".join(map(repr, labels[:5])) + (", …" if len(labels) > 5 else "")
        name = names.element(names.common(mean.parameter), labels[0])
        warn_data(
            f"Separation: {shown} tell{'s' if len(labels) == 1 else ''} rows with '{response.name}' at the end of its "
            "range from the others without error. The likelihood alone would make such a coefficient infinite; only "
            "its prior keeps it finite. Check those rows, or give an informative prior, such as "
            f"priors={{'{name}': hl.Prior(\"Normal\", mu=0, sigma=2.5)}}."
        )
