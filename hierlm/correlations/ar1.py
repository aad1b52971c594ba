"""ar1: autoregression of order one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np
import pytensor.tensor as pt

from hierlm.correlations.correlation import CORRELATION_PRIOR, Coefficient, Correlation, Floats, Tensor, Values
from hierlm.correlations.lags import lags

__all__ = ["Ar1"]


@final
class Ar1(Correlation):
    """R_st = φ^|s − t|, −1 < φ < 1, at whole positions: z_t = φ z_{t−1} + √(1 − φ²) ε_t.

    nlme ``corAR1``, whose ``Phi`` it is; glmmTMB ``ar1``.  Missing occasions count: two steps are φ².
    """

    name: ClassVar[str] = "ar1"
    aliases: ClassVar[tuple[str, ...]] = ("corAR1", "ar")
    needs: ClassVar[str] = "steps"
    markov: ClassVar[bool] = True
    kernel: ClassVar[str | None] = "power"

    def coefficients(self, places: Sequence[Floats]) -> tuple[Coefficient, ...]:
        """φ."""
        return (Coefficient("phi", CORRELATION_PRIOR, -1.0, 1.0),)

    def matrix(self, values: Values, positions: Floats) -> Tensor:
        """See :meth:`Correlation.matrix`."""
        lag = lags(positions)
        return pt.where(pt.constant(lag == 0), 1.0, values["phi"] ** pt.constant(np.maximum(lag, 1).astype(float)))

    def step(self, values: Values, gaps: Floats) -> tuple[Tensor, Tensor]:
        """(φ^gap, 1 − φ^(2 gap))."""
        phi = values["phi"]
        if np.all(gaps == 1):
            return phi * pt.ones(gaps.shape), (1 - phi) * (1 + phi) * pt.ones(gaps.shape)
        a = phi ** pt.constant(gaps)
        return a, (1 - a) * (1 + a)
