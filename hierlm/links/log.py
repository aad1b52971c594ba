"""The logarithmic link."""

from __future__ import annotations

from typing import Any, final

import numpy as np
import pytensor.tensor as pt

from hierlm.links.link import Link
from hierlm.links.stable import log1mexp

__all__ = ["Log"]

Tensor = Any


@final
class Log(Link):
    """g(μ) = log μ, for μ > 0.  Of a probability, η > 0 has density zero."""

    name = "log"
    aliases = ("ln",)
    lower = 0.0
    upper = np.inf
    unit = 1.0

    def link(self, mu: Tensor) -> Tensor:
        """η = log μ."""
        return pt.log(mu)

    def inverse(self, eta: Tensor) -> Tensor:
        """μ = e^η."""
        return pt.exp(eta)

    def derivative(self, eta: Tensor) -> Tensor:
        """dμ/dη = e^η."""
        return pt.exp(eta)

    def log_inverse(self, eta: Tensor) -> Tensor:
        """log μ = η, exactly."""
        return pt.as_tensor_variable(eta)

    def log_complement(self, eta: Tensor) -> Tensor:
        """log(1 − e^η), for η < 0."""
        return log1mexp(eta)

    def latent_variance(self, eta: Tensor, variance: Tensor) -> Tensor:
        """log(1 + Var(y)/μ²), exact when y is log-normal.

        Source: Nakagawa, Johnson & Schielzeth (2017), table 1: ln(1 + 1/λ) for Poisson, ln(1 + 1/λ + 1/θ) for the
        negative binomial, ln(1 + 1/ν) for gamma.
        """
        return pt.log1p(variance * pt.exp(-2 * pt.as_tensor_variable(eta)))
