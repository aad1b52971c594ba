"""ar1: autoregressive of order one, equally spaced occasions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

import numpy as np
import pytensor.tensor as pt

from hierlm.covariances.ante import RHO_PRIOR
from hierlm.covariances.covariance import Tensor
from hierlm.covariances.setting import Coefficient
from hierlm.covariances.structured import Correlated

__all__ = ["Ar1", "Autoregressive"]


class Autoregressive(Correlated):
    """R_ij = ρ^|i−j|, −1 < ρ < 1, by the order of the factor's levels."""

    needs: ClassVar[str] = "occasions"

    def coefficients(self, k: int) -> tuple[Coefficient, ...]:
        """The correlation of neighbours."""
        return (Coefficient("rho", RHO_PRIOR, -1.0, 1.0),)

    def correlation(self, values: Mapping[str, Tensor], k: int) -> Tensor:
        """ρ^|i−j|."""
        return _powers(values["rho"], np.abs(np.subtract.outer(np.arange(k), np.arange(k))))

    def factor(self, values: Mapping[str, Tensor], k: int) -> Tensor:
        """C_i0 = ρⁱ and C_ij = ρ^(i−j) √(1 − ρ²), j ≤ i: uᵢ = ρ uᵢ₋₁ + √(1 − ρ²) zᵢ."""
        rho = values["rho"]
        lag = np.subtract.outer(np.arange(k), np.arange(k))
        later = pt.sqrt((1 - rho) * (1 + rho)) * np.tril(np.ones((k, k)))[:, 1:]
        noise = pt.concatenate([pt.ones((k, 1), dtype="float64"), later], axis=1)
        return _powers(rho, np.maximum(lag, 0)) * noise


@final
class Ar1(Autoregressive):
    """V_ij = σ² ρ^|i−j|, −1 < ρ < 1: an autoregressive process of order one with one variance.

    2 parameters: effects in the order of the factor's levels, equally spaced. glmmTMB ``ar1``, nlme ``corAR1``.
    """

    name: ClassVar[str] = "ar1"
    aliases: ClassVar[tuple[str, ...]] = ("corAR1",)


def _powers(rho: Tensor, lag: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Tensor:
    """ρ^lag with ρ⁰ = 1, whose gradient is finite at ρ = 0 too."""
    return pt.switch(lag == 0, 1.0, rho ** np.maximum(lag, 1).astype(np.float64))
