"""The abstract structure whose V follows from named coefficients and from what its effects are."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from copy import copy
from typing import ClassVar

from pytensor.tensor import linalg

from hierlm.covariances.covariance import Covariance, Tensor
from hierlm.covariances.idh import Idh
from hierlm.covariances.setting import Setting
from hierlm.errors import ModelError

__all__ = ["Correlated", "Structured"]


class Structured(Covariance):
    """V = L Lᵀ, L a function of coefficients, standard deviations, and the effects' setting."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self._setting: Setting | None = None

    @property
    def setting(self) -> Setting:
        """What is known of the effects."""
        if self._setting is None:
            raise ModelError(f"{self.name}() has not been told its effects.", hint="Call its method at() first.")
        return self._setting

    def at(self, setting: Setting) -> Covariance:
        """See :meth:`Covariance.at`."""
        self.check(setting)
        bound = copy(self)
        bound._setting = setting
        return bound

    def check(self, setting: Setting) -> None:
        """Refuse effects that the structure cannot take.

        Raises
        ------
        ModelError
        """
        what = {
            "occasions": (setting.levels, "levels of one factor", f"Write {self.name}(0 + f | g), f a factor."),
            "coordinates": (setting.positions, "positions", f"Write {self.name}(time | g), time a number."),
            "matrix": (setting.matrix, "a matrix", f"Write {self.name}(0 + f | g, K)."),
        }
        if self.needs and what[self.needs][0] is None:
            _, needed, hint = what[self.needs]
            raise ModelError(f"{self.name}() needs {needed}.", hint=hint)

    def structured(self, k: int) -> bool:
        """Always."""
        return True

    @abstractmethod
    def root(self, values: Mapping[str, Tensor], sds: Tensor, k: int) -> Tensor:
        """L, (k, m), with L Lᵀ = V.

        Parameters
        ----------
        values : mapping of str to tensor
            Coefficient → its value: a scalar, or a vector where it has labels.
        sds : (k,) tensor
            Standard deviations of the effects; ones where the structure has none.
        k : int
        """

    def n_parameters(self, k: int) -> int:
        """Standard deviations and coefficients."""
        return len(self.sd_groups(k)) + len(self.coefficients(k))


class Correlated(Structured):
    """V = diag(sd) R diag(sd), R a function of the coefficients; one sd for all effects, or one for each.

    Attributes
    ----------
    homogeneous : bool
        Whether all effects share one standard deviation.
    """

    homogeneous: ClassVar[bool] = True

    @abstractmethod
    def correlation(self, values: Mapping[str, Tensor], k: int) -> Tensor:
        """R, (k, k)."""

    def factor(self, values: Mapping[str, Tensor], k: int) -> Tensor:
        """The lower-triangular C with C Cᵀ = R."""
        return linalg.cholesky(self.correlation(values, k))

    def root(self, values: Mapping[str, Tensor], sds: Tensor, k: int) -> Tensor:
        """Diag(sd) C."""
        return sds[:, None] * self.factor(values, k)

    def variances(self, values: Mapping[str, Tensor], sds: Tensor, k: int) -> Tensor:
        """sd²."""
        return sds**2

    def sd_groups(self, k: int) -> tuple[tuple[int, ...], ...]:
        """One for all effects, or one for each."""
        return (tuple(range(k)),) if self.homogeneous else tuple((i,) for i in range(k))

    def parts(self, k: int) -> tuple[tuple[Covariance, tuple[int, ...]], ...]:
        """One effect alone is ``idh``."""
        return ((Idh(), (0,)),) if k == 1 else super().parts(k)
