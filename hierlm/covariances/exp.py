"""exp: correlations that fall exponentially with distance."""

from __future__ import annotations

from typing import ClassVar, final

import pytensor.tensor as pt

from hierlm.covariances.covariance import Tensor
from hierlm.covariances.spatial import Spatial

__all__ = ["Exp"]


@final
class Exp(Spatial):
    """V_ij = σ² exp(−dᵢⱼ/r), d the distance of two places.

    2 parameters. glmmTMB ``exp`` (r = 1/e^θ), nlme ``corExp`` without a nugget.
    """

    name: ClassVar[str] = "exp"
    aliases: ClassVar[tuple[str, ...]] = ("corExp",)

    def at_distance(self, d: Tensor) -> Tensor:
        """exp(−d)."""
        return pt.exp(-d)
