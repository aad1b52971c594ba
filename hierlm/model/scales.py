"""The centre and spread of a parameter on its link scale, from which default priors are made."""

from __future__ import annotations

from hierlm import names
from hierlm.links.numbers import numbers
from hierlm.model.values import ModelResponse

__all__ = ["link_scale"]


def link_scale(response: ModelResponse, parameter: str) -> tuple[float, float]:
    """(centre, spread) of a parameter on its link scale.

    For others than the mean it is the middle of the natural-scale prior, and 1.
    """
    if parameter == names.MEAN:
        return response.family.link_scale(response.y, response.links[parameter], response.additions)
    prior = response.family.default_priors(response.y, response.additions)[parameter]
    return float(numbers(response.links[parameter], "link", prior.typical())), 1.0
