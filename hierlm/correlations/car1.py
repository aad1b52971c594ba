"""car1: autoregression in continuous time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import pytensor.tensor as pt

from hierlm.correlations.correlation import Coefficient, Correlation, Floats, Tensor, Values
from hierlm.correlations.lags import distances, neighbour_gap
from hierlm.priors.prior import Prior

__all__ = ["Car1"]


@final
class Car1(Correlation):
    """R_st = φ^|s − t|, 0 < φ < 1, at real times: an Ornstein–Uhlenbeck process.

    nlme ``corCAR1``, whose ``Phi`` it is: the correlation at distance one, so that φ depends on the unit of time.
    Default prior: with d the median gap between neighbouring times, φ^d is uniform, that is φ ~ Beta(d, 1).
    """

    name: ClassVar[str] = "car1"
    aliases: ClassVar[tuple[str, ...]] = ("corCAR1", "ou", "car")
    needs: ClassVar[str] = "times"
    markov: ClassVar[bool] = True
    kernel: ClassVar[str | None] = "power"

    def coefficients(self, places: Sequence[Floats]) -> tuple[Coefficient, ...]:
        """φ."""
        return (Coefficient("phi", Prior("Beta", alpha=neighbour_gap(places), beta=1), 0.0, 1.0),)

    def matrix(self, values: Values, positions: Floats) -> Tensor:
        """See :meth:`Correlation.matrix`."""
        return pt.exp(pt.constant(distances(positions)) * pt.log(values["phi"]))

    def step(self, values: Values, gaps: Floats) -> tuple[Tensor, Tensor]:
        """(φ^gap, 1 − φ^(2 gap))."""
        exponent = pt.constant(gaps) * pt.log(values["phi"])
        return pt.exp(exponent), -pt.expm1(2 * exponent)
