"""The Cauchy link."""

from __future__ import annotations

from typing import Any, final

import numpy as np
import pytensor.tensor as pt

from hierlm.links.link import Link

__all__ = ["Cauchit"]

Tensor = Any


@final
class Cauchit(Link):
    """g(μ) = tan(π(μ − ½)), for 0 < μ < 1; ε is standard Cauchy, which has no variance."""

    name = "cauchit"
    aliases = ("cauchy",)
    lower, upper = 0.0, 1.0
    threshold_variance = float(np.inf)
    unit = 1.0

    def link(self, mu: Tensor) -> Tensor:
        """η = −1/tan(πμ), which keeps small μ accurate."""
        return -1 / pt.tan(np.pi * pt.as_tensor_variable(mu))

    def inverse(self, eta: Tensor) -> Tensor:
        """μ = ½ + arctan(η)/π, as the angle of (−η, 1) over π: accurate in the left tail."""
        return pt.arctan2(1.0, -pt.as_tensor_variable(eta)) / np.pi

    def derivative(self, eta: Tensor) -> Tensor:
        """dμ/dη = 1/(π(1 + η²))."""
        return 1 / (np.pi * (1 + pt.as_tensor_variable(eta) ** 2))

    def log_inverse(self, eta: Tensor) -> Tensor:
        """log μ: directly on the left, as log(1 − (1 − μ)) on the right."""
        eta = pt.as_tensor_variable(eta)
        left, right = pt.minimum(eta, 0.0), pt.maximum(eta, 0.0)
        return pt.switch(pt.lt(eta, 0.0), pt.log(self.inverse(left)), pt.log1p(-self.inverse(-right)))

    def log_complement(self, eta: Tensor) -> Tensor:
        """log(1 − μ), by symmetry."""
        return self.log_inverse(-pt.as_tensor_variable(eta))
