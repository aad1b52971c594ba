"""car1: autoregressive in continuous time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

import numpy as np
import pytensor.tensor as pt

from hierlm.covariances.covariance import Tensor
from hierlm.covariances.setting import Coefficient, Setting
from hierlm.covariances.structured import Correlated
from hierlm.errors import ModelError
from hierlm.priors.prior import Prior

__all__ = ["Car1"]


@final
class Car1(Correlated):
    """V_ij = σ² ρ^|tᵢ−tⱼ|, 0 < ρ < 1: an Ornstein–Uhlenbeck process at times t, however spaced.

    2 parameters; ρ is the correlation one unit of time apart. glmmTMB ``ou`` (ρ = e^−θ), nlme ``corCAR1``.

    Notes
    -----
    By default ρ ~ Beta(1/m, 1), m the median distance between neighbouring times: the correlation of two occasions m
    apart, ρᵐ, is uniform, whatever the unit of time.
    """

    name: ClassVar[str] = "car1"
    aliases: ClassVar[tuple[str, ...]] = ("ou", "corCAR1")
    needs: ClassVar[str] = "coordinates"

    def check(self, setting: Setting) -> None:
        """See :meth:`Structured.check`."""
        super().check(setting)
        assert setting.positions is not None
        if setting.positions.shape[1] > 1:
            found = setting.positions.shape[1]
            raise ModelError(f"car1() has one time, not {found} coordinates.", hint="Write exp(lat + lon | g).")

    def coefficients(self, k: int) -> tuple[Coefficient, ...]:
        """ρ."""
        between = float(np.median(np.diff(self._times)))
        return (Coefficient("rho", Prior("Beta", alpha=1 / between, beta=1), 0.0, 1.0),)

    @property
    def _times(self) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        assert self.setting.positions is not None
        return self.setting.positions[:, 0]

    def correlation(self, values: Mapping[str, Tensor], k: int) -> Tensor:
        """ρ^|tᵢ−tⱼ|."""
        return pt.exp(pt.log(values["rho"]) * np.abs(np.subtract.outer(self._times, self._times)))

    def factor(self, values: Mapping[str, Tensor], k: int) -> Tensor:
        """C_ij = ρ^(tᵢ−tⱼ) √(1 − ρ^2(tⱼ−tⱼ₋₁)), j ≤ i: each time depends on the one before only; times ascend."""
        rate = pt.log(values["rho"])
        lag = np.maximum(np.subtract.outer(self._times, self._times), 0.0)
        later = pt.sqrt(-pt.expm1(2.0 * rate * np.diff(self._times)))
        noise = pt.concatenate([pt.ones(1, dtype="float64"), later])
        return pt.exp(rate * lag) * np.tril(np.ones((k, k))) * noise
