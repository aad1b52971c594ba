"""corh: heterogeneous compound symmetry."""

from __future__ import annotations

from typing import ClassVar, final

from hierlm.covariances.covariance import Covariance
from hierlm.covariances.free import Exchangeable
from hierlm.covariances.idh import Idh

__all__ = ["Corh"]


@final
class Corh(Exchangeable):
    """V_ij = r σᵢ σⱼ, V_ii = σᵢ², −1/(k−1) < r < 1.

    k + 1 parameters (one for a single effect). lme4 and glmmTMB ``cs``, MCMCglmm ``corh``.
    Printed tables sometimes lack the square root: the covariance is r √(V_ii V_jj).
    """

    name: ClassVar[str] = "corh"
    aliases: ClassVar[tuple[str, ...]] = ("cs",)

    def n_parameters(self, k: int) -> int:
        """k standard deviations and, for more than one effect, one correlation."""
        return k + int(k > 1)

    def sd_groups(self, k: int) -> tuple[tuple[int, ...], ...]:
        """Each effect has its own."""
        return tuple((i,) for i in range(k))

    def parts(self, k: int) -> tuple[tuple[Covariance, tuple[int, ...]], ...]:
        """One effect alone is ``idh``, so that the same model is the same graph however it was named."""
        return ((Idh(), (0,)),) if k == 1 else super().parts(k)
