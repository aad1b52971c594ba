"""sph: spherical."""

from __future__ import annotations

from typing import ClassVar, final

import pytensor.tensor as pt

from hierlm.correlations.correlation import Tensor
from hierlm.correlations.spatial import Spatial

__all__ = ["Sph"]


@final
class Sph(Spatial):
    """R_st = 1 − 1.5 d/r + 0.5 (d/r)³ for d < r, else 0; times 1 − c for s ≠ t with a nugget c.

    nlme ``corSpher``, whose ``range`` and ``nugget`` they are; in up to three coordinates.
    """

    name: ClassVar[str] = "sph"
    aliases: ClassVar[tuple[str, ...]] = ("corSpher", "spherical")
    most_dimensions: ClassVar[int] = 3

    def at(self, ratio: Tensor) -> Tensor:
        """See :meth:`Spatial.at`."""
        return pt.where(pt.lt(ratio, 1.0), 1 - 1.5 * ratio + 0.5 * ratio**3, 0.0)
