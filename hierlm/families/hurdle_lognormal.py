"""The hurdle log-normal family."""

from __future__ import annotations

from typing import Any, final

import pymc as pm

from hierlm.families.family import Additions, Predicted
from hierlm.families.hurdle import HU, Hurdle
from hierlm.families.lognormal import LogNormal

__all__ = ["HurdleLogNormal"]

Tensor = Any


@final
class HurdleLogNormal(Hurdle):
    """y = 0 with probability hu, else log y ~ Normal(μ, σ): mean (1 − hu) exp(μ + σ²/2)."""

    name = "hurdle_lognormal"
    aliases = ("zilognormal",)
    positive = LogNormal()
    parameters = (*LogNormal.parameters, HU)
    atoms = (0.0,)

    def positive_draws(self, size: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """PyMC's LogNormal."""
        return pm.LogNormal.dist(mu=parameters["mu"].value, sigma=parameters["sigma"].value, size=size)
