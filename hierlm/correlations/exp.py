"""exp: exponential decay with distance."""

from __future__ import annotations

from typing import ClassVar, final

import pytensor.tensor as pt

from hierlm.correlations.correlation import Tensor
from hierlm.correlations.spatial import Spatial

__all__ = ["Exp"]


@final
class Exp(Spatial):
    """R_st = exp(−d/r), d the distance and r the range; times 1 − c for s ≠ t with a nugget c.

    nlme ``corExp``, whose ``range`` and ``nugget`` they are.
    """

    name: ClassVar[str] = "exp"
    aliases: ClassVar[tuple[str, ...]] = ("corExp", "exponential")

    def at(self, ratio: Tensor) -> Tensor:
        """See :meth:`Spatial.at`."""
        return pt.exp(-ratio)
