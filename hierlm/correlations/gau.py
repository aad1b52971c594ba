"""gau: Gaussian decay with distance."""

from __future__ import annotations

from typing import ClassVar, final

import pytensor.tensor as pt

from hierlm.correlations.correlation import Tensor
from hierlm.correlations.spatial import Spatial

__all__ = ["Gau"]


@final
class Gau(Spatial):
    """R_st = exp(−(d/r)²), d the distance and r the range; times 1 − c for s ≠ t with a nugget c.

    nlme ``corGaus``, whose ``range`` and ``nugget`` they are.  Of many close positions R is
    nearly singular: add a nugget.
    """

    name: ClassVar[str] = "gau"
    aliases: ClassVar[tuple[str, ...]] = ("corGaus", "squared_exponential")

    def at(self, ratio: Tensor) -> Tensor:
        """See :meth:`Spatial.at`."""
        return pt.exp(-(ratio**2))
