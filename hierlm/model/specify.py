"""Names to objects, once: families, links, predictors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from hierlm import names
from hierlm.design.values import Design, Response
from hierlm.errors import DataError, ModelError, did_you_mean, show_rows
from hierlm.families import get_family
from hierlm.families.family import Family, Parameter
from hierlm.links import Link, get_link
from hierlm.model.values import ModelPredictor, ModelResponse
from hierlm.model.variances import variance_parts

__all__ = ["FamilyChoice", "LinkChoice", "families_of", "predictors_of", "responses_of"]

FamilyChoice = str | Family | Sequence[str | Family]
LinkChoice = str | Mapping[str, str] | None
Chosen = tuple[Family, Mapping[str, str]]


def families_of(family: FamilyChoice) -> tuple[Chosen, ...]:
    """Every family named, with the links named along with it (``"binomial(probit)"``).

    Raises
    ------
    ModelError
        For a name that is no family.
    """
    single = isinstance(family, (str, Family)) or not isinstance(family, Iterable)
    if isinstance(family, Mapping):
        raise ModelError(
            "family is a mapping.", hint="Give a list, one for each response in the order of the formulas."
        )
    given: list[Any] = [family] if single else list(family)  # type: ignore[arg-type]
    if not given:
        raise ModelError("family is empty.", hint='Name one, e.g. family="gaussian".')
    return tuple((f, {}) if isinstance(f, Family) else get_family(f) for f in given)


def responses_of(design: Design, chosen: Sequence[Chosen], link: LinkChoice) -> tuple[ModelResponse, ...]:
    """Every response with its family, its links and its values checked.

    Parameters
    ----------
    chosen : one (family, links) for all responses, or one a response
    link : str or mapping, optional
        The link of ``mu``, or of parameters by name.
    """
    several = len(design.responses) > 1
    if len(chosen) not in (1, len(design.responses)):
        raise ModelError(
            f"{len(chosen)} families for {len(design.responses)} response(s).",
            hint="Give one, or one for each response.",
        )
    per_response = list(chosen) * (len(design.responses) if len(chosen) == 1 else 1)
    return tuple(
        _response(design, response, family, _links(links, link), several)
        for response, (family, links) in zip(design.responses, per_response, strict=True)
    )


def _links(named: Mapping[str, str], link: LinkChoice) -> dict[str, str]:
    """The links named with the family and by ``link``, which must not contradict each other."""
    given: object = {} if link is None else {names.MEAN: link} if isinstance(link, str) else link
    if not isinstance(given, Mapping) or not all(isinstance(p, str) for p in given):
        raise ModelError(
            f"link={link!r} names no link.", hint='Write link="log", or link={"mu": "log", "sigma": "identity"}.'
        )
    for parameter, name in given.items():
        if parameter in named and get_link(name).name != get_link(named[parameter]).name:
            raise ModelError(
                f"The family gives '{parameter}' the link '{named[parameter]}', and link= gives it '{name}'.",
                hint="Give it once.",
            )
    return {**named, **given}


def _response(
    design: Design, response: Response, family: Family, links: Mapping[str, str], several: bool
) -> ModelResponse:
    _check_additions(response, family)
    active = family.active_parameters(response.options, response.additions)
    by_name = {p.name: p for p in active}
    predicted = [parameter for r, parameter in design.predictors if r == response.name]
    for parameter in predicted:
        if parameter not in by_name:
            hint = f"It has: {', '.join(by_name)}."
            if parameter in (p.name for p in family.parameters):
                hint += (
                    f" What the left side gives, {', '.join(response.additions)}( ), takes the place of '{parameter}'."
                )
            elif several:
                hint += " A parameter's formula belongs to the response whose formula stands before it."
            raise ModelError(
                f"'{parameter}' is no parameter of {family.name}, the family of '{response.name}'.", hint=hint
            )
    for parameter in links:
        if parameter not in by_name:
            raise ModelError(f"link names the parameter '{parameter}'.", hint=did_you_mean(parameter, by_name))
        if parameter not in predicted:
            raise ModelError(
                f"link names '{parameter}', which has no formula of its own.", hint=f"Add a formula '{parameter} ~ …'."
            )
    y = _prepared(design, response, family)
    categories = family.categories(y, response.levels)
    labels = {
        v: tuple(names.effect_label(response.name if several else None, names.MEAN, e) for e in elements)
        for v, elements in family.elements(categories).items()
    }
    last = response.levels[-1] if response.levels and not family.ordinal else None
    return ModelResponse(
        name=response.name,
        label=response.name if several else None,
        family=family,
        y=_readonly(y),
        additions=response.additions,
        levels=response.levels,
        success=response.success or last,
        links={p: _link(by_name[p], links.get(p), family) for p in predicted},
        free=tuple(p.name for p in active if p.name not in predicted and p.fixed is None),
        options=response.options,
        categories=categories,
        elements=labels,
    )


def _prepared(design: Design, response: Response, family: Family) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The response as numbers; errors name the columns and the rows of the user's data."""
    if family.ordinal and response.levels is not None and not response.ordered:
        raise _unordered(response, family)
    try:
        return family.prepare(response.name, response.values, response.levels, response.success, response.additions)
    except DataError as problem:
        message, column = problem.message.removesuffix(" " + show_rows(problem.rows)), problem.column
        term = next(t for t in design.formula.responses if t.name == response.name)
        for addition in term.additions:
            message = message.replace(f"{addition.name}( )", f"{addition.name}({addition.expression})")
            column = addition.expression if column == addition.name else column
        rows = [int(design.rows[row]) for row in problem.rows]
        raise DataError(message, column=column, rows=rows, hint=problem.hint) from problem


