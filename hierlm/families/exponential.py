"""The exponential family of waiting times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierlm.families.density import DensityFamily
from hierlm.families.family import Additions, Parameter, Predicted
from hierlm.families.prepare import prepare_open
from hierlm.families.scale import mean_link_scale
from hierlm.links import Link
from hierlm.priors.prior import Prior

__all__ = ["Exponential"]

Tensor = Any
Floats = NDArray[np.float64]


@final
class Exponential(DensityFamily):
    """y ~ Exponential with mean μ (rate 1/μ), y > 0: Var(y) = μ²."""

    name = "exponential"
    parameters = (Parameter("mu", "log", ("log", "identity", "inverse", "sqrt", "softplus"), lower=0.0),)
    support = (0.0, np.inf)

    def log_density(self, y: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """−log μ − y/μ."""
        log_mu = parameters["mu"].log
        return pt.switch(pt.ge(y, 0), -log_mu - y * pt.exp(-log_mu), -np.inf)

    def draws(self, size: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """PyMC's Exponential."""
        return pm.Exponential.dist(scale=parameters["mu"].value, size=size)

    def mean(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """μ."""
        return parameters["mu"].value

    def variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """μ²."""
        return parameters["mu"].value ** 2

    def prepare(
        self,
        name: str,
        values: Floats,
        levels: tuple[str, ...] | None,
        success: str | None,
        additions: Mapping[str, Floats],
    ) -> Floats:
        """Positive numbers that are not all equal."""
        hint = "A waiting time is never 0: model zeros separately."
        return prepare_open(self.name, name, values, levels, success, additions, hint=hint)

    def default_priors(self, y: Floats, additions: Mapping[str, Floats]) -> dict[str, Prior]:
        """None: the mean is the only parameter."""
        return {}

    def link_scale(self, y: Floats, link: Link, additions: Mapping[str, Floats]) -> tuple[float, float]:
        """Mean and spread of y on the link scale; at least 1 on the log scale."""
        return mean_link_scale(y, link)

    def latent_variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """log 2 with the log link (gamma of shape 1); other links by the delta method (Nakagawa et al. 2017)."""
        mu = parameters["mu"]
        return mu.link.latent_variance(mu.eta, self.variance(additions, **parameters))
