"""homtoep: Toeplitz with one variance."""

from __future__ import annotations

from typing import ClassVar, final

from hierlm.covariances.toep import Toeplitz

__all__ = ["Homtoep"]


@final
class Homtoep(Toeplitz):
    """V_ij = σ² ρ_|i−j|: a correlation for each lag, and one variance.

    k parameters. glmmTMB ``homtoep``.
    """

    name: ClassVar[str] = "homtoep"
