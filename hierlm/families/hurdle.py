"""Hurdle families: zeros by a probability of their own, all else from a distribution without zeros."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierlm.families.density import DensityFamily
from hierlm.families.family import Additions, Family, Predicted
from hierlm.families.prepare import prepare_hurdle
from hierlm.families.zeros import above_zero, even, probability, without
from hierlm.links import Link
from hierlm.priors.prior import Prior

__all__ = ["HU", "Hurdle"]

Tensor = Any
Floats = NDArray[np.float64]

HU = probability("hu")
"""The probability of a zero."""


class Hurdle(DensityFamily):
    """Zero with probability hu, else y ~ the family :attr:`positive`, which has no zeros.

    Attributes
    ----------
    positive : Family
    """

    positive: ClassVar[Family]
    support = (0.0, np.inf)

    def log_positive(self, y: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """The log-density of the values above zero; −∞ elsewhere."""
        return pm.logp(self.positive.distribution(additions, **parameters), y)

    def positive_draws(self, size: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """A draw of the values above zero."""
        assert isinstance(self.positive, DensityFamily)
        return self.positive.draws(size, additions, **parameters)

    def log_density(self, y: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """log hu where y = 0, else log(1 − hu) + log p(y), p the density of the values above zero."""
        hu, none = parameters["hu"], pt.eq(y, 0)
        above = self.log_positive(pt.switch(none, 1.0, y), additions, **without(parameters, "hu"))
        return pt.switch(none, hu.log, hu.log_complement + above)

    def draws(self, size: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """Zero by a Bernoulli of each row, else a draw of the values above zero."""
        none = pm.Bernoulli.dist(p=parameters["hu"].value + pt.zeros_like(parameters["mu"].eta), size=size)
        return pt.switch(none, 0, self.positive_draws(size, additions, **without(parameters, "hu")))

    def mean(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """(1 − hu) m, m the mean of the values above zero."""
        above = self.positive.mean(additions, **without(parameters, "hu"))
        return pt.exp(parameters["hu"].log_complement) * above

    def variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """(1 − hu)(v + hu m²), m and v the mean and the variance of the values above zero."""
        hu, own = parameters["hu"], without(parameters, "hu")
        mean, variance = self.positive.mean(additions, **own), self.positive.variance(additions, **own)
        return pt.exp(hu.log_complement) * (variance + hu.value * mean**2)

    def prepare(
        self,
        name: str,
        values: Floats,
        levels: tuple[str, ...] | None,
        success: str | None,
        additions: Mapping[str, Floats],
    ) -> Floats:
        """Zeros and values of the other part; no zero at all is a warning, nothing but zeros an error."""
        return prepare_hurdle(self.name, name, values, levels, success, additions, whole=self.discrete)

    def default_priors(self, y: Floats, additions: Mapping[str, Floats]) -> dict[str, Prior]:
        """``hu`` ~ Beta(1, 1); the others as in the family without zeros, of the values above zero."""
        return self.positive.default_priors(*above_zero(y, additions)) | {"hu": even()}

    def link_scale(self, y: Floats, link: Link, additions: Mapping[str, Floats]) -> tuple[float, float]:
        """As in the family without zeros, of the values above zero."""
        above, own = above_zero(y, additions)
        return self.positive.link_scale(above, link, own)

    def latent_variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """That of the values above zero, which are all that ``mu`` describes; of counts before truncation."""
        return self.positive.latent_variance(additions, **without(parameters, "hu"))
