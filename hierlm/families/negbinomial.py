"""The negative binomial family with quadratic variance (NB2)."""

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
from hierlm.families.scale import counts_link_scale, excess_relative_variance
from hierlm.families.stirling import log_rising
from hierlm.links import Link
from hierlm.links.stable import log1pexp
from hierlm.priors.prior import Prior

__all__ = ["NegativeBinomial"]

Tensor = Any
Floats = NDArray[np.float64]


@final
class NegativeBinomial(DensityFamily):
    """y ~ NB2(μ, shape θ), y = 0, 1, 2, …: Var(y) = μ + μ²/θ; a Poisson with gamma-distributed mean."""

    name = "negbinomial"
    aliases = ("negativebinomial", "negbin", "negbinom", "nbinom", "nbinom2", "nb", "nb2", "negbinomial2")
    parameters = (
        Parameter("mu", "log", ("log", "identity", "sqrt", "softplus"), lower=0.0),
        Parameter("shape", "log", ("log", "identity", "softplus"), lower=0.0),
    )
    support = (0.0, np.inf)
    discrete = True

    def log_density(self, y: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """log Γ(y + θ) − log Γ(θ) − log y! − y log(1 + θ/μ) − θ log(1 + μ/θ)."""
        mu, shape = parameters["mu"], parameters["shape"]
        inside = pt.ge(y, 0)
        y = pt.switch(inside, y, 0)
        odds = mu.log - shape.log
        ways = log_rising(shape.value, shape.log, y) - pt.gammaln(y + 1.0)
        failures = pt.switch(pt.eq(y, 0), 0.0, y * log1pexp(-odds))  # 0 · ∞ = 0
        return pt.switch(inside, ways - failures - shape.value * log1pexp(odds), -np.inf)

    def draws(self, size: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """PyMC's NegativeBinomial."""
        mu = pt.minimum(parameters["mu"].value, LARGEST_MEAN)
        return pm.NegativeBinomial.dist(mu=mu, alpha=parameters["shape"].value, size=size)

    def mean(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """μ."""
        return parameters["mu"].value

    def variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """μ + μ²/θ."""
        mu = parameters["mu"].value
        return mu + mu**2 / parameters["shape"].value

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
        """``shape`` ~ HalfStudentT(3, 10/e), e = (Var(y) − mean)/mean² within 0.01 and 1.

        1/e is the shape of a model without predictors; good predictors make it larger.
        """
        return {"shape": Prior("HalfStudentT", nu=3, sigma=10 / excess_relative_variance(y))}

    def link_scale(self, y: Floats, link: Link, additions: Mapping[str, Floats]) -> tuple[float, float]:
        """Mean and spread of y on the link scale, zeros counting ½; at least 1 on the log scale."""
        return counts_link_scale(y, link)

    def latent_variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """log(1 + 1/μ + 1/θ) with the log link (Nakagawa et al. 2017, table 1); other links by the delta method."""
        mu = parameters["mu"]
        return mu.link.latent_variance(mu.eta, self.variance(additions, **parameters))
