"""The centre and spread of a parameter on its link scale, from which default priors are made."""

from __future__ import annotations

import numpy as np
from pytensor.compile.mode import Mode

from hierlm import names
from hierlm.model.values import ModelResponse

__all__ = ["link_scale"]


def link_scale(response: ModelResponse, parameter: str) -> tuple[float, float]:
    """(centre, spread) of a parameter on its link scale.

    For others than the mean it is the middle of the natural-scale prior, and 1.
    """
    if parameter == names.MEAN:
        return response.family.link_scale(response.y, response.links[parameter], response.additions)
    prior = response.family.default_priors(response.y, response.additions)[parameter]
    centre = response.links[parameter].link(np.float64(prior.typical()))
    return float(centre.eval(mode=Mode(linker="py", optimizer="fast_compile"))), 1.0
