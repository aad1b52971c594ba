"""mat: Matérn correlations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from hierlm.correlations import Correlation
from hierlm.correlations.mat import Mat as Function
from hierlm.covariances.structured import ByFunction

__all__ = ["Mat"]


@final
class Mat(ByFunction):
    """V_ij = σ² M(dᵢⱼ/r)/(1 + ε) for i ≠ j, V_ii = σ², ε = 10⁻⁸, M the Matérn correlation of smoothness ν.

    2 parameters, 3 with ``nugget=True``; ν is an option, 0.5, 1.5 (unless given) or 2.5, not estimated. glmmTMB ``mat``
    estimates ν, with another scale of distance.
    """

    name: ClassVar[str] = "mat"
    aliases: ClassVar[tuple[str, ...]] = ("matern",)
    options: ClassVar[Mapping[str, object]] = Function.options
    needs: ClassVar[str] = "coordinates"
    function: ClassVar[type[Correlation]] = Function
    rounding: float = 1e-8
