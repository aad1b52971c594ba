"""varConstPower: a constant plus a power."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

import numpy as np
import pytensor.tensor as pt

from hierlm.priors.prior import Prior
from hierlm.variances.variance import Floats, Tensor, VarianceFunction

__all__ = ["VarConstPower"]


@final
class VarConstPower(VarianceFunction):
    """sd(v) = σ (c + |v|^δ), c > 0: as ``varPower``, but with a floor where v is small.

    nlme ``varConstPower(form = ~v)``, whose ``const`` and ``power`` are c and δ.  Default priors: δ ~ Normal(0, 1),
    c ~ LogNormal(log m, 2), m the larger of 1 and the median of |v|.
    """

    name: ClassVar[str] = "varConstPower"
    written: ClassVar[str] = "{log}({const} + |{v}|^{{{power}}})"
    parameters: ClassVar[tuple[str, ...]] = ("const", "power")
    positive: ClassVar[bool] = True

    def log(self, values: Mapping[str, Tensor], v: Tensor) -> Tensor:
        """log(c + |v|^δ), stable."""
        return pt.logaddexp(pt.log(values["const"]), values["power"] * pt.log(pt.abs(v)))

    def default_priors(self, v: Floats) -> dict[str, Prior]:
        """c of the order of v, or of one."""
        size = float(np.log(max(1.0, np.median(np.abs(v)))))
        return {"const": Prior("LogNormal", mu=size, sigma=2), "power": Prior("Normal", mu=0, sigma=1)}
