"""Names to objects, once: families, links, predictors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hierlm import names
from hierlm.design.values import Design, Response
from hierlm.errors import ModelError, did_you_mean
from hierlm.families import get_family
from hierlm.families.family import Family, Parameter
from hierlm.links import Link, get_link
from hierlm.model.values import ModelPredictor, ModelResponse

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
    given = [family] if isinstance(family, (str, Family)) else list(family)
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
        _response(design, response, family, {**links, **_links(link)}, several)
        for response, (family, links) in zip(design.responses, per_response, strict=True)
    )


def _links(link: LinkChoice) -> dict[str, str]:
    if link is None:
        return {}
    return {names.MEAN: link} if isinstance(link, str) else dict(link)


def _response(
    design: Design, response: Response, family: Family, links: Mapping[str, str], several: bool
) -> ModelResponse:
    _check_additions(response, family)
    active = family.active_parameters(response.options, response.additions)
    by_name = {p.name: p for p in active}
    predicted = [parameter for r, parameter in design.predictors if r == response.name]
    for parameter in predicted:
        if parameter not in by_name:
            known = ", ".join(by_name)
            raise ModelError(f"'{parameter}' is no parameter of this {family.name} response.", hint=f"It has: {known}.")
    for parameter in links:
        if parameter not in by_name:
            raise ModelError(f"link names the parameter '{parameter}'.", hint=did_you_mean(parameter, by_name))
        if parameter not in predicted:
            raise ModelError(
                f"link names '{parameter}', which has no formula of its own.", hint=f"Add a formula '{parameter} ~ …'."
            )
    y = family.prepare(response.name, response.values, response.levels, response.success, response.additions)
    return ModelResponse(
        name=response.name,
        label=response.name if several else None,
        family=family,
        y=_readonly(y),
        additions=response.additions,
        levels=response.levels,
        success=response.success or (response.levels[-1] if response.levels else None),
        links={p: _link(by_name[p], links.get(p), family) for p in predicted},
        free=tuple(p.name for p in active if p.name not in predicted),
        options=response.options,
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
                f"A {family.name} response needs {addition}( ).", hint=f"Write: {response.name} | {addition}(…) ~ …"
            )


def _link(parameter: Parameter, name: str | None, family: Family) -> Link:
    link = get_link(name or parameter.link)
    if link.name not in parameter.links:
        raise ModelError(
            f"'{parameter.name}' of {family.name} cannot have the link '{link.name}'.",
            hint=f"It can have: {', '.join(parameter.links)}.",
        )
    return link


def predictors_of(design: Design, responses: Sequence[ModelResponse]) -> tuple[ModelPredictor, ...]:
    """Every linear predictor, with the place of its coefficients in the variable of its parameter."""
    labels = {r.name: r.label for r in responses}
    taken: dict[str, int] = {}
    predictors = []
    for p in design.predictors.values():
        start = taken.get(p.parameter, 0)
        taken[p.parameter] = stop = start + len(p.common.labels)
        predictors.append(
            ModelPredictor(
                response=p.response,
                parameter=p.parameter,
                X=p.common.X,
                labels=tuple(names.effect_label(labels[p.response], names.MEAN, c) for c in p.common.labels),
                offset=p.common.offset,
                intercept=p.common.intercept,
                columns=slice(start, stop),
            )
        )
    return tuple(predictors)


def _readonly(values: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array
