"""The abstract spatial correlation: a function of distance over range, with or without a nugget."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from math import log
from types import MappingProxyType
from typing import ClassVar

import numpy as np
import pytensor.tensor as pt

from hierlm.correlations.correlation import Coefficient, Correlation, Floats, Tensor, Values
from hierlm.correlations.lags import distances, middle_distance
from hierlm.errors import ModelError
from hierlm.priors.prior import Prior

__all__ = ["Spatial"]


class Spatial(Correlation):
    """R_st = (1 − c) ρ(d/r), d the Euclidean distance of s and t ≠ s, r the range, c the nugget (0 without).

    Default priors: r ~ LogNormal(log(m/2), 1), m the median distance between positions; c uniform on (0, 1).
    """

    options: ClassVar[Mapping[str, object]] = MappingProxyType({"nugget": False})
    needs: ClassVar[str] = "coordinates"

    def check_options(self) -> None:
        """``nugget`` is True or False."""
        if not isinstance(self.option("nugget"), bool):
            raise ModelError(
                f"{self.name}() has nugget={self.option('nugget')!r}, which is neither True nor False.",
                hint=f'Write {self.name}(x + y | g, nugget=True); priors={{"rescor[nugget]": 0.1}} holds it fixed.',
            )

    def check(self, places: Sequence[Floats]) -> None:
        """Not more coordinates than ρ allows."""
        super().check(places)
        dimensions = places[0].shape[-1]
        if dimensions > self.most_dimensions:
            raise ModelError(
                f"{self.name}() is no correlation function of {dimensions} coordinates, only of "
                f"{self.most_dimensions}.",
                hint="Use sph( ), exp( ) or mat( ), which are.",
            )

    def coefficients(self, places: Sequence[Floats]) -> tuple[Coefficient, ...]:
        """The range, and the nugget where there is one."""
        distance = middle_distance(places)
        found = [Coefficient("range", Prior("LogNormal", mu=log(distance / 2), sigma=1), 0.0, np.inf)]
        if self.option("nugget"):
            found.append(Coefficient("nugget", Prior("Uniform", lower=0, upper=1), 0.0, 1.0))
        return tuple(found)

    @abstractmethod
    def at(self, ratio: Tensor) -> Tensor:
        """ρ at d/r > 0."""

    def matrix(self, values: Values, positions: Floats) -> Tensor:
        """See :meth:`Correlation.matrix`."""
        own = np.broadcast_to(np.eye(positions.shape[-2], dtype=bool), (*positions.shape[:-1], positions.shape[-2]))
        apart = np.where(own, 1.0, distances(positions))  # the diagonal is set below
        rho = self.at(pt.constant(apart) / values["range"])
        if self.option("nugget"):
            rho = rho * (1 - values["nugget"])
        return pt.where(pt.constant(own), 1.0, rho)
