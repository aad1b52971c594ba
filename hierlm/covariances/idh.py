"""idh: independent effects, each with its own variance."""

from __future__ import annotations

from typing import ClassVar, final

from hierlm.covariances.covariance import Covariance

__all__ = ["Idh"]


@final
class Idh(Covariance):
    """V = diag(σ₁² … σₖ²).

    k parameters. lme4 and glmmTMB ``diag``, nlme ``pdDiag``, MCMCglmm ``idh``.
    """

    name: ClassVar[str] = "idh"
    aliases: ClassVar[tuple[str, ...]] = ("diag", "pdDiag")

    def n_parameters(self, k: int) -> int:
        """k standard deviations."""
        return k

    def sd_groups(self, k: int) -> tuple[tuple[int, ...], ...]:
        """Each effect has its own."""
        return tuple((i,) for i in range(k))

    def parts(self, k: int) -> tuple[tuple[Covariance, tuple[int, ...]], ...]:
        """Each effect by itself."""
        return tuple((self, (i,)) for i in range(k))
