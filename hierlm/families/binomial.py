"""The binomial family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierlm.families.density import DensityFamily
from hierlm.families.family import Additions, Predicted
from hierlm.families.prepare import prepare_successes
from hierlm.families.probability import MU, latent_threshold_variance
from hierlm.families.scale import probability_link_scale
from hierlm.links import Link
from hierlm.priors.prior import Prior

__all__ = ["Binomial"]

Tensor = Any
Floats = NDArray[np.float64]


@final
class Binomial(DensityFamily):
    """y ~ Binomial(n, μ), successes out of n = ``trials``: mean nμ, variance nμ(1 − μ); ``mu`` is the probability."""

    name = "binomial"
    aliases = ("binom",)
    parameters = (MU,)
    support = (0.0, np.inf)
    discrete = True
    requires = ("trials",)

    def log_density(self, y: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """log C(n, y) + y log μ + (n − y) log(1 − μ)."""
        mu, n = parameters["mu"], additions["trials"]
        inside = pt.ge(y, 0) & pt.le(y, n)
        y = pt.switch(inside, y, 0)
        ways = pt.gammaln(n + 1.0) - pt.gammaln(y + 1.0) - pt.gammaln(n - y + 1.0)
        return pt.switch(inside, ways + mu.link.log_mass(mu.eta, y, n - y), -np.inf)

    def draws(self, size: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """PyMC's Binomial."""
        return pm.Binomial.dist(n=pt.cast(additions["trials"], "int64"), p=parameters["mu"].value, size=size)

    def mean(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """nμ."""
        return additions["trials"] * parameters["mu"].value

    def variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """nμ(1 − μ)."""
        mu = parameters["mu"]
        return additions["trials"] * pt.exp(mu.log + mu.log_complement)

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
        """None: the probability is the only parameter."""
        return {}

    def link_scale(self, y: Floats, link: Link, additions: Mapping[str, Floats]) -> tuple[float, float]:
        """g(overall share of successes) and 1."""
        return probability_link_scale(y, np.broadcast_to(additions["trials"], y.shape), link)

    def latent_variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """Of one trial, Var(ε) of the latent threshold model: π²/3 logit, 1 probit, π²/6 cloglog and loglog, exact.

        The identity and log links have no threshold model: delta method and log(1 + Var/μ²) = −log μ of one trial.
        """
        return latent_threshold_variance(parameters["mu"])
