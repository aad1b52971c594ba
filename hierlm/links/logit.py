"""The logistic link."""

from __future__ import annotations

from typing import Any, final

import numpy as np
import pytensor.tensor as pt

from hierlm.links.link import Link
from hierlm.links.stable import log1pexp

__all__ = ["Logit"]

Tensor = Any


@final
class Logit(Link):
    """g(μ) = log(μ/(1 − μ)), for 0 < μ < 1; ε is standard logistic, with variance π²/3."""

    name = "logit"
    aliases = ("logistic",)
    lower, upper = 0.0, 1.0
    threshold_variance = float(np.pi**2 / 3)
    unit = 1.0

    def link(self, mu: Tensor) -> Tensor:
        """η = log μ − log(1 − μ)."""
        return pt.log(mu) - pt.log1p(-mu)

    def inverse(self, eta: Tensor) -> Tensor:
        """μ = 1/(1 + e^−η)."""
        return pt.sigmoid(eta)

    def derivative(self, eta: Tensor) -> Tensor:
        """dμ/dη = μ(1 − μ)."""
        return pt.exp(self.log_inverse(eta) + self.log_complement(eta))

    def log_inverse(self, eta: Tensor) -> Tensor:
        """log μ = −log(1 + e^−η)."""
        return -log1pexp(-pt.as_tensor_variable(eta))

    def log_complement(self, eta: Tensor) -> Tensor:
        """log(1 − μ) = −log(1 + e^η)."""
        return -log1pexp(eta)

    def log_mass(self, eta: Tensor, successes: Tensor, failures: Tensor) -> Tensor:
        """s η − (s + f) log(1 + e^η): η is the natural parameter."""
        return successes * eta - (successes + failures) * log1pexp(eta)
