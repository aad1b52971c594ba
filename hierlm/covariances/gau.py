"""gau: correlations that fall as a Gaussian with distance."""

from __future__ import annotations

from typing import ClassVar, final

import numpy as np
import pytensor.tensor as pt

from hierlm.covariances.covariance import Tensor
from hierlm.covariances.spatial import ROUNDING, Spatial

__all__ = ["Gau"]


@final
class Gau(Spatial):
    """V_ij = σ² exp(−(dᵢⱼ/r)²)/(1 + ε) for i ≠ j, V_ii = σ², ε = 10⁻⁸: very smooth in space.

    2 parameters. glmmTMB ``gau``, nlme ``corGaus`` without a nugget; ε keeps V positive definite in floating-point
    numbers where the range is long.
    """

    name: ClassVar[str] = "gau"
    aliases: ClassVar[tuple[str, ...]] = ("corGaus",)

    def at_distance(self, d: Tensor) -> Tensor:
        """exp(−d²), ε added to the diagonal."""
        return (pt.exp(-(d**2)) + ROUNDING * np.eye(self.setting.k)) / (1.0 + ROUNDING)
