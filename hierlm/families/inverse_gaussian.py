"""The inverse Gaussian family."""

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
from hierlm.families.scale import mean_link_scale, relative_variance
from hierlm.families.stirling import LOG_2PI
from hierlm.links import Link
from hierlm.priors.prior import Prior

__all__ = ["InverseGaussian"]

Tensor = Any
Floats = NDArray[np.float64]


@final
class InverseGaussian(DensityFamily):
    """y ~ inverse Gaussian (Wald) with mean μ and shape λ, y > 0: Var(y) = μ³/λ.

    The default link is the logarithm (R's ``inverse.gaussian`` has 1/μ²).
    """

    name = "inverse_gaussian"
    aliases = ("inverse.gaussian", "wald")
    parameters = (
        Parameter("mu", "log", ("log", "identity", "inverse", "inverse_squared", "sqrt", "softplus"), lower=0.0),
        Parameter("shape", "log", ("log", "identity", "softplus"), lower=0.0),
    )
    support = (0.0, np.inf)

    def log_density(self, y: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """½(log λ − log 2π − 3 log y) − λ(y/μ − 1)²/(2y)."""
        mu, shape = parameters["mu"], parameters["shape"]
        positive = pt.gt(y, 0)
        safe = pt.switch(positive, y, 1.0)
        log_y = pt.log(safe)
        deviance = shape.value * pt.expm1(log_y - mu.log) ** 2 / safe
        return pt.switch(positive, (shape.log - LOG_2PI - 3 * log_y - deviance) / 2, -np.inf)

    def draws(self, size: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """PyMC's Wald(μ, λ)."""
        return pm.Wald.dist(mu=parameters["mu"].value, lam=parameters["shape"].value, size=size)

    def mean(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """μ."""
        return parameters["mu"].value

    def variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """μ³/λ."""
        return parameters["mu"].value ** 3 / parameters["shape"].value

    def prepare(
        self,
        name: str,
        values: Floats,
        levels: tuple[str, ...] | None,
        success: str | None,
        additions: Mapping[str, Floats],
    ) -> Floats:
        """Positive numbers that are not all equal."""
        hint = "An inverse Gaussian response is never 0."
        return prepare_open(self.name, name, values, levels, success, additions, hint=hint)

    def default_priors(self, y: Floats, additions: Mapping[str, Floats]) -> dict[str, Prior]:
        """``shape`` ~ HalfStudentT(3, 10 m/c²), m the mean of y and c its coefficient of variation, at most 1.

        m/c² is the shape of a model without predictors; it has the unit of y.
        """
        return {"shape": Prior("HalfStudentT", nu=3, sigma=10 * float(np.mean(y)) / relative_variance(y))}

    def link_scale(self, y: Floats, link: Link, additions: Mapping[str, Floats]) -> tuple[float, float]:
        """Mean and spread of y on the link scale; at least 1 on the log scale."""
        return mean_link_scale(y, link)

    def latent_variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """log(1 + μ/λ) with the log link; other links by the delta method (Nakagawa et al. 2017)."""
        mu = parameters["mu"]
        return mu.link.latent_variance(mu.eta, self.variance(additions, **parameters))
