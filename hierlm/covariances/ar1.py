"""ar1: autoregressive of order one, equally spaced occasions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from hierlm.correlations import Correlation
from hierlm.correlations.ar1 import Ar1 as Function
from hierlm.covariances.structured import ByFunction

__all__ = ["Ar1"]


@final
class Ar1(ByFunction):
    """V_ij = σ² φ^|i−j|, −1 < φ < 1: an autoregressive process of order one with one variance.

    2 parameters: effects in the order of the factor's levels, equally spaced. glmmTMB ``ar1``, nlme ``corAR1``.
    """

    name: ClassVar[str] = "ar1"
    aliases: ClassVar[tuple[str, ...]] = ("corAR1",)
    options: ClassVar[Mapping[str, object]] = Function.options
    needs: ClassVar[str] = "occasions"
    function: ClassVar[type[Correlation]] = Function
