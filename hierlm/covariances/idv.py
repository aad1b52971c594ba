"""idv: independent effects with one variance."""

from __future__ import annotations

from typing import ClassVar, final

from hierlm.covariances.covariance import Covariance
from hierlm.covariances.idh import Idh

__all__ = ["Idv"]


@final
class Idv(Covariance):
    """V = σ² I.

    One parameter. glmmTMB ``homdiag``, nlme ``pdIdent``, MCMCglmm ``idv``.
    """

    name: ClassVar[str] = "idv"
    aliases: ClassVar[tuple[str, ...]] = ("homdiag", "pdIdent")

    def n_parameters(self, k: int) -> int:
        """One standard deviation."""
        return 1

    def sd_groups(self, k: int) -> tuple[tuple[int, ...], ...]:
        """All effects share one."""
        return (tuple(range(k)),)

    def parts(self, k: int) -> tuple[tuple[Covariance, tuple[int, ...]], ...]:
        """One effect alone is ``idh``, so that the same model is the same graph however it was named."""
        return ((Idh(), (0,)),) if k == 1 else super().parts(k)
