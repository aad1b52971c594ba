"""ante: ante-dependence of order one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, final

from hierlm.correlations.correlation import CORRELATION_PRIOR
from hierlm.covariances.covariance import Tensor
from hierlm.covariances.setting import Coefficient, Setting
from hierlm.covariances.structured import Correlated, markov_factor
from hierlm.errors import ModelError

__all__ = ["Ante"]


@final
class Ante(Correlated):
    """V_ij = σᵢ σⱼ φᵢ₊₁ ⋯ φⱼ for i < j, V_ii = σᵢ²: ante-dependence of order one.

    2k − 1 parameters: effects in the order of the factor's levels, each depending on the one before only, with a
    correlation of its own. MCMCglmm ``ante1``, ASReml ``ante``.

    References
    ----------
    Gabriel (1962), Annals of Mathematical Statistics 33:201–212.
    """

    name: ClassVar[str] = "ante"
    aliases: ClassVar[tuple[str, ...]] = ("ante1",)
    options: ClassVar[Mapping[str, object]] = MappingProxyType({"p": 1})
    needs: ClassVar[str] = "order"
    homogeneous: ClassVar[bool] = False

    def check(self, setting: Setting) -> None:
        """See :meth:`Structured.check`."""
        super().check(setting)
        if self.given.get("p", 1) != 1 or isinstance(self.given.get("p"), bool):
            raise ModelError(f"ante() has order 1, not p={self.given['p']!r}.", hint="Leave p out, or use us( ).")

    def coefficients(self, k: int) -> tuple[Coefficient, ...]:
        """k − 1 correlations of neighbours, each labelled by the later one."""
        levels = self.setting.levels or ()
        return tuple(Coefficient("phi", CORRELATION_PRIOR, -1.0, 1.0, level) for level in levels[1:])

    def correlation(self, values: Mapping[str, Tensor], k: int) -> Tensor:
        """C Cᵀ."""
        factor = self.factor(values, k)
        return factor @ factor.T

    def factor(self, values: Mapping[str, Tensor], k: int) -> Tensor:
        """See :func:`markov_factor`."""
        phi = values["phi"]
        return markov_factor(phi, (1 - phi) * (1 + phi), k)
