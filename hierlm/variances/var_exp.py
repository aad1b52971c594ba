"""varExp: a standard deviation that grows exponentially."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

import numpy as np

from hierlm.priors.prior import Prior
from hierlm.variances.variance import Floats, Tensor, VarianceFunction

__all__ = ["VarExp"]


@final
class VarExp(VarianceFunction):
    """sd(v) = σ exp(δ v), v and δ any numbers.

    nlme ``varExp(form = ~v)``, whose ``expon`` is δ.  Default prior: δ ~ Normal(0, 1/sd(v)).
    """

    name: ClassVar[str] = "varExp"
    written: ClassVar[str] = "{expon} {times} {v}"
    parameters: ClassVar[tuple[str, ...]] = ("expon",)
    log_linear: ClassVar[bool] = True

    def log(self, values: Mapping[str, Tensor], v: Tensor) -> Tensor:
        """δ v."""
        return values["expon"] * v

    def default_priors(self, v: Floats) -> dict[str, Prior]:
        """A factor of e, up or down, for one standard deviation of v."""
        sd = float(np.std(v))
        return {"expon": Prior("Normal", mu=0, sigma=1 / sd if sd > 0 else 1.0)}
