"""The zero-truncated negative binomial family."""

from __future__ import annotations

from typing import Any, final

import pymc as pm
import pytensor.tensor as pt

from hierlm.families.counts import LARGEST_MEAN
from hierlm.families.family import Additions, Predicted
from hierlm.families.negbinomial import NegativeBinomial
from hierlm.families.truncated import Truncated

__all__ = ["TruncatedNegativeBinomial"]

Tensor = Any


@final
class TruncatedNegativeBinomial(Truncated):
    """y ~ NB2(μ, shape θ) given y > 0, y = 1, 2, …: mean μ/(1 − (1 + μ/θ)^−θ); ``mu`` is the mean before truncation."""

    name = "truncated_negbinomial"
    aliases = ("truncated_nbinom2", "truncated_nbinom", "truncated_negbinom", "ztnb", "zero_truncated_negbinomial")
    base = NegativeBinomial()
    parameters = NegativeBinomial.parameters

    def dispersion(self, **parameters: Predicted) -> Tensor:
        """1 + μ/θ."""
        return 1 + pt.exp(parameters["mu"].log - parameters["shape"].log)

    def draws(self, size: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """1 and what a Poisson process of unit length and gamma-distributed rate has after its first event at time s.

        Given one event at s and none before, the rate is Gamma(θ + 1, θ/μ + s), so that the rest is negative binomial;
        s comes from P(none before s) = (1 + sμ/θ)^−θ, given one before 1: exact for every μ and θ.
        """
        mu, shape = pt.minimum(parameters["mu"].value, LARGEST_MEAN), parameters["shape"].value
        rate = shape / mu
        u = pm.Uniform.dist(pt.zeros_like(rate), 1.0, size=size)
        passed = -pt.log1p(u * pt.expm1(-shape * pt.log1p(1 / rate)))
        s = pt.clip(rate * pt.expm1(passed / shape), 0.0, 1.0)
        rest = pt.maximum((shape + 1) * (1 - s) / (rate + s), 1e-300)
        return 1 + pm.NegativeBinomial.dist(mu=rest, alpha=shape + 1, size=size)
