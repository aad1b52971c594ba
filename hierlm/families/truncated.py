"""Zero-truncated families of counts: zeros cannot be observed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierlm.families.density import DensityFamily
from hierlm.families.family import Additions, Predicted
from hierlm.families.prepare import prepare_positive_counts
from hierlm.links import Link
from hierlm.links.stable import log1mexp
from hierlm.priors.prior import Prior

__all__ = ["Truncated"]

Tensor = Any
Floats = NDArray[np.float64]

_TINY = 1e-300  # of −log P(0), where the mean underflows


class Truncated(DensityFamily):
    """y ~ the family :attr:`base` given y > 0; ``mu`` is the mean before truncation.

    Attributes
    ----------
    base : DensityFamily
    """

    base: ClassVar[DensityFamily]
    discrete = True
    support = (1.0, np.inf)

    @abstractmethod
    def dispersion(self, **parameters: Predicted) -> Tensor:
        """Variance over mean of the base."""

    def log_zero(self, **parameters: Predicted) -> Tensor:
        """log P(0) of the base, below 0."""
        return pt.minimum(self.base.log_density(pt.zeros_like(parameters["mu"].eta), {}, **parameters), -_TINY)

    def log_density(self, y: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """log p(y) − log(1 − p(0)), p the density of the base, y ≥ 1."""
        inside = pt.ge(y, 1)
        whole = self.base.log_density(pt.switch(inside, y, 1), additions, **parameters)
        return pt.switch(inside, whole - log1mexp(self.log_zero(**parameters)), -np.inf)

    def mean(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """μ/(1 − p(0))."""
        return pt.exp(parameters["mu"].log - log1mexp(self.log_zero(**parameters)))

    def variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """m(q − m p(0)), with the mean m and q the variance over the mean before truncation."""
        mean = self.mean(additions, **parameters)
        return mean * pt.maximum(self.dispersion(**parameters) - mean * pt.exp(self.log_zero(**parameters)), 0.0)

    def prepare(
        self,
        name: str,
        values: Floats,
        levels: tuple[str, ...] | None,
        success: str | None,
        additions: Mapping[str, Floats],
    ) -> Floats:
        """Counts 1, 2, 3, … that are not all equal."""
        return prepare_positive_counts(self.name, name, values, levels, success, additions)

    def default_priors(self, y: Floats, additions: Mapping[str, Floats]) -> dict[str, Prior]:
        """As in the family that is not truncated."""
        return self.base.default_priors(y, additions)

    def link_scale(self, y: Floats, link: Link, additions: Mapping[str, Floats]) -> tuple[float, float]:
        """As in the family that is not truncated."""
        return self.base.link_scale(y, link, additions)

    def latent_variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """That of the counts before truncation, on whose mean the group effects act."""
        return self.base.latent_variance(additions, **parameters)
