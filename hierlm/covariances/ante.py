"""ante: ante-dependence of order one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, final

import numpy as np
from pytensor import tensor as pt
from pytensor.tensor import linalg

from hierlm.covariances.covariance import Tensor
from hierlm.covariances.setting import Coefficient, Setting
from hierlm.covariances.structured import Correlated
from hierlm.errors import ModelError
from hierlm.priors.prior import Prior

__all__ = ["RHO_PRIOR", "Ante", "markov_factor"]

RHO_PRIOR = Prior("TruncatedNormal", mu=0, sigma=0.5, lower=-1, upper=1)
"""Of a correlation between neighbours: away from ±1, as LKJ(2) is."""


def markov_factor(rho: Tensor, k: int) -> Tensor:
    """C of effects each of which depends on the one before only: uᵢ = ρᵢ uᵢ₋₁ + √(1 − ρᵢ²) zᵢ.

    C = (1 − Φ)⁻¹ diag(1, √(1 − ρ²)), Φ with ρ below the diagonal.  It never fails, however close to ±1 ρ is.

    Parameters
    ----------
    rho : (k − 1,) tensor
        Correlations of neighbours.
    """
    below = pt.zeros((k, k), dtype="float64")[np.arange(1, k), np.arange(k - 1)].set(-rho)
    noise = pt.concatenate([pt.ones(1, dtype="float64"), pt.sqrt((1 - rho) * (1 + rho))])
    return linalg.solve_triangular(below + np.eye(k), pt.diag(noise), lower=True)


@final
class Ante(Correlated):
    """V_ij = σᵢ σⱼ ρᵢ₊₁ ⋯ ρⱼ for i < j, V_ii = σᵢ²: ante-dependence of order one.

    2k − 1 parameters: effects in the order of the factor's levels, each depending on the one before only, with a
    correlation of its own. MCMCglmm ``ante1``, ASReml ``ante``.

    References
    ----------
    Gabriel (1962), Annals of Mathematical Statistics 33:201–212.
    """

    name: ClassVar[str] = "ante"
    aliases: ClassVar[tuple[str, ...]] = ("ante1",)
    options: ClassVar[Mapping[str, object]] = MappingProxyType({"p": 1})
    needs: ClassVar[str] = "occasions"
    homogeneous: ClassVar[bool] = False

    def check(self, setting: Setting) -> None:
        """See :meth:`Structured.check`."""
        super().check(setting)
        if self.given.get("p", 1) != 1 or isinstance(self.given.get("p"), bool):
            raise ModelError(f"ante() has order 1, not p={self.given['p']!r}.", hint="Leave p out, or use us( ).")

    def coefficients(self, k: int) -> tuple[Coefficient, ...]:
        """k − 1 correlations of neighbours, each labelled by the later one."""
        levels = self.setting.levels or ()
        return tuple(Coefficient("rho", RHO_PRIOR, -1.0, 1.0, level) for level in levels[1:])

    def correlation(self, values: Mapping[str, Tensor], k: int) -> Tensor:
        """C Cᵀ."""
        factor = self.factor(values, k)
        return factor @ factor.T

    def factor(self, values: Mapping[str, Tensor], k: int) -> Tensor:
        """See :func:`markov_factor`."""
        return markov_factor(values["rho"], k)
