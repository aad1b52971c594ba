"""The softplus link."""

from __future__ import annotations

from typing import Any, final

import numpy as np
import pytensor.tensor as pt

from hierlm.links.link import Link
from hierlm.links.stable import log1mexp, log1pexp

__all__ = ["Softplus"]

Tensor = Any

_LINEAR = -37.0  # below, log(1 + e^η) is e^η to the last bit


@final
class Softplus(Link):
    """g(μ) = log(e^μ − 1), for μ > 0: logarithmic for small μ, the identity for large μ."""

    name = "softplus"
    aliases = ("log1pexp",)
    lower, upper = 0.0, np.inf

    def link(self, mu: Tensor) -> Tensor:
        """η = μ + log(1 − e^−μ)."""
        mu = pt.as_tensor_variable(mu)
        return mu + log1mexp(-mu)

    def inverse(self, eta: Tensor) -> Tensor:
        """μ = log(1 + e^η)."""
        return log1pexp(eta)

    def derivative(self, eta: Tensor) -> Tensor:
        """dμ/dη = 1/(1 + e^−η)."""
        return pt.sigmoid(eta)

    def log_inverse(self, eta: Tensor) -> Tensor:
        """log μ; it is η itself far on the left."""
        eta = pt.as_tensor_variable(eta)
        return pt.switch(pt.lt(eta, _LINEAR), eta, pt.log(log1pexp(pt.maximum(eta, _LINEAR))))
