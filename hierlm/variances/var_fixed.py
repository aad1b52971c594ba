"""varFixed: a variance that is proportional to a covariate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

import pytensor.tensor as pt

from hierlm.priors.prior import Prior
from hierlm.variances.variance import Floats, Tensor, VarianceFunction

__all__ = ["VarFixed"]


@final
class VarFixed(VarianceFunction):
    """sd(v) = σ √v: the variance is proportional to v > 0.

    nlme ``varFixed(~v)``; there is no parameter.
    """

    name: ClassVar[str] = "varFixed"
    written: ClassVar[str] = "{log}({v})/2"
    parameters: ClassVar[tuple[str, ...]] = ()
    positive: ClassVar[bool] = True

    def log(self, values: Mapping[str, Tensor], v: Tensor) -> Tensor:
        """½ log v."""
        return 0.5 * pt.log(v)

    def default_priors(self, v: Floats) -> dict[str, Prior]:
        """None."""
        return {}
