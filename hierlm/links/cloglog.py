"""The complementary log-log link."""

from __future__ import annotations

from typing import Any, final

import numpy as np
import pytensor.tensor as pt

from hierlm.links.link import Link
from hierlm.links.stable import log1mexp

__all__ = ["CLogLog"]

Tensor = Any


@final
class CLogLog(Link):
    """g(μ) = log(−log(1 − μ)), for 0 < μ < 1; ε is standard Gumbel, with variance π²/6."""

    name = "cloglog"
    aliases = ("complementary log-log",)
    lower, upper = 0.0, 1.0
    threshold_variance = float(np.pi**2 / 6)
    unit = 1.0

    def link(self, mu: Tensor) -> Tensor:
        """η = log(−log(1 − μ))."""
        return pt.log(-pt.log1p(-pt.as_tensor_variable(mu)))

    def inverse(self, eta: Tensor) -> Tensor:
        """μ = 1 − exp(−e^η)."""
        return -pt.expm1(-pt.exp(eta))

    def derivative(self, eta: Tensor) -> Tensor:
        """dμ/dη = exp(η − e^η)."""
        return pt.exp(eta - pt.exp(eta))

    def log_inverse(self, eta: Tensor) -> Tensor:
        """log μ = log(1 − exp(−e^η))."""
        return log1mexp(-pt.exp(eta))

    def log_complement(self, eta: Tensor) -> Tensor:
        """log(1 − μ) = −e^η, exactly."""
        return -pt.exp(eta)
