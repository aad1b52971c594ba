"""The hurdle Poisson family."""

from __future__ import annotations

from typing import final

from hierlm.families.hurdle import HU, Hurdle
from hierlm.families.truncated_poisson import TruncatedPoisson

__all__ = ["HurdlePoisson"]


@final
class HurdlePoisson(Hurdle):
    """y = 0 with probability hu, else y ~ Poisson(μ) given y > 0: mean (1 − hu) μ/(1 − e^−μ)."""

    name = "hurdle_poisson"
    positive = TruncatedPoisson()
    parameters = (*TruncatedPoisson.parameters, HU)
    discrete = True
