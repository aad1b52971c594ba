"""corv: compound symmetry with one variance."""

from __future__ import annotations

from typing import ClassVar, final

from hierlm.covariances.correlation import check_exchangeable_prior, exchangeable_factor, exchangeable_parameter
from hierlm.covariances.covariance import Covariance, Rows, Tensor
from hierlm.covariances.idh import Idh
from hierlm.priors.lkj import LKJ
from hierlm.priors.prior import Prior

__all__ = ["Corv"]


@final
class Corv(Covariance):
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
