"""lin: linear decay with distance."""

from __future__ import annotations

from typing import ClassVar, final

import pytensor.tensor as pt

from hierlm.correlations.correlation import Tensor
from hierlm.correlations.spatial import Spatial

__all__ = ["Lin"]


@final
class Lin(Spatial):
    """R_st = 1 − d/r for d < r, else 0, in one coordinate; times 1 − c for s ≠ t with a nugget c.

    nlme ``corLin``, which also takes several coordinates, where R need not be positive definite; hierlm refuses them.
    """

    name: ClassVar[str] = "lin"
    aliases: ClassVar[tuple[str, ...]] = ("corLin", "linear")
    most_dimensions: ClassVar[int] = 1

    def at(self, ratio: Tensor) -> Tensor:
        """See :meth:`Spatial.at`."""
        return pt.maximum(1 - ratio, 0.0)
