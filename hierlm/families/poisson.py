"""The Poisson family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierlm.families.counts import LARGEST_MEAN
from hierlm.families.density import DensityFamily
from hierlm.families.family import Additions, Parameter, Predicted
from hierlm.families.prepare import prepare_counts
from hierlm.families.scale import counts_link_scale
from hierlm.links import Link
from hierlm.priors.prior import Prior

__all__ = ["Poisson"]

Tensor = Any
Floats = NDArray[np.float64]


@final
class Poisson(DensityFamily):
    """y ~ Poisson(μ), y = 0, 1, 2, …: Var(y) = μ."""

    name = "poisson"
    parameters = (Parameter("mu", "log", ("log", "identity", "sqrt", "softplus"), lower=0.0),)
    support = (0.0, np.inf)
    discrete = True

    def log_density(self, y: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """y log μ − μ − log y!."""
        mu = parameters["mu"]
        inside = pt.ge(y, 0)
        power = pt.switch(pt.eq(y, 0), 0.0, y * mu.log)  # 0 · log 0 = 0
        return pt.switch(inside, power - mu.value - pt.gammaln(pt.switch(inside, y, 0) + 1.0), -np.inf)

    def draws(self, size: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """PyMC's Poisson."""
        return pm.Poisson.dist(mu=pt.minimum(parameters["mu"].value, LARGEST_MEAN), size=size)

    def mean(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """μ."""
        return parameters["mu"].value

    def variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """μ."""
        return parameters["mu"].value

    def prepare(
        self,
        name: str,
        values: Floats,
        levels: tuple[str, ...] | None,
        success: str | None,
        additions: Mapping[str, Floats],
    ) -> Floats:
        """Counts 0, 1, 2, …; all zero is a warning."""
        return prepare_counts(self.name, name, values, levels, success, additions)

    def default_priors(self, y: Floats, additions: Mapping[str, Floats]) -> dict[str, Prior]:
        """None: the mean is the only parameter."""
        return {}

    def link_scale(self, y: Floats, link: Link, additions: Mapping[str, Floats]) -> tuple[float, float]:
        """Mean and spread of y on the link scale, zeros counting ½; at least 1 on the log scale."""
        return counts_link_scale(y, link)

    def latent_variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """log(1 + 1/μ) with the log link, ¼ with sqrt (Nakagawa et al. 2017, table 1); others by the delta method."""
        mu = parameters["mu"]
        return mu.link.latent_variance(mu.eta, self.variance(additions, **parameters))
