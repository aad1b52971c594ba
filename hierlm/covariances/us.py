"""us: unstructured covariance."""

from __future__ import annotations

from typing import ClassVar, final

from hierlm.covariances.covariance import Covariance
from hierlm.covariances.free import Unstructured
from hierlm.covariances.idh import Idh

__all__ = ["Us"]


@final
class Us(Unstructured):
    """V any positive definite matrix: V = diag(σ₁ … σₖ) R diag(σ₁ … σₖ), R any correlation matrix.

    k(k+1)/2 parameters; R has an LKJ prior. lme4 ``us``, glmmTMB ``us``, nlme ``pdSymm``, MCMCglmm ``us``.
    """

    name: ClassVar[str] = "us"
    aliases: ClassVar[tuple[str, ...]] = ("unstructured", "pdSymm")

    def n_parameters(self, k: int) -> int:
        """k standard deviations and k(k−1)/2 correlations."""
        return k * (k + 1) // 2

    def sd_groups(self, k: int) -> tuple[tuple[int, ...], ...]:
        """Each effect has its own."""
        return tuple((i,) for i in range(k))

    def parts(self, k: int) -> tuple[tuple[Covariance, tuple[int, ...]], ...]:
        """One effect alone is ``idh``, so that the same model is the same graph however it was named."""
        return ((Idh(), (0,)),) if k == 1 else super().parts(k)
