"""The probit link."""

from __future__ import annotations

from typing import Any, final

import numpy as np
import pytensor.tensor as pt

from hierlm.links.link import Link

__all__ = ["Probit"]

Tensor = Any

_ROOT2 = float(np.sqrt(2.0))
_LOG2 = float(np.log(2.0))


@final
class Probit(Link):
    """g(μ) = Φ⁻¹(μ), for 0 < μ < 1, Φ the standard normal distribution function; ε is standard normal."""

    name = "probit"
    aliases = ("normit",)
    lower, upper = 0.0, 1.0
    threshold_variance = 1.0
    unit = 1.0

    def link(self, mu: Tensor) -> Tensor:
        """η = Φ⁻¹(μ)."""
        return -_ROOT2 * pt.erfcinv(2 * pt.as_tensor_variable(mu))

    def inverse(self, eta: Tensor) -> Tensor:
        """μ = Φ(η) = erfc(−η/√2)/2."""
        return pt.erfc(-pt.as_tensor_variable(eta) / _ROOT2) / 2

    def derivative(self, eta: Tensor) -> Tensor:
        """dμ/dη = φ(η), the standard normal density."""
        return pt.exp(-(pt.as_tensor_variable(eta) ** 2) / 2) / float(np.sqrt(2 * np.pi))

    def log_inverse(self, eta: Tensor) -> Tensor:
        """log Φ(η): by the scaled complementary error function erfcx(x) = exp(x²) erfc(x) in the left tail."""
        eta = pt.as_tensor_variable(eta)
        left, right = pt.minimum(eta, -1.0), pt.maximum(eta, -1.0)  # each branch sees only what it can evaluate
        return pt.switch(
            pt.lt(eta, -1.0),
            pt.log(pt.erfcx(-left / _ROOT2)) - left**2 / 2 - _LOG2,
            pt.log1p(-pt.erfc(right / _ROOT2) / 2),
        )

    def log_complement(self, eta: Tensor) -> Tensor:
        """log(1 − Φ(η)) = log Φ(−η)."""
        return self.log_inverse(-pt.as_tensor_variable(eta))
