"""The zero-truncated Poisson family."""

from __future__ import annotations

from typing import Any, final

import pymc as pm
import pytensor.tensor as pt

from hierlm.families.counts import LARGEST_MEAN
from hierlm.families.family import Additions, Predicted
from hierlm.families.poisson import Poisson
from hierlm.families.truncated import Truncated

__all__ = ["TruncatedPoisson"]

Tensor = Any


@final
class TruncatedPoisson(Truncated):
    """y ~ Poisson(μ) given y > 0, y = 1, 2, …: mean μ/(1 − e^−μ); ``mu`` is the mean before truncation."""

    name = "truncated_poisson"
    aliases = ("ztp", "zero_truncated_poisson", "positive_poisson")
    base = Poisson()
    parameters = Poisson.parameters

    def dispersion(self, **parameters: Predicted) -> Tensor:
        """1."""
        return pt.ones_like(parameters["mu"].eta)

    def draws(self, size: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """1 and what a Poisson process of length μ has after its first event, which is one before μ.

        The time of that event is −log(1 − u(1 − e^−μ)), u uniform: exact for every μ.
        """
        mu = pt.minimum(parameters["mu"].value, LARGEST_MEAN)
        u = pm.Uniform.dist(pt.zeros_like(mu), 1.0, size=size)
        first = -pt.log1p(u * pt.expm1(-mu))
        return 1 + pm.Poisson.dist(mu=pt.maximum(mu - first, 0.0), size=size)
