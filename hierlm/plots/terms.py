"""The model's terms in words: which groupings and effects may be drawn, and on which scale they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hierlm import names
from hierlm.errors import PosteriorError, did_you_mean
from hierlm.links import get_link
from hierlm.posterior.draws import known_group

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.model.model import Model
    from hierlm.model.values import ModelResponse

__all__ = ["chosen_effects", "effect_scale", "one_group", "one_response", "parameter_scale"]


def one_group(fit: Fit, group: str | None) -> str:
    """The grouping asked for; it need not be named when there is only one.

    Raises
    ------
    PosteriorError
        When it does not exist, or is not named where there are several.
    """
    groups = known_group(fit, group)
    if not groups:
        raise PosteriorError(
            "The model has no group terms, so there are no groups to draw.", hint="See fit.plot.ppc()."
        )
    if len(groups) > 1:
        raise PosteriorError("The model has several groupings.", hint=f"Name one of: {', '.join(groups)}.")
    return groups[0]


def chosen_effects(group: str, known: Sequence[str], effect: str | Sequence[str] | None) -> list[str]:
    """The effects asked for, or all of them.

    Raises
    ------
    PosteriorError
        When the grouping has no such effect.
    """
    if effect is None:
        return list(known)
    wanted = [effect] if isinstance(effect, str) else list(effect)
    for name in wanted:
        if name not in known:
            raise PosteriorError(f"'{group}' has no effect '{name}'.", hint=did_you_mean(str(name), known))
    if not wanted:
        raise PosteriorError("No effect is named.", hint=did_you_mean("", known))
    return list(dict.fromkeys(wanted))


def effect_scale(model: Model, group: str, effect: str) -> str:
    """In which unit an effect of a grouping is: ``"units of Reaction"``, ``"logit scale"``."""
    for block in model.groups[group]:
        for piece in block.pieces:
            if effect in [block.effects[k] for k in piece.effects]:
                return parameter_scale(model, piece.response, piece.parameter)
    raise AssertionError(f"{effect} of {group} is in no predictor")


def parameter_scale(model: Model, response: str, parameter: str) -> str:
    """In which unit a linear predictor is."""
    link = next(r for r in model.responses if r.name == response).links[parameter]
    if link != get_link("identity"):
        where = "" if parameter == names.MEAN else f" of {parameter}"
        return f"{link.name} scale{where}"
    return f"units of {response}" if parameter == names.MEAN else f"units of {parameter} of {response}"


def one_response(fit: Fit, response: str | None) -> ModelResponse:
    """The response asked for; it need not be named when there is only one.

    Raises
    ------
    PosteriorError
        When it does not exist, or is not named where there are several.
    """
    known = {r.name: r for r in fit.model.responses}
    if response is None:
        if len(known) > 1:
            raise PosteriorError("The model has several responses.", hint=f"Say response=, one of: {', '.join(known)}.")
        return fit.model.responses[0]
    if response not in known:
        raise PosteriorError(f"The model has no response '{response}'.", hint=did_you_mean(str(response), known))
    return known[response]
