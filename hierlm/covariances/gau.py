"""gau: correlations that fall as a Gaussian with distance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from hierlm.correlations import Correlation
from hierlm.correlations.gau import Gau as Function
from hierlm.covariances.structured import ByFunction

__all__ = ["Gau"]


@final
class Gau(ByFunction):
    """V_ij = σ² exp(−(dᵢⱼ/r)²)/(1 + ε) for i ≠ j, V_ii = σ², ε = 10⁻⁸; times 1 − c for i ≠ j with a nugget c.

    2 parameters, 3 with ``nugget=True``; ε keeps V positive definite in floating-point numbers where the range is long.
    glmmTMB ``gau``, nlme ``corGaus``.
    """

    name: ClassVar[str] = "gau"
    aliases: ClassVar[tuple[str, ...]] = ("corGaus",)
    options: ClassVar[Mapping[str, object]] = Function.options
    needs: ClassVar[str] = "coordinates"
    function: ClassVar[type[Correlation]] = Function
    rounding: float = 1e-8
