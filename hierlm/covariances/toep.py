"""toep: Toeplitz, a correlation for each lag and a variance for each occasion."""

from __future__ import annotations

from typing import ClassVar, final

from hierlm.covariances.homtoep import Homtoep

__all__ = ["Toep"]


@final
class Toep(Homtoep):
    """V_ij = σᵢ σⱼ ρ_|i−j|: a correlation for each lag, and a variance for each occasion.

    2k − 1 parameters; the correlations are given by partial autocorrelations, each between −1 and 1. glmmTMB ``toep``.
    """

    name: ClassVar[str] = "toep"
    aliases: ClassVar[tuple[str, ...]] = ("hettoep",)
    homogeneous: ClassVar[bool] = False
