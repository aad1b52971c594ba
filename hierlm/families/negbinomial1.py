"""The negative binomial family with linear variance (NB1)."""

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
from hierlm.families.scale import counts_link_scale, overdispersion
from hierlm.families.stirling import log_rising
from hierlm.links import Link
from hierlm.links.stable import log1pexp
from hierlm.priors.prior import Prior

__all__ = ["NegativeBinomial1"]

Tensor = Any
Floats = NDArray[np.float64]


@final
class NegativeBinomial1(DensityFamily):
    """y ~ NB1(μ, φ), y = 0, 1, 2, …: Var(y) = μ(1 + φ), as glmmTMB's ``nbinom1``; NB2 with shape μ/φ."""

    name = "negbinomial1"
    aliases = ("nbinom1", "nb1", "negativebinomial1")
    parameters = (
        Parameter("mu", "log", ("log", "identity", "sqrt", "softplus"), lower=0.0),
        Parameter("phi", "log", ("log", "identity", "softplus"), lower=0.0),
    )
    support = (0.0, np.inf)
    discrete = True

    def log_density(self, y: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """log Γ(y + θ) − log Γ(θ) − log y! − y log(1 + 1/φ) − θ log(1 + φ), θ = μ/φ."""
        mu, phi = parameters["mu"], parameters["phi"]
        inside = pt.ge(y, 0)
        y = pt.switch(inside, y, 0)
        log_shape = mu.log - phi.log
        shape = pt.exp(log_shape)
        ways = log_rising(shape, log_shape, y) - pt.gammaln(y + 1.0)
        return pt.switch(inside, ways - y * log1pexp(-phi.log) - shape * log1pexp(phi.log), -np.inf)

    def draws(self, size: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """PyMC's NegativeBinomial with shape μ/φ."""
        mu = pt.minimum(parameters["mu"].value, LARGEST_MEAN)
        return pm.NegativeBinomial.dist(mu=mu, alpha=mu / parameters["phi"].value, size=size)

    def mean(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """μ."""
        return parameters["mu"].value

    def variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """μ(1 + φ)."""
        return parameters["mu"].value * (1 + parameters["phi"].value)

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
        """``phi`` ~ HalfStudentT(3, max(1, Var(y)/mean − 1)): the overdispersion of a model without predictors."""
        return {"phi": Prior("HalfStudentT", nu=3, sigma=overdispersion(y))}

    def link_scale(self, y: Floats, link: Link, additions: Mapping[str, Floats]) -> tuple[float, float]:
        """Mean and spread of y on the link scale, zeros counting ½; at least 1 on the log scale."""
        return counts_link_scale(y, link)

    def latent_variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """log(1 + (1 + φ)/μ) with the log link (Nakagawa et al. 2017, table 1); other links by the delta method."""
        mu = parameters["mu"]
        return mu.link.latent_variance(mu.eta, self.variance(additions, **parameters))
