"""The reciprocal link."""

from __future__ import annotations

from typing import Any, final

import numpy as np
import pytensor.tensor as pt

from hierlm.links.link import Link

__all__ = ["Inverse"]

Tensor = Any


@final
class Inverse(Link):
    """g(μ) = 1/μ, decreasing, for μ > 0; η ≤ 0 has density zero where the parameter must be positive."""

    name = "inverse"
    aliases = ("reciprocal", "1/mu")
    lower, upper = 0.0, np.inf
    eta_lower = 0.0

    def link(self, mu: Tensor) -> Tensor:
        """η = 1/μ."""
        return 1 / pt.as_tensor_variable(mu)

    def inverse(self, eta: Tensor) -> Tensor:
        """μ = 1/η."""
        return 1 / pt.as_tensor_variable(eta)

    def derivative(self, eta: Tensor) -> Tensor:
        """dμ/dη = −1/η²."""
        return -1 / pt.as_tensor_variable(eta) ** 2

    def log_inverse(self, eta: Tensor) -> Tensor:
        """log μ = −log η."""
        return -pt.log(eta)
