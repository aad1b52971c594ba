"""car1: autoregressive in continuous time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from hierlm.correlations import Correlation
from hierlm.correlations.car1 import Car1 as Function
from hierlm.covariances.structured import ByFunction

__all__ = ["Car1"]


@final
class Car1(ByFunction):
    """V_ij = σ² φ^|tᵢ−tⱼ|, 0 < φ < 1: an Ornstein–Uhlenbeck process at times t, however spaced.

    2 parameters; φ is the correlation one unit of time apart. glmmTMB ``ou`` (φ = e^−θ), nlme ``corCAR1``.
    """

    name: ClassVar[str] = "car1"
    aliases: ClassVar[tuple[str, ...]] = ("ou", "corCAR1")
    options: ClassVar[Mapping[str, object]] = Function.options
    needs: ClassVar[str] = "coordinates"
    function: ClassVar[type[Correlation]] = Function
