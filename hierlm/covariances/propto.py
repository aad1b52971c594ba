"""propto: proportional to a known matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

import numpy as np

from hierlm.covariances.covariance import Tensor
from hierlm.covariances.setting import Coefficient
from hierlm.covariances.structured import Structured
from hierlm.priors.defaults import WIDTH
from hierlm.priors.prior import Prior

__all__ = ["Propto"]


@final
class Propto(Structured):
    """V = σ² K, K a known matrix.

    One parameter, ``scale``: the standard deviation of an effect with K_ii = 1.  The rows and columns of K are matched
    with the effects by name.  glmmTMB ``propto``.
    """

    name: ClassVar[str] = "propto"
    aliases: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[str] = "matrix"

    def sd_groups(self, k: int) -> tuple[tuple[int, ...], ...]:
        """None of their own: they are √K_ii times the scale."""
        return ()

    def coefficients(self, k: int) -> tuple[Coefficient, ...]:
        """σ, with the default prior of a standard deviation."""
        scale = float(self.setting.scales[0]) if self._setting is not None else WIDTH
        return (Coefficient("scale", Prior("HalfNormal", sigma=scale), 0.0, np.inf),)

    def root(self, values: Mapping[str, Tensor], sds: Tensor, k: int) -> Tensor:
        """σ times the Cholesky factor of K."""
        assert self.setting.matrix is not None
        return values["scale"] * np.linalg.cholesky(self.setting.matrix)
