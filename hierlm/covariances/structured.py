"""The abstract structure whose V follows from named coefficients and from what its effects are."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from copy import copy
from typing import ClassVar

import numpy as np
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor.tensor import linalg

from hierlm.correlations import Coefficient, Correlation
from hierlm.covariances.covariance import Covariance, Tensor
from hierlm.covariances.idh import Idh
from hierlm.covariances.setting import Setting
from hierlm.errors import ModelError

__all__ = ["ByFunction", "Correlated", "Structured", "markov_factor"]

Floats = NDArray[np.float64]


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
            "order": (setting.levels, "levels of one factor", f"Write {self.name}(0 + f | g), f a factor."),
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

    def whole(self, values: Mapping[str, Tensor], sds: Tensor, k: int) -> Tensor:
        """Diag(sd) R diag(sd), without a factor."""
        return sds[:, None] * self.correlation(values, k) * sds[None, :]

    def variances(self, values: Mapping[str, Tensor], sds: Tensor, k: int) -> Tensor:
        """sd²."""
        return sds**2

    def sd_groups(self, k: int) -> tuple[tuple[int, ...], ...]:
        """One for all effects, or one for each."""
        return (tuple(range(k)),) if self.homogeneous else tuple((i,) for i in range(k))

    def parts(self, k: int) -> tuple[tuple[Covariance, tuple[int, ...]], ...]:
        """One effect alone is ``idh``."""
        return ((Idh(), (0,)),) if k == 1 else super().parts(k)


class ByFunction(Correlated):
    """R is a correlation function of the effects' positions, the same as on the residuals' side.

    Attributes
    ----------
    function : class of Correlation
    rounding : float
        Added to the diagonal of R, then divided by 1 + rounding, before it is factorised: smooth functions of places
        that are close are indefinite in floating-point numbers.
    on_error : {"raise", "nan"}
        What Cholesky's method does with an R that is indefinite.
    """

    function: ClassVar[type[Correlation]]
    rounding: float = 0.0
    on_error: ClassVar[str] = "raise"

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self.R = self.function(**options)

    @property
    def places(self) -> Floats:
        """(k, d): coordinates, or the numbers of the occasions (which new data may leave out some of)."""
        return self._places(self.setting)

    def _places(self, setting: Setting) -> Floats:
        if setting.positions is not None:
            return setting.positions
        return np.arange(setting.k, dtype=np.float64)[:, None]

    def check(self, setting: Setting) -> None:
        """See :meth:`Structured.check`."""
        super().check(setting)
        places = self._places(setting)
        if self.R.needs == "times" and places.shape[1] > 1:
            found = places.shape[1]
            raise ModelError(f"{self.name}() has one time, not {found} coordinates.", hint="Write exp(lat + lon | g).")
        self.R.check([places])

    def coefficients(self, k: int) -> tuple[Coefficient, ...]:
        """Those of the correlation function."""
        return self.R.coefficients([self.places])

    def correlation(self, values: Mapping[str, Tensor], k: int) -> Tensor:
        """R."""
        return self.R.matrix(values, self.places)

    def extended(self, values: Mapping[str, Tensor], k: int) -> Tensor:
        """R with its rounding."""
        return (self.correlation(values, k) + self.rounding * np.eye(k)) / (1.0 + self.rounding)

    def factor(self, values: Mapping[str, Tensor], k: int) -> Tensor:
        """By one step after the other where R is Markov, which never fails; else by Cholesky's method."""
        if self.places.shape[1] == 1:
            step = self.R.step(values, np.diff(self.places[:, 0]))
            if step is not None:
                return markov_factor(*step, k)
        return linalg.cholesky(self.extended(values, k), on_error=self.on_error)


def markov_factor(a: Tensor, v: Tensor, k: int) -> Tensor:
    """C of effects each of which depends on the one before only: uᵢ = aᵢ uᵢ₋₁ + √vᵢ zᵢ.

    C = (1 − A)⁻¹ diag(1, √v), A with a below the diagonal.

    Parameters
    ----------
    a, v : (k − 1,) tensors
    """
    below = pt.zeros((k, k), dtype="float64")[np.arange(1, k), np.arange(k - 1)].set(-a)
    noise = pt.concatenate([pt.ones(1, dtype="float64"), pt.sqrt(v)])
    return linalg.solve_triangular(below + np.eye(k), pt.diag(noise), lower=True)
