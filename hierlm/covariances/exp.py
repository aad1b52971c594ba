"""exp: correlations that fall exponentially with distance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from hierlm.correlations import Correlation
from hierlm.correlations.exp import Exp as Function
from hierlm.covariances.structured import ByFunction

__all__ = ["Exp"]


@final
class Exp(ByFunction):
    """V_ij = σ² exp(−dᵢⱼ/r), d the distance of two places; times 1 − c for i ≠ j with a nugget c.

    2 parameters, 3 with ``nugget=True``. glmmTMB ``exp``, nlme ``corExp``.
    """

    name: ClassVar[str] = "exp"
    aliases: ClassVar[tuple[str, ...]] = ("corExp",)
    options: ClassVar[Mapping[str, object]] = Function.options
    needs: ClassVar[str] = "coordinates"
    function: ClassVar[type[Correlation]] = Function
