"""Correlations that fall with the distance between places."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import pytensor.tensor as pt
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from hierlm.covariances.covariance import Tensor
from hierlm.covariances.setting import Coefficient
from hierlm.covariances.structured import Correlated
from hierlm.priors.prior import Prior

__all__ = ["ROUNDING", "Spatial"]

Floats = NDArray[np.float64]

ROUNDING = 1e-8
"""Added to the diagonal of smooth correlations, in units of the variance: else rounding makes them indefinite."""


class Spatial(Correlated):
    """V_ij = σ² f(dᵢⱼ/r), dᵢⱼ the Euclidean distance of two places and r the ``range``.

    Notes
    -----
    By default r ~ LogNormal(log m, 1), m the geometric mean of the least and the largest distance between places: 95%
    of it lies within a factor of 7 of m.
    """

    needs: ClassVar[str] = "coordinates"

    @property
    def distances(self) -> Floats:
        """(k, k)."""
        assert self.setting.positions is not None
        return cdist(self.setting.positions, self.setting.positions)

    def coefficients(self, k: int) -> tuple[Coefficient, ...]:
        """r."""
        between = self.distances[np.triu_indices(k, 1)]
        middle = float(np.sqrt(between.min() * between.max()))
        return (Coefficient("range", Prior("LogNormal", mu=float(np.log(middle)), sigma=1), 0.0, np.inf),)

    @abstractmethod
    def at_distance(self, d: Tensor) -> Tensor:
        """f of d/r, with f(0) = 1."""

    def correlation(self, values: Mapping[str, Tensor], k: int) -> Tensor:
        """f(d/r)."""
        return self.at_distance(pt.constant(self.distances) / values["range"])
