"""Abstract structures with a free correlation matrix: exchangeable, and unstructured."""

from __future__ import annotations

from hierlm.covariances.correlation import (
    check_exchangeable_prior,
    check_unstructured_prior,
    exchangeable_factor,
    exchangeable_parameter,
    unstructured_factor,
    unstructured_parameter,
)
from hierlm.covariances.covariance import Covariance, Rows, Tensor
from hierlm.priors.lkj import LKJ
from hierlm.priors.prior import Prior

__all__ = ["Exchangeable", "Unstructured"]


class Exchangeable(Covariance):
    """R has one correlation r in (−1/(k−1), 1)."""

    def correlated(self, k: int) -> bool:
        """Whether there are two effects to correlate."""
        return k > 1

    def check_correlation_prior(self, k: int, prior: LKJ | Prior) -> None:
        """See :func:`~hierlm.covariances.correlation.check_exchangeable_prior`."""
        if k < 2:
            super().check_correlation_prior(k, prior)
        check_exchangeable_prior(k, prior)

    def correlation_kernel(self, k: int) -> str | None:
        """See :meth:`Covariance.correlation_kernel`."""
        return "exchangeable"

    def correlation_parameter(self, name: str, k: int, prior: LKJ | Prior) -> Tensor:
        """One correlation r in (−1/(k−1), 1); LKJ(η) means p(r) ∝ det(R)^(η−1)."""
        return exchangeable_parameter(name, k, prior)

    def correlation_factor(self, parameter: Tensor | None, k: int) -> Rows:
        """Rows of C, closed form."""
        return exchangeable_factor(parameter, k) if k > 1 else super().correlation_factor(None, k)


class Unstructured(Covariance):
    """R is any correlation matrix."""

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
