"""The log-log link."""

from __future__ import annotations

from typing import Any, final

import numpy as np
import pytensor.tensor as pt

from hierlm.links.link import Link
from hierlm.links.stable import log1mexp

__all__ = ["LogLog"]

Tensor = Any


@final
class LogLog(Link):
    """g(μ) = −log(−log μ), for 0 < μ < 1, increasing in μ; −ε is standard Gumbel, with variance π²/6."""

    name = "loglog"
    aliases = ("log-log",)
    lower, upper = 0.0, 1.0
    threshold_variance = float(np.pi**2 / 6)
    unit = 1.0

    def link(self, mu: Tensor) -> Tensor:
        """η = −log(−log μ)."""
        return -pt.log(-pt.log(mu))

    def inverse(self, eta: Tensor) -> Tensor:
        """μ = exp(−e^−η)."""
        return pt.exp(self.log_inverse(eta))

    def derivative(self, eta: Tensor) -> Tensor:
        """dμ/dη = exp(−η − e^−η)."""
        return pt.exp(self.log_inverse(eta) - eta)

    def log_inverse(self, eta: Tensor) -> Tensor:
        """log μ = −e^−η, exactly."""
        return -pt.exp(-pt.as_tensor_variable(eta))

    def log_complement(self, eta: Tensor) -> Tensor:
        """log(1 − μ) = log(1 − exp(−e^−η))."""
        return log1mexp(self.log_inverse(eta))
