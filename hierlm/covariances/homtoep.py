"""homtoep: Toeplitz with one variance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor import linalg

from hierlm.correlations import Correlation
from hierlm.correlations.partial import predictions
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
        rows, columns = np.tril_indices(k, -1)
        found = list(predictions(values["partial"], k - 1))
        left = pt.stack([pt.constant(1.0), *(rest for _, rest in found)])
        A = pt.constant(np.eye(k))[rows, rows - columns - 1].set(-pt.concatenate([phi for phi, _ in found]))
        return linalg.solve_triangular(A, pt.diag(pt.sqrt(left)), lower=True)
