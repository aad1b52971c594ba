"""The hurdle negative binomial family."""

from __future__ import annotations

from typing import final

from hierlm.families.hurdle import HU, Hurdle
from hierlm.families.truncated_negbinomial import TruncatedNegativeBinomial

__all__ = ["HurdleNegativeBinomial"]


@final
class HurdleNegativeBinomial(Hurdle):
    """y = 0 with probability hu, else y ~ NB2(μ, shape θ) given y > 0: mean (1 − hu) μ/(1 − (1 + μ/θ)^−θ)."""

    name = "hurdle_negbinomial"
    aliases = ("hurdle_nbinom2", "hurdle_nbinom", "hurdle_negbinom", "hurdle_negativebinomial")
    positive = TruncatedNegativeBinomial()
    parameters = (*TruncatedNegativeBinomial.parameters, HU)
    discrete = True
