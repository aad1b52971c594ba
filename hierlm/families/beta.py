"""The beta family."""

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
from hierlm.families.scale import precision_scale, probability_link_scale
from hierlm.families.stirling import LOG_2PI, stirling_error
from hierlm.links import Link
from hierlm.priors.prior import Prior

__all__ = ["Beta"]

Tensor = Any
Floats = NDArray[np.float64]


@final
class Beta(DensityFamily):
    """y ~ Beta(μφ, (1 − μ)φ), 0 < y < 1, with mean μ and precision φ: Var(y) = μ(1 − μ)/(1 + φ).

    Source of the parameterisation: Ferrari & Cribari-Neto (2004).
    """

    name = "beta"
    aliases = ("beta_family",)
    parameters = (
        Parameter("mu", "logit", ("logit", "probit", "cloglog", "loglog", "cauchit", "identity", "log"), 0.0, 1.0),
        Parameter("phi", "log", ("log", "identity", "softplus"), lower=0.0),
    )
    support = (0.0, 1.0)

    def log_density(self, y: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """½ log(φμμ′/2π) + δ(φ) − δ(a) − δ(b) + a log(y/μ) + b log(y′/μ′) − log y − log y′.

        Here a = μφ, b = μ′φ, ′ is one minus, and δ Stirling's error of log Γ.  The same as
        (a − 1) log y + (b − 1) log y′ − log B(a, b), without its cancellation for large φ.
        """
        mu, phi = parameters["mu"], parameters["phi"]
        log_a, log_b = mu.log + phi.log, mu.log_complement + phi.log
        a, b = pt.exp(log_a), pt.exp(log_b)
        inside = pt.gt(y, 0) & pt.lt(y, 1)
        safe = pt.switch(inside, y, 0.5)
        log_y, log_1y = pt.log(safe), pt.log1p(-safe)
        constant = (mu.log + mu.log_complement + phi.log - LOG_2PI) / 2
        errors = stirling_error(phi.value, phi.log) - stirling_error(a, log_a) - stirling_error(b, log_b)
        fit = a * (log_y - mu.log) + b * (log_1y - mu.log_complement)
        return pt.switch(inside, constant + errors + fit - log_y - log_1y, -np.inf)

    def draws(self, size: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """PyMC's Beta(μφ, (1 − μ)φ)."""
        mu, phi = parameters["mu"], parameters["phi"].value
        return pm.Beta.dist(alpha=mu.value * phi, beta=pt.exp(mu.log_complement) * phi, size=size)

    def mean(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """μ."""
        return parameters["mu"].value

    def variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """μ(1 − μ)/(1 + φ)."""
        mu = parameters["mu"]
        return pt.exp(mu.log + mu.log_complement) / (1 + parameters["phi"].value)

    def prepare(
        self,
        name: str,
        values: Floats,
        levels: tuple[str, ...] | None,
        success: str | None,
        additions: Mapping[str, Floats],
    ) -> Floats:
        """Numbers strictly between 0 and 1 that are not all equal."""
        hint = (
            "Percentages: divide by 100. Exact 0 or 1: use the counts behind them, with binomial or beta_binomial, or "
            'family="zero_one_inflated_beta".'
        )
        return prepare_open(self.name, name, values, levels, success, additions, upper=1.0, hint=hint)

    def default_priors(self, y: Floats, additions: Mapping[str, Floats]) -> dict[str, Prior]:
        """``phi`` ~ HalfStudentT(3, 10 max(1, m(1 − m)/Var(y) − 1)), m the mean of y.

        That is ten times the precision of a model without predictors; good predictors make it larger.
        """
        return {"phi": Prior("HalfStudentT", nu=3, sigma=10 * precision_scale(y))}

    def link_scale(self, y: Floats, link: Link, additions: Mapping[str, Floats]) -> tuple[float, float]:
        """g(mean of y) and 1."""
        return probability_link_scale(y, np.ones_like(y), link)

    def latent_variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """Delta method: 1/(μ(1 − μ)(1 + φ)) with the logit link; log(1 + Var/μ²) with the log link."""
        mu = parameters["mu"]
        return mu.link.latent_variance(mu.eta, self.variance(additions, **parameters))
