"""hetar1: autoregressive of order one with a variance for each occasion."""

from __future__ import annotations

from typing import ClassVar, final

from hierlm.covariances.ar1 import Autoregressive

__all__ = ["Hetar1"]


@final
class Hetar1(Autoregressive):
    """V_ij = σᵢ σⱼ ρ^|i−j|, −1 < ρ < 1: an autoregressive process of order one with a variance for each occasion.

    k + 1 parameters. glmmTMB ``hetar1``, SAS ``ARH(1)``.
    """

    name: ClassVar[str] = "hetar1"
    homogeneous: ClassVar[bool] = False