def _unordered(response: Response, family: Family) -> DataError:
    """Categories whose order nobody declared: alphabetical order would be a guess."""
    assert response.levels is not None
    listed = ", ".join(map(repr, response.levels[:8])) + (", …" if len(response.levels) > 8 else "")
    column = response.column
    return DataError(
        f"The response '{response.name}' has categories without an order, and {family.name} needs one.",
        column=column,
        hint=f"Declare it, lowest first: d[{column!r}] = pd.Categorical(d[{column!r}], [{listed}], ordered=True); in "
        "polars cast to pl.Enum([…]); or number the categories 1, 2, ….",
    )


def _check_additions(response: Response, family: Family) -> None:
    allowed = (*family.requires, *family.accepts)
    for addition in response.additions:
        if addition not in allowed:
            raise ModelError(
                f"The {family.name} family takes no {addition}( ) on the left side of '{response.name}'.",
                hint=f"It takes: {', '.join(allowed)}." if allowed else "Remove it.",
            )
    for addition in family.requires:
        if addition not in response.additions:
            raise ModelError(
                f"A {family.name} response needs {addition}( ).",
                hint=f'Write {response.name} | {addition}(n) ~ …; a response of 0 and 1 is family="bernoulli".',
            )


def _link(parameter: Parameter, name: str | None, family: Family) -> Link:
    link = get_link(parameter.link if name is None else name)
    if link.name not in parameter.links:
        raise ModelError(
            f"'{parameter.name}' of {family.name} cannot have the link '{link.name}'.",
            hint=f"It can have: {', '.join(parameter.links)}.",
        )
    return link


def predictors_of(design: Design, responses: Sequence[ModelResponse]) -> tuple[ModelPredictor, ...]:
    """Every linear predictor, with the place of its coefficients in the variable of its parameter."""
    by_name = {r.name: r for r in responses}
    taken: dict[str, int] = {}
    predictors = []
    for p in design.predictors.values():
        response, common = by_name[p.response], p.common
        own = response.declared(p.parameter).intercept
        kept = [j for j in range(len(common.labels)) if own or j != common.intercept]
        start = taken.get(p.parameter, 0)
        taken[p.parameter] = stop = start + len(kept)
        predictors.append(
            ModelPredictor(
                response=p.response,
                parameter=p.parameter,
                X=common.X if own else _readonly(common.X[:, kept]),
                labels=tuple(names.effect_label(response.label, names.MEAN, common.labels[j]) for j in kept),
                offset=common.offset,
                intercept=common.intercept if own else None,
                columns=slice(start, stop),
                variances=variance_parts(design, responses, p.response, p.parameter),
            )
        )
    return tuple(predictors)


def _readonly(values: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array
