"""Which prior every parameter gets: the default, or what the user named."""

from __future__ import annotations

import numbers
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from hierlm import names
from hierlm.errors import PriorError, did_you_mean
from hierlm.model.assignment import AnyPrior, Assignment
from hierlm.model.coefficients import coefficient_rows
from hierlm.model.fitting import fitting
from hierlm.model.joint import settle
from hierlm.model.residuals import ResidualCorrelation
from hierlm.model.scales import link_scale
from hierlm.model.values import GroupBlock, ModelPredictor, ModelResponse, Piece
from hierlm.model.variances import variance_rows
from hierlm.priors.defaults import coefficient_priors, group_sd_prior, nonzero_rms
from hierlm.priors.fixed import Fixed
from hierlm.priors.joint import JointPrior
from hierlm.priors.lkj import LKJ
from hierlm.priors.prior import Prior

__all__ = ["AnyPrior", "Assignment", "assign_priors", "link_scale"]


def assign_priors(
    responses: Sequence[ModelResponse],
    predictors: Sequence[ModelPredictor],
    blocks: Sequence[GroupBlock],
    given: Mapping[str, object],
    smooths: Sequence[GroupBlock] = (),
    scales: Sequence[Assignment] = (),
    residual: ResidualCorrelation | None = None,
) -> tuple[Assignment, ...]:
    """Every parameter of the model with its prior.

    ``scales`` are the rows of formulas for standard deviations of groupings, made already.

    A whole variable (``"sd_Subject"``) sets all its rows, a row (``"sd_Subject[Days]"``) only itself and wins.
    ``"b"`` sets every coefficient but the intercept, as in brms and rstanarm.

    Raises
    ------
    PriorError
        When a name means nothing in this model, or a prior does not fit its parameter.
    """
    if not isinstance(given, Mapping):
        raise PriorError(
            f"priors is a {type(given).__name__}, not a mapping.", hint='Write {"b": hl.Prior("Normal", sigma=1)}.'
        )
    rows = [*_coefficients(responses, predictors), *_groups(responses, blocks), *_smooths(responses, smooths)]
    rows += [*scales, *_free(responses), *_elements(responses, predictors), *_variances(responses, predictors)]
    rows += _residual(residual)
    user = {key: _as_prior(key, value) for key, value in given.items()}
    _check_names(user, rows)
    chosen = [_override(row, user) for row in rows]
    plain = [row for row, _ in chosen]
    _check_correlations(plain, blocks)
    return settle(plain, [joint for _, joint in chosen], responses, predictors, [*blocks, *smooths])


def _check_correlations(rows: Sequence[Assignment], blocks: Sequence[GroupBlock]) -> None:
    priors = {(row.variable, row.label): row.prior for row in rows if row.kind == "correlation"}
    for block in blocks:
        k = len(block.effects)
        if block.covariance.correlated(k):
            prior = priors[names.cor(block.group), ", ".join(block.effects)]
            block.covariance.check_correlation_prior(k, prior)  # type: ignore[arg-type]


def _coefficients(responses: Sequence[ModelResponse], predictors: Sequence[ModelPredictor]) -> list[Assignment]:
    by_name = {r.name: r for r in responses}
    rows = []
    for p in predictors:
        defaults = _defaults(by_name[p.response], p)
        for j, (label, prior) in enumerate(zip(p.labels, defaults, strict=True)):
            kind = "intercept" if j == p.intercept else "coefficient"
            rows.append(Assignment(names.common(p.parameter), label, prior, kind=kind))
    return rows


def _defaults(response: ModelResponse, p: ModelPredictor) -> tuple[Prior, ...]:
    """The default priors of one predictor's coefficients."""
    centre, spread = link_scale(response, p.parameter)
    if response.declared(p.parameter).intercept:
        return coefficient_priors(p.X, p.labels, p.intercept, centre, spread)
    return _beside_intercept(response, p)[1:]


def _beside_intercept(response: ModelResponse, p: ModelPredictor) -> tuple[Prior, ...]:
    """The default priors of an intercept, whose place something else takes, and of the coefficients beside it."""
    X = np.column_stack([np.ones(len(p.X)), p.X])
    return coefficient_priors(X, (names.INTERCEPT, *p.labels), 0, *link_scale(response, p.parameter))


def _elements(responses: Sequence[ModelResponse], predictors: Sequence[ModelPredictor]) -> list[Assignment]:
    """Thresholds: one prior for all, that of the intercept whose place they take."""
    rows = []
    for r in responses:
        mean = next(p for p in predictors if (p.response, p.parameter) == (r.name, names.MEAN))
        rows += [Assignment(name, r.label, _beside_intercept(r, mean)[0], kind="elements") for name in r.elements]
    return rows


def _free(responses: Sequence[ModelResponse]) -> list[Assignment]:
    rows = []
    for r in responses:
        defaults = r.family.default_priors(r.y, r.additions)
        bounds = {p.name: (p.lower, p.upper) for p in r.family.parameters}
        for parameter in r.free:
            lower, upper = bounds[parameter]
            kind = "real" if lower < 0 else "positive" if np.isinf(upper) else "probability"
            rows.append(Assignment(parameter, r.label, defaults[parameter], kind=kind))
    return rows


