"""The beta-binomial family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierlm.families.density import DensityFamily
from hierlm.families.family import Additions, Parameter, Predicted
from hierlm.families.prepare import prepare_successes
from hierlm.families.probability import MU, latent_threshold_variance
from hierlm.families.scale import precision_scale, probability_link_scale
from hierlm.families.stirling import log_rising
from hierlm.links import Link
from hierlm.priors.prior import Prior

__all__ = ["BetaBinomial"]

Tensor = Any
Floats = NDArray[np.float64]


@final
class BetaBinomial(DensityFamily):
    """y ~ Binomial(n, p), p ~ Beta(μφ, (1 − μ)φ), n = ``trials``: overdispersed successes.

    Mean nμ, variance nμ(1 − μ)(1 + (n − 1)/(1 + φ)); 1/(1 + φ) is the correlation of two trials of one row.
    """

    name = "beta_binomial"
    parameters = (MU, Parameter("phi", "log", ("log", "identity", "softplus"), lower=0.0))
    support = (0.0, np.inf)
    discrete = True
    requires = ("trials",)

    def log_density(self, y: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """log C(n, y) + log B(y + a, n − y + b) − log B(a, b), a = μφ, b = (1 − μ)φ."""
        mu, phi, n = parameters["mu"], parameters["phi"], additions["trials"]
        inside = pt.ge(y, 0) & pt.le(y, n)
        y = pt.switch(inside, y, 0)
        log_a, log_b = mu.log + phi.log, mu.log_complement + phi.log
        ways = pt.gammaln(n + 1.0) - pt.gammaln(y + 1.0) - pt.gammaln(n - y + 1.0)
        rising = log_rising(pt.exp(log_a), log_a, y) + log_rising(pt.exp(log_b), log_b, n - y)
        return pt.switch(inside, ways + rising - log_rising(phi.value, phi.log, n), -np.inf)

    def draws(self, size: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """PyMC's Binomial of a probability from PyMC's Beta, one for each row."""
        mu, phi, n = parameters["mu"], parameters["phi"].value, additions["trials"]
        each = pt.zeros_like(n)  # rows that differ in nothing but their trials still have a probability each
        p = pm.Beta.dist(alpha=mu.value * phi + each, beta=pt.exp(mu.log_complement) * phi + each, size=size)
        return pm.Binomial.dist(n=pt.cast(n, "int64"), p=p, size=size)

    def mean(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """nμ."""
        return additions["trials"] * parameters["mu"].value

    def variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """nμ(1 − μ)(1 + (n − 1)/(1 + φ))."""
        mu, n = parameters["mu"], additions["trials"]
        return n * pt.exp(mu.log + mu.log_complement) * (1 + (n - 1) / (1 + parameters["phi"].value))

    def prepare(
        self,
        name: str,
        values: Floats,
        levels: tuple[str, ...] | None,
        success: str | None,
        additions: Mapping[str, Floats],
    ) -> Floats:
        """Whole numbers of successes, no more than the trials; always none is a warning, always all an error."""
        return prepare_successes(self.name, name, values, levels, success, additions)

    def default_priors(self, y: Floats, additions: Mapping[str, Floats]) -> dict[str, Prior]:
        """``phi`` ~ HalfStudentT(3, 10 max(1, m(1 − m)/Var(y/n) − 1)), as for beta proportions."""
        return {"phi": Prior("HalfStudentT", nu=3, sigma=10 * precision_scale(y / additions["trials"]))}

    def link_scale(self, y: Floats, link: Link, additions: Mapping[str, Floats]) -> tuple[float, float]:
        """g(overall share of successes) and 1."""
        return probability_link_scale(y, np.broadcast_to(additions["trials"], y.shape), link)

    def latent_variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """Of one trial, as binomial: π²/3 logit, 1 probit, π²/6 cloglog and loglog, exact for every φ.

        One trial is Bernoulli(μ) whatever φ is; the correlation 1/(1 + φ) of the trials of one row is not part of it.
        """
        return latent_threshold_variance(parameters["mu"])
