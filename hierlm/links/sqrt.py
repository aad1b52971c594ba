"""The square-root link."""

from __future__ import annotations

from typing import Any, final

import numpy as np
import pytensor.tensor as pt

from hierlm.links.link import Link

__all__ = ["Sqrt"]

Tensor = Any


@final
class Sqrt(Link):
    """g(μ) = √μ, for μ > 0.

    As in R and Stan, μ = η² also for η < 0, so the sign of the whole predictor is not in the likelihood; the default
    prior of the intercept sits at √(mean of y) and takes the positive side.
    """

    name = "sqrt"
    aliases = ("square root", "squareroot")
    lower, upper = 0.0, np.inf
    eta_lower = 0.0

    def link(self, mu: Tensor) -> Tensor:
        """η = √μ."""
        return pt.sqrt(mu)

    def inverse(self, eta: Tensor) -> Tensor:
        """μ = η²."""
        return pt.as_tensor_variable(eta) ** 2

    def derivative(self, eta: Tensor) -> Tensor:
        """dμ/dη = 2η."""
        return 2 * pt.as_tensor_variable(eta)

    def log_inverse(self, eta: Tensor) -> Tensor:
        """log μ = 2 log|η|."""
        return 2 * pt.log(pt.abs(eta))