def _groups(responses: Sequence[ModelResponse], blocks: Sequence[GroupBlock]) -> list[Assignment]:
    by_name = {r.name: r for r in responses}
    rows: list[Assignment] = []
    for block in blocks:
        k = len(block.effects)
        for shared in block.covariance.sd_groups(k):
            piece, column = _column(block, shared[0])
            _, spread = link_scale(by_name[piece.response], piece.parameter)
            labels = tuple(label for label, members in block.scales if set(members) <= set(shared))
            prior = group_sd_prior(nonzero_rms(piece.Z[:, column]), spread)
            rows.append(Assignment(names.sd(block.group), labels[0], prior, kind="positive", also=labels[1:]))
        if block.covariance.correlated(k):
            prior_cor = block.covariance.default_correlation_prior(k)
            rows.append(Assignment(names.cor(block.group), ", ".join(block.effects), prior_cor, kind="correlation"))
    return rows + [
        Assignment(c.variable, c.label, c.coefficient.prior, kind="bounded", bounds=c.bounds)
        for c in coefficient_rows(blocks)
    ]


def _smooths(responses: Sequence[ModelResponse], smooths: Sequence[GroupBlock]) -> list[Assignment]:
    """The standard deviation of every smooth: its size is the root mean square of its rows' sums of squares."""
    by_name = {r.name: r for r in responses}
    rows = []
    for block in smooths:
        (piece,) = block.pieces
        _, spread = link_scale(by_name[piece.response], piece.parameter)
        prior = group_sd_prior(nonzero_rms(np.sqrt(np.sum(piece.Z**2, axis=1))), spread)
        rows.append(Assignment(names.sd(block.group), None, prior, kind="positive"))
    return rows


def _variances(responses: Sequence[ModelResponse], predictors: Sequence[ModelPredictor]) -> list[Assignment]:
    by_name = {r.name: r for r in responses}
    return [
        Assignment(names.VARIANCE, row.label, row.prior, kind="positive" if row.prior.positive else "real")
        for p in predictors
        for part in p.variances
        for row in variance_rows(part, by_name[p.response])
    ]


def _residual(residual: ResidualCorrelation | None) -> list[Assignment]:
    pairs = () if residual is None else zip(residual.labels, residual.coefficients, strict=True)
    return [Assignment(names.RESIDUAL, label, c.prior, kind="bounded", bounds=(c.lower, c.upper)) for label, c in pairs]


def _column(block: GroupBlock, effect: int) -> tuple[Piece, int]:
    for piece in block.pieces:
        if effect in piece.effects:
            return piece, piece.effects.index(effect)
    raise AssertionError(f"effect {effect} of {block.group} is in no predictor")


def _as_prior(key: str, value: object) -> Prior | LKJ | Fixed | JointPrior:
    if isinstance(value, (Prior, LKJ, Fixed, JointPrior)):
        return value
    if not isinstance(value, (bool, np.bool_)) and isinstance(value, numbers.Real):
        return Fixed(float(value))
    raise PriorError(
        f"The prior of '{key}' is {value!r}, which is no prior.",
        hint='Give hl.Prior("Normal", mu=0, sigma=1), hl.LKJ(2), hl.Horseshoe(), or a number to hold it fixed.',
    )


def _check_names(user: Mapping[str, Prior | LKJ | Fixed | JointPrior], rows: Sequence[Assignment]) -> None:
    known = {row.variable for row in rows} | {key for row in rows for key in row.keys}
    for key in user:
        if not isinstance(key, str):
            raise PriorError(f"A prior is given by the name of its parameter, not by {key!r}.", hint=_known(known))
        if key not in known:
            hint = _meant(key, rows, known)
            joint = next((v for v in user.values() if isinstance(v, JointPrior)), None)
            if joint is not None:
                hint += f" Hyperparameters are set by the arguments of {joint}."
            raise PriorError(f"There is no parameter called '{key}' in this model.", hint=hint)
        if not any(_applies(key, row) for row in rows):
            raise PriorError(
                f"'{key}' sets every coefficient but the intercept, and there is none.",
                hint=f"Name the intercept: '{key}[{names.INTERCEPT}]'.",
            )


def _known(known: Collection[str]) -> str:
    return did_you_mean("", sorted(known)) + " See model.priors() for all of them."


def _meant(key: str, rows: Sequence[Assignment], known: Collection[str]) -> str:
    """What the user may have meant: an effect without its variable, a group's effects, a predicted parameter."""
    variable = key.partition("[")[0]
    groups = {row.variable.removeprefix("sd_") for row in rows if row.variable.startswith("sd_")}
    if variable in {names.effects(g) for g in groups}:
        group = next(g for g in groups if names.effects(g) == variable)
        return f"Group effects are normal with the standard deviations '{names.sd(group)}': give a prior of these."
    if variable in {names.cor(g) for g in groups}:
        return "The effects of this grouping have no correlation: write (… | g) for correlated ones."
    if variable != key and any(row.kind == "elements" and variable == row.variable for row in rows):
        return f"One prior holds for all of them: '{variable}'."
    if names.common(variable) in known:
        return f"It has a formula of its own: its coefficients are '{names.common(variable)}'."
    same = [row.name for row in rows if row.label is not None and key == row.label.rpartition(":")[2]]
    if same:
        return "Did you mean " + " or ".join(map(repr, same[:3])) + "?"
    return did_you_mean(key, sorted(known)) + " See model.priors() for all of them."


def _applies(key: str, row: Assignment) -> bool:
    return key in row.keys or (key == row.variable and row.kind != "intercept")


def _override(
    row: Assignment, user: Mapping[str, Prior | LKJ | Fixed | JointPrior]
) -> tuple[Assignment, JointPrior | None]:
    """The row with its prior, and the joint prior that it is under."""
    exact = [key for key in row.keys if key in user]
    if len({user[key] for key in exact}) > 1:
        raise PriorError(f"{' and '.join(exact)} are one parameter, but their priors differ.", hint="Give one of them.")
    whole = [row.variable] if row.variable in user and _applies(row.variable, row) else []
    for key in [*exact[:1], *whole]:
        given = user[key]
        if isinstance(given, JointPrior):
            return replace(row, source=key), given
        return replace(row, prior=fitting(row, key, given), source=key), None
    return row, None
