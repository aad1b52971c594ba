"""The sequential (stopping-ratio) family of ordered categories."""

from __future__ import annotations

from typing import Any, final

import pytensor.tensor as pt

from hierlm.families.family import Predicted, Vector
from hierlm.families.ordinal import DISC, THRESHOLDS, OrdinalFamily, latent_mean, latent_scale

__all__ = ["SRatio"]

Tensor = Any


@final
class SRatio(OrdinalFamily):
    """P(y = k | y ≥ k) = g⁻¹(disc (τ_k − μ)), k = 1 … K − 1: categories are reached one after the other.

    For responses that are steps, such as stages of a disease (Tutz 1990); thresholds need not be in order.
    """

    name = "sratio"
    aliases = ("stopping_ratio", "sequential")
    parameters = (latent_mean("logit", "probit", "cloglog", "loglog", "cauchit"), DISC)
    vectors = (Vector(THRESHOLDS, ordered=False),)

    def log_probabilities(self, **parameters: Predicted) -> Tensor:
        """log g⁻¹(s_k) + Σ_{j<k} log(1 − g⁻¹(s_j)), s_k = disc (τ_k − μ), and the first term left out for the last."""
        s, link = latent_scale(parameters), parameters["mu"].link
        stopped, passed = link.log_inverse(s), pt.cumsum(link.log_complement(s), axis=-1)
        none = pt.zeros_like(s[..., :1])
        return pt.concatenate([stopped, none], axis=-1) + pt.concatenate([none, passed], axis=-1)
