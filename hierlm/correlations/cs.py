"""cs: compound symmetry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np
import pytensor.tensor as pt

from hierlm.correlations.correlation import Coefficient, Correlation, Floats, Tensor, Values
from hierlm.priors.prior import Prior

__all__ = ["Cs"]


@final
class Cs(Correlation):
    """R_st = ρ for s ≠ t, −1/(k−1) < ρ < 1: compound symmetry, of k rows at most.

    nlme ``corCompSymm``, whose ``Rho`` it is.  Positions do not matter.
    """

    name: ClassVar[str] = "cs"
    aliases: ClassVar[tuple[str, ...]] = ("corCompSymm", "compound_symmetry", "exchangeable")
    needs: ClassVar[str] = "nothing"
    exchangeable: ClassVar[bool] = True
    kernel: ClassVar[str | None] = "exchangeable"

    def coefficients(self, places: Sequence[Floats]) -> tuple[Coefficient, ...]:
        """ρ, its lower bound that of the largest matrix."""
        lower = -1.0 / max(max(map(len, places)) - 1, 1)
        return (Coefficient("rho", Prior("TruncatedNormal", mu=0, sigma=0.5, lower=lower, upper=1), lower, 1.0),)

    def matrix(self, values: Values, positions: Floats) -> Tensor:
        """See :meth:`Correlation.matrix`."""
        m = positions.shape[-2]
        eye = np.broadcast_to(np.eye(m), (*positions.shape[:-2], m, m))
        return values["rho"] * pt.constant(1 - eye) + pt.constant(eye)
