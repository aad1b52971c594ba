"""The gamma family."""

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
from hierlm.families.stirling import LOG_2PI, stirling_error
from hierlm.links import Link
from hierlm.priors.prior import Prior

__all__ = ["Gamma"]

Tensor = Any
Floats = NDArray[np.float64]


@final
class Gamma(DensityFamily):
    """y ~ Gamma(shape α, mean μ), y > 0: Var(y) = μ²/α, a constant coefficient of variation 1/√α.

    The default link is the logarithm (R's ``Gamma`` has the inverse).
    """

    name = "gamma"
    parameters = (
        Parameter("mu", "log", ("log", "identity", "inverse", "sqrt", "softplus"), lower=0.0),
        Parameter("shape", "log", ("log", "identity", "softplus"), lower=0.0),
    )
    support = (0.0, np.inf)

    def log_density(self, y: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """½ log(α/2π) − δ(α) − α(eʳ − 1 − r) − log y, r = log(y/μ), δ Stirling's error of log Γ.

        The same as α log(α/μ) − log Γ(α) + (α − 1) log y − αy/μ, without its cancellation for large α.
        """
        mu, shape = parameters["mu"], parameters["shape"]
        positive = pt.gt(y, 0)
        log_y = pt.log(pt.switch(positive, y, 1.0))
        r = log_y - mu.log
        constant = (shape.log - LOG_2PI) / 2 - stirling_error(shape.value, shape.log)
        return pt.switch(positive, constant - shape.value * (pt.expm1(r) - r) - log_y, -np.inf)

    def draws(self, size: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """PyMC's Gamma(α, rate α/μ)."""
        mu, shape = parameters["mu"].value, parameters["shape"].value
        return pm.Gamma.dist(alpha=shape, beta=shape / mu, size=size)

    def mean(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """μ."""
        return parameters["mu"].value

    def variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """μ²/α."""
        return parameters["mu"].value ** 2 / parameters["shape"].value

    def prepare(
        self,
        name: str,
        values: Floats,
        levels: tuple[str, ...] | None,
        success: str | None,
        additions: Mapping[str, Floats],
    ) -> Floats:
        """Positive numbers that are not all equal."""
        hint = 'A gamma response is never 0. Zeros by a probability of their own: family="hurdle_gamma".'
        return prepare_open(self.name, name, values, levels, success, additions, hint=hint)

    def default_priors(self, y: Floats, additions: Mapping[str, Floats]) -> dict[str, Prior]:
        """``shape`` ~ HalfStudentT(3, 10/c²), c the coefficient of variation of y, at most 1.

        1/c² is the shape of a model without predictors; good predictors make it larger.
        """
        return {"shape": Prior("HalfStudentT", nu=3, sigma=10 / relative_variance(y))}

    def link_scale(self, y: Floats, link: Link, additions: Mapping[str, Floats]) -> tuple[float, float]:
        """Mean and spread of y on the link scale; at least 1 on the log scale."""
        return mean_link_scale(y, link)

    def latent_variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """log(1 + 1/α) with the log link (Nakagawa et al. 2017, table 1); other links by the delta method."""
        mu = parameters["mu"]
        return mu.link.latent_variance(mu.eta, self.variance(additions, **parameters))
