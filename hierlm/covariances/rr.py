"""rr: reduced rank, a factor-analytic covariance without specific variances."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, final

import numpy as np
from pytensor import tensor as pt

from hierlm.covariances.covariance import Tensor
from hierlm.covariances.setting import Coefficient, Setting
from hierlm.covariances.structured import Structured
from hierlm.errors import ModelError
from hierlm.priors.prior import Prior

__all__ = ["Rr"]


@final
class Rr(Structured):
    """V = Λ Λᵀ, Λ k × d lower triangular with a positive diagonal: reduced rank d.

    kd − d(d−1)/2 parameters.  A level's k effects are Λ f, f ~ N(0, I) its d factor scores.  Any V of rank d has one
    such Λ when its first d rows are independent; signs and rotations of factors, which V does not determine, are so
    held fixed.  glmmTMB ``rr``.

    Notes
    -----
    By default Λ is what is left of a k × d matrix of independent Normal(0, s²) numbers when its columns are rotated
    until it is triangular, so that the prior of V does not depend on the order of the effects when these have the same
    scale: Λ_ij ~ Normal(0, s), and Λ_jj² ~ Gamma((d − j + 1)/2, 1/(2 s²)), j = 1 … d, with s = (scale of the default
    prior of an sd)/√d (Leung & Drton 2016, *Bayesian Analysis* 11:1–28).
    """

    name: ClassVar[str] = "rr"
    aliases: ClassVar[tuple[str, ...]] = ()
    options: ClassVar[Mapping[str, object]] = MappingProxyType({"d": 2})
    singular: ClassVar[bool] = True

    @property
    def d(self) -> int:
        """The rank."""
        return int(self.given.get("d", 2))  # type: ignore[call-overload]

    def check(self, setting: Setting) -> None:
        """See :meth:`Structured.check`."""
        given = self.given.get("d", 2)
        if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= setting.k:
            raise ModelError(
                f"rr() of {setting.k} effects has rank d from 1 to {setting.k}, not {given!r}.",
                hint="Write rr(0 + f | g, d=2).",
            )

    def sd_groups(self, k: int) -> tuple[tuple[int, ...], ...]:
        """None of their own: they follow from the loadings."""
        return ()

    def coefficients(self, k: int) -> tuple[Coefficient, ...]:
        """The loadings Λ_ij, j ≤ min(i, d), row by row."""
        return tuple(self._loading(i, j) for i, j in self._places(k))

    def _places(self, k: int) -> list[tuple[int, int]]:
        return [(i, j) for i in range(k) for j in range(min(i + 1, self.d))]

    def _loading(self, i: int, j: int) -> Coefficient:
        scale = float(self.setting.scales[i]) / np.sqrt(self.d)
        label = f"{self.setting.effects[i]}, {j + 1}"
        if i != j:
            return Coefficient("loading", Prior("Normal", mu=0, sigma=scale), -np.inf, np.inf, label)
        prior = Prior("Gamma", alpha=(self.d - j) / 2, beta=0.5 / scale**2, on="variance")
        return Coefficient("loading", prior, 0.0, np.inf, label)

    def width(self, k: int) -> int:
        """The rank."""
        return self.d

    def root(self, values: Mapping[str, Tensor], sds: Tensor, k: int) -> Tensor:
        """Λ."""
        rows, columns = (list(index) for index in zip(*self._places(k), strict=True))
        return pt.zeros((k, self.d), dtype="float64")[np.array(rows), np.array(columns)].set(values["loading"])
