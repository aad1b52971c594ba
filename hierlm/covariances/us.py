"""us: unstructured covariance."""

from __future__ import annotations

from typing import ClassVar, final

from hierlm.covariances.correlation import check_unstructured_prior, unstructured_factor, unstructured_parameter
from hierlm.covariances.covariance import Covariance, Rows, Tensor
from hierlm.covariances.idh import Idh
from hierlm.priors.lkj import LKJ
from hierlm.priors.prior import Prior

__all__ = ["Us"]


@final
class Us(Covariance):
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

    def correlated(self, k: int) -> bool:
        """Whether there are two effects to correlate."""
        return k > 1

    def check_correlation_prior(self, k: int, prior: LKJ | Prior) -> None:
        """See :func:`~hierlm.covariances.correlation.check_unstructured_prior`."""
        if k < 2:
            super().check_correlation_prior(k, prior)
        check_unstructured_prior(k, prior)

    def correlation_kernel(self, k: int) -> str | None:
        """See :meth:`Covariance.correlation_kernel`."""
        return "exchangeable" if k == 2 else "unstructured"

    def correlation_parameter(self, name: str, k: int, prior: LKJ | Prior) -> Tensor:
        """Two effects: one correlation; more: the Cholesky factor of ``pm.LKJCorr``."""
        return unstructured_parameter(name, k, prior)

    def correlation_factor(self, parameter: Tensor | None, k: int) -> Rows:
        """Rows of C, closed form for two effects."""
        return unstructured_factor(parameter, k) if k > 1 else super().correlation_factor(None, k)
