"""The continuation-ratio family of ordered categories."""

from __future__ import annotations

from typing import Any, final

import pytensor.tensor as pt

from hierlm.families.family import Predicted, Vector
from hierlm.families.ordinal import DISC, THRESHOLDS, OrdinalFamily, latent_mean, latent_scale

__all__ = ["CRatio"]

Tensor = Any


@final
class CRatio(OrdinalFamily):
    """P(y > k | y ≥ k) = g⁻¹(disc (μ − τ_k)), k = 1 … K − 1: categories are passed one after the other.

    The same as ``sratio`` with symmetric links (logit, probit, cauchit); thresholds need not be in order.
    """

    name = "cratio"
    aliases = ("continuation_ratio",)
    parameters = (latent_mean("logit", "probit", "cloglog", "loglog", "cauchit"), DISC)
    vectors = (Vector(THRESHOLDS, ordered=False),)

    def log_probabilities(self, **parameters: Predicted) -> Tensor:
        """log(1 − g⁻¹(s_k)) + Σ_{j<k} log g⁻¹(s_j), s_k = disc (μ − τ_k), and the first term left out for the last."""
        s, link = -latent_scale(parameters), parameters["mu"].link
        stopped, passed = link.log_complement(s), pt.cumsum(link.log_inverse(s), axis=-1)
        none = pt.zeros_like(s[..., :1])
        return pt.concatenate([stopped, none], axis=-1) + pt.concatenate([none, passed], axis=-1)
