"""The inverse-square link."""

from __future__ import annotations

from typing import Any, final

import numpy as np
import pytensor.tensor as pt

from hierlm.links.link import Link

__all__ = ["InverseSquared"]

Tensor = Any


@final
class InverseSquared(Link):
    """g(μ) = 1/μ², decreasing, for μ > 0; η ≤ 0 has density zero.  Canonical for the inverse Gaussian."""

    name = "inverse_squared"
    aliases = ("1/mu^2", "1/mu2", "inverse_square", "inversesquared")
    lower, upper = 0.0, np.inf
    eta_lower = 0.0

    def link(self, mu: Tensor) -> Tensor:
        """η = 1/μ²."""
        return pt.as_tensor_variable(mu) ** -2.0

    def inverse(self, eta: Tensor) -> Tensor:
        """μ = 1/√η."""
        return pt.as_tensor_variable(eta) ** -0.5

    def derivative(self, eta: Tensor) -> Tensor:
        """dμ/dη = −½ η^(−3/2)."""
        return -0.5 * pt.as_tensor_variable(eta) ** -1.5

    def log_inverse(self, eta: Tensor) -> Tensor:
        """log μ = −½ log η."""
        return -pt.log(eta) / 2
