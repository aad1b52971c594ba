"""homtoep: Toeplitz with one variance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor import linalg

from hierlm.correlations import Correlation
from hierlm.correlations.toep import Toep
from hierlm.covariances.covariance import Tensor
from hierlm.covariances.structured import ByFunction

__all__ = ["Homtoep"]


class Homtoep(ByFunction):
    """V_ij = σ² ρ_|i−j|: a correlation for each lag, and one variance.

    k parameters; the correlations are given by partial autocorrelations, each between −1 and 1. glmmTMB ``homtoep``.
    """

    name: ClassVar[str] = "homtoep"
    aliases: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[str] = "occasions"
    function: ClassVar[type[Correlation]] = Toep

    def factor(self, values: Mapping[str, Tensor], k: int) -> Tensor:
        """C with uᵢ = Σⱼ φᵢⱼ uⱼ + √sᵢ zᵢ, the best predictions from the effects before (Durbin–Levinson).

        C Cᵀ is the matrix of :class:`hierlm.correlations.toep.Toep`; written like this it never fails, however close to
        ±1 a partial correlation is.
        """
        phi: list[Tensor] = []  # of the effect one before, two before, …
        left: list[Tensor] = [pt.constant(1.0)]
        rows, columns, entries = [], [], []
        for m in range(1, k):
            p = values["partial"][m - 1]
            phi = [f - p * g for f, g in zip(phi, reversed(phi), strict=True)] + [p]
            left.append(left[-1] * (1 - p) * (1 + p))
            rows += [m] * m
            columns += [m - 1 - j for j in range(m)]
            entries += [-f for f in phi]
        A = pt.constant(np.eye(k))[np.array(rows), np.array(columns)].set(pt.stack(entries))
        return linalg.solve_triangular(A, pt.diag(pt.sqrt(pt.stack(left))), lower=True)
