"""The identity link."""

from __future__ import annotations

from typing import Any, final

import pytensor.tensor as pt

from hierlm.links.link import Link

__all__ = ["Identity"]

Tensor = Any


@final
class Identity(Link):
    """g(μ) = μ.  Of a bounded parameter, η outside the bounds has density zero."""

    name = "identity"
    aliases = ("id", "linear")

    def link(self, mu: Tensor) -> Tensor:
        """η = μ."""
        return pt.as_tensor_variable(mu)

    def inverse(self, eta: Tensor) -> Tensor:
        """μ = η."""
        return pt.as_tensor_variable(eta)

    def derivative(self, eta: Tensor) -> Tensor:
        """dμ/dη = 1."""
        return pt.ones_like(eta, dtype="float64")
