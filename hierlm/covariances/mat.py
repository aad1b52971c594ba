"""mat: Matérn correlations."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, final

import numpy as np
import pytensor.tensor as pt

from hierlm.covariances.covariance import Tensor
from hierlm.covariances.setting import Setting
from hierlm.covariances.spatial import ROUNDING, Spatial
from hierlm.errors import ModelError

__all__ = ["Mat"]


@final
class Mat(Spatial):
    """V_ij = σ² M(dᵢⱼ/r)/(1 + ε) for i ≠ j, V_ii = σ², ε = 10⁻⁸, M the Matérn correlation of smoothness ν.

    2 parameters; ν is an option, not estimated: with s = √(2ν) d/r, M = e⁻ˢ for ν = 0.5, (1 + s) e⁻ˢ for ν = 1.5 (the
    default), (1 + s + s²/3) e⁻ˢ for ν = 2.5. glmmTMB ``mat`` estimates ν, with another scale of distance.
    """

    name: ClassVar[str] = "mat"
    aliases: ClassVar[tuple[str, ...]] = ("matern",)
    options: ClassVar[Mapping[str, object]] = MappingProxyType({"nu": 1.5})

    def check(self, setting: Setting) -> None:
        """See :meth:`Structured.check`."""
        super().check(setting)
        if self.given.get("nu", 1.5) not in (0.5, 1.5, 2.5):
            raise ModelError(
                f"mat() has the smoothness nu 0.5, 1.5 or 2.5, not {self.given['nu']!r}.",
                hint="Write mat(lat + lon | g, nu=1.5).",
            )

    def at_distance(self, d: Tensor) -> Tensor:
        """M, ε added to the diagonal."""
        nu = float(self.given.get("nu", 1.5))  # type: ignore[arg-type]
        s = np.sqrt(2 * nu) * d
        polynomial = {0.5: 1.0, 1.5: 1.0 + s, 2.5: 1.0 + s + s**2 / 3.0}[nu]
        return (polynomial * pt.exp(-s) + ROUNDING * np.eye(self.setting.k)) / (1.0 + ROUNDING)
