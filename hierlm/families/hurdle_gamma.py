"""The hurdle gamma family."""

from __future__ import annotations

from typing import final

from hierlm.families.gamma import Gamma
from hierlm.families.hurdle import HU, Hurdle

__all__ = ["HurdleGamma"]


@final
class HurdleGamma(Hurdle):
    """y = 0 with probability hu, else y ~ Gamma(shape α, mean μ): mean (1 − hu)μ."""

    name = "hurdle_gamma"
    aliases = ("zigamma",)
    positive = Gamma()
    parameters = (*Gamma.parameters, HU)
    atoms = (0.0,)
