"""The log-normal family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierlm.families.errors import LogNormalErrors
from hierlm.families.family import Additions, Family, Parameter, Predicted
from hierlm.families.prepare import prepare_open
from hierlm.families.scale import mean_link_scale, spread
from hierlm.links import Link
from hierlm.priors.prior import Prior

__all__ = ["LogNormal"]

Tensor = Any
Floats = NDArray[np.float64]


@final
class LogNormal(Family):
    """log y ~ Normal(μ, σ), for y > 0: ``mu`` is the mean of log y, as in brms, not the mean of y."""

    name = "lognormal"
    aliases = ("log_normal",)
    residual_scale = "sigma"
    errors = LogNormalErrors()
    parameters = (
        Parameter("mu", "identity", ("identity", "inverse")),
        Parameter("sigma", "log", ("log", "identity", "softplus"), lower=0.0),
    )
    support = (0.0, np.inf)

    def distribution(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """LogNormal(μ, σ)."""
        return pm.LogNormal.dist(mu=parameters["mu"].value, sigma=parameters["sigma"].value)

    def mean(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """exp(μ + σ²/2)."""
        return pt.exp(parameters["mu"].value + parameters["sigma"].value ** 2 / 2)

    def variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """(exp(σ²) − 1) exp(2μ + σ²)."""
        sigma2 = parameters["sigma"].value ** 2
        return pt.expm1(sigma2) * pt.exp(2 * parameters["mu"].value + sigma2)

    def prepare(
        self,
        name: str,
        values: Floats,
        levels: tuple[str, ...] | None,
        success: str | None,
        additions: Mapping[str, Floats],
    ) -> Floats:
        """Positive numbers that are not all equal."""
        hint = 'A log-normal response is never 0. Zeros by a probability of their own: family="hurdle_lognormal".'
        return prepare_open(self.name, name, values, levels, success, additions, hint=hint)

    def default_priors(self, y: Floats, additions: Mapping[str, Floats]) -> dict[str, Prior]:
        """``sigma`` ~ HalfStudentT(3, sd(log y))."""
        return {"sigma": Prior("HalfStudentT", nu=3, sigma=spread(np.log(y)))}

    def link_scale(self, y: Floats, link: Link, additions: Mapping[str, Floats]) -> tuple[float, float]:
        """Mean and standard deviation of log y, carried to the link scale."""
        return mean_link_scale(np.log(y), link)

    def latent_variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """σ², exact on the scale of log y; the delta method for other links than identity."""
        mu = parameters["mu"]
        return mu.link.latent_variance(mu.eta, parameters["sigma"].value ** 2 + pt.zeros_like(mu.eta))
