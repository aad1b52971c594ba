"""toep: Toeplitz, a correlation for each lag and a variance for each occasion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor import linalg

from hierlm.covariances.ante import RHO_PRIOR
from hierlm.covariances.covariance import Tensor
from hierlm.covariances.setting import Coefficient
from hierlm.covariances.structured import Correlated

__all__ = ["Toep", "Toeplitz", "predictions"]


def predictions(partial: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """(A, s): uᵢ − Σⱼ φᵢⱼ uⱼ = √sᵢ zᵢ, A = 1 − φ, from the k − 1 partial autocorrelations (Durbin–Levinson).

    φᵢ are the coefficients of the best prediction of effect i from those before, sᵢ the variance that it leaves.  Any
    partial autocorrelations between −1 and 1 give a positive definite Toeplitz matrix, and every such matrix has one
    set of them (Barndorff-Nielsen & Schou 1973, *Journal of Multivariate Analysis* 3:408–419).
    """
    phi: list[Tensor] = []  # of the effect one before, two before, …
    left: list[Tensor] = [pt.constant(1.0)]
    rows, columns, entries = [], [], []
    for m in range(1, k):
        p = partial[m - 1]
        phi = [f - p * g for f, g in zip(phi, reversed(phi), strict=True)] + [p]
        left.append(left[-1] * (1 - p) * (1 + p))
        rows += [m] * m
        columns += [m - 1 - j for j in range(m)]
        entries += [-f for f in phi]
    A = pt.constant(np.eye(k))[np.array(rows), np.array(columns)].set(pt.stack(entries))
    return A, pt.stack(left)


class Toeplitz(Correlated):
    """R_ij = ρ_|i−j|, a correlation for each lag, by the order of the factor's levels."""

    needs: ClassVar[str] = "occasions"

    def coefficients(self, k: int) -> tuple[Coefficient, ...]:
        """The partial autocorrelations of the lags 1 … k − 1."""
        return tuple(Coefficient("pacf", RHO_PRIOR, -1.0, 1.0, str(lag)) for lag in range(1, k))

    def correlation(self, values: Mapping[str, Tensor], k: int) -> Tensor:
        """C Cᵀ."""
        factor = self.factor(values, k)
        return factor @ factor.T

    def factor(self, values: Mapping[str, Tensor], k: int) -> Tensor:
        """C = A⁻¹ diag(√s), see :func:`predictions`; it never fails, however close to ±1 a partial correlation is."""
        A, left = predictions(values["pacf"], k)
        return linalg.solve_triangular(A, pt.diag(pt.sqrt(left)), lower=True)


@final
class Toep(Toeplitz):
    """V_ij = σᵢ σⱼ ρ_|i−j|: a correlation for each lag, and a variance for each occasion.

    2k − 1 parameters; the correlations of lag 1 … k − 1 are given by the partial autocorrelations ``pacf``, each
    between −1 and 1. glmmTMB ``toep``.
    """

    name: ClassVar[str] = "toep"
    aliases: ClassVar[tuple[str, ...]] = ("hettoep",)
    homogeneous: ClassVar[bool] = False
