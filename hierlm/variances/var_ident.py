"""varIdent: a standard deviation for each stratum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

import pytensor.tensor as pt

from hierlm.priors.prior import Prior
from hierlm.variances.variance import Floats, Tensor, VarianceFunction

__all__ = ["VarIdent"]


@final
class VarIdent(VarianceFunction):
    """sd(s) = σ δ_s, δ = 1 in the first stratum: a standard deviation for each.

    nlme ``varIdent(form = ~1 | f)``: δ are its ratios to the first level of the factor.  Written ``varIdent(f)``.
    Default prior: δ ~ LogNormal(0, 1).
    """

    name: ClassVar[str] = "varIdent"
    written: ClassVar[str] = "{log}({ratio})"
    parameters: ClassVar[tuple[str, ...]] = ("ratio",)
    covariate: ClassVar[bool] = False
    reference: ClassVar[bool] = True

    def log(self, values: Mapping[str, Tensor], v: Tensor) -> Tensor:
        """log δ."""
        return pt.log(values["ratio"])

    def default_priors(self, v: Floats) -> dict[str, Prior]:
        """δ within a factor of seven of the first stratum, with 95 %."""
        return {"ratio": Prior("LogNormal", mu=0, sigma=1)}
