"""corv: compound symmetry with one variance."""

from __future__ import annotations

from typing import ClassVar, final

from hierlm.covariances.covariance import Covariance
from hierlm.covariances.free import Exchangeable
from hierlm.covariances.idh import Idh

__all__ = ["Corv"]


@final
class Corv(Exchangeable):
    """V_ij = r σ², V_ii = σ², −1/(k−1) < r < 1.

    2 parameters (one for a single effect). glmmTMB ``homcs``, nlme ``pdCompSymm``, MCMCglmm ``corv``.
    """

    name: ClassVar[str] = "corv"
    aliases: ClassVar[tuple[str, ...]] = ("homcs", "pdCompSymm")

    def n_parameters(self, k: int) -> int:
        """One standard deviation and, for more than one effect, one correlation."""
        return 1 + int(k > 1)

    def sd_groups(self, k: int) -> tuple[tuple[int, ...], ...]:
        """All effects share one."""
        return (tuple(range(k)),)

    def parts(self, k: int) -> tuple[tuple[Covariance, tuple[int, ...]], ...]:
        """One effect alone is ``idh``, so that the same model is the same graph however it was named."""
        return ((Idh(), (0,)),) if k == 1 else super().parts(k)
