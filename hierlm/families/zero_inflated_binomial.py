"""The zero-inflated binomial family."""

from __future__ import annotations

from typing import Any, final

from hierlm.families.binomial import Binomial
from hierlm.families.family import Additions, Predicted
from hierlm.families.probability import latent_threshold_variance
from hierlm.families.zero_inflated import ZI, ZeroInflated

__all__ = ["ZeroInflatedBinomial"]

Tensor = Any


@final
class ZeroInflatedBinomial(ZeroInflated):
    """y ~ Binomial(n, μ), n = ``trials``, or 0 with the further probability zi: mean n(1 − zi)μ."""

    name = "zero_inflated_binomial"
    aliases = ("zib", "zero_inflated_binom")
    base = Binomial()
    parameters = (*Binomial.parameters, ZI)
    requires = Binomial.requires

    def latent_variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """Of one trial that is no structural zero, as binomial: π²/3 logit, 1 probit, π²/6 cloglog and loglog."""
        return latent_threshold_variance(parameters["mu"])
