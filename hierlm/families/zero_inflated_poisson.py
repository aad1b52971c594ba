"""The zero-inflated Poisson family."""

from __future__ import annotations

from typing import final

from hierlm.families.poisson import Poisson
from hierlm.families.zero_inflated import ZI, ZeroInflated

__all__ = ["ZeroInflatedPoisson"]


@final
class ZeroInflatedPoisson(ZeroInflated):
    """y ~ Poisson(μ), or 0 with the further probability zi: mean (1 − zi)μ."""

    name = "zero_inflated_poisson"
    aliases = ("zip", "zero_inflated_pois")
    base = Poisson()
    parameters = (*Poisson.parameters, ZI)
