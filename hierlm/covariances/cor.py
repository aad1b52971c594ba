"""cor: a correlation matrix, unit variances."""

from __future__ import annotations

from typing import ClassVar, final

from hierlm.covariances.correlation import check_unstructured_prior, unstructured_factor, unstructured_parameter
from hierlm.covariances.covariance import Covariance, Rows, Tensor
from hierlm.priors.lkj import LKJ
from hierlm.priors.prior import Prior

__all__ = ["Cor"]


@final
class Cor(Covariance):
    """V = R, any correlation matrix: V_ii = 1.

    k(k−1)/2 parameters, none for a single effect. MCMCglmm ``corg``.
    """

    name: ClassVar[str] = "cor"
    aliases: ClassVar[tuple[str, ...]] = ("corg",)

    def n_parameters(self, k: int) -> int:
        """k(k−1)/2 correlations."""
        return k * (k - 1) // 2

    def sd_groups(self, k: int) -> tuple[tuple[int, ...], ...]:
        """None: every standard deviation is 1."""
        return ()

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
