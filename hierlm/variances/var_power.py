"""varPower: a standard deviation that grows with a power."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

import pytensor.tensor as pt

from hierlm.priors.prior import Prior
from hierlm.variances.variance import Floats, Tensor, VarianceFunction

__all__ = ["VarPower"]


@final
class VarPower(VarianceFunction):
    """sd(v) = σ |v|^δ, δ any number: 0 is constant, ½ a variance and 1 an sd that is proportional to v.

    nlme ``varPower(form = ~v)``, whose ``power`` is δ.  Default prior: δ ~ Normal(0, 1).
    """

    name: ClassVar[str] = "varPower"
    written: ClassVar[str] = "{power} {times} {log}|{v}|"
    parameters: ClassVar[tuple[str, ...]] = ("power",)
    log_linear: ClassVar[bool] = True
    positive: ClassVar[bool] = True

    def log(self, values: Mapping[str, Tensor], v: Tensor) -> Tensor:
        """δ log|v|."""
        return values["power"] * pt.log(pt.abs(v))

    def default_priors(self, v: Floats) -> dict[str, Prior]:
        """δ ~ Normal(0, 1)."""
        return {"power": Prior("Normal", mu=0, sigma=1)}
