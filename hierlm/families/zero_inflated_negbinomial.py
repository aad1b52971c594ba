"""The zero-inflated negative binomial family."""

from __future__ import annotations

from typing import final

from hierlm.families.negbinomial import NegativeBinomial
from hierlm.families.zero_inflated import ZI, ZeroInflated

__all__ = ["ZeroInflatedNegativeBinomial"]


@final
class ZeroInflatedNegativeBinomial(ZeroInflated):
    """y ~ NB2(μ, shape θ), or 0 with the further probability zi: mean (1 − zi)μ."""

    name = "zero_inflated_negbinomial"
    aliases = ("zinb", "zero_inflated_nbinom", "zero_inflated_nbinom2", "zero_inflated_negbinom")
    base = NegativeBinomial()
    parameters = (*NegativeBinomial.parameters, ZI)
