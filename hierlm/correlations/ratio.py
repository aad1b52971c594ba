"""ratio: rational quadratic."""

from __future__ import annotations

from typing import ClassVar, final

from hierlm.correlations.correlation import Tensor
from hierlm.correlations.spatial import Spatial

__all__ = ["Ratio"]


@final
class Ratio(Spatial):
    """R_st = 1/(1 + (d/r)²), d the distance and r the range; times 1 − c for s ≠ t with a nugget c.

    nlme ``corRatio``, whose ``range`` and ``nugget`` they are.
    """

    name: ClassVar[str] = "ratio"
    aliases: ClassVar[tuple[str, ...]] = ("corRatio", "rational_quadratic")

    def at(self, ratio: Tensor) -> Tensor:
        """See :meth:`Spatial.at`."""
        return 1 / (1 + ratio**2)
