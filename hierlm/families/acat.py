"""The adjacent-category family of ordered categories."""

from __future__ import annotations

from typing import Any, final

import pytensor.tensor as pt

from hierlm.families.family import Predicted, Vector
from hierlm.families.ordinal import DISC, THRESHOLDS, OrdinalFamily, latent_mean, latent_scale

__all__ = ["ACat"]

Tensor = Any


@final
class ACat(OrdinalFamily):
    """P(y = k + 1 | y = k or k + 1) = g⁻¹(disc (μ − τ_k)), k = 1 … K − 1: neighbouring categories are compared.

    With the logit link the partial credit model (Masters 1982); thresholds need not be in order.
    """

    name = "acat"
    aliases = ("adjacent_category", "partial_credit")
    parameters = (latent_mean("logit", "probit", "cauchit"), DISC)
    vectors = (Vector(THRESHOLDS, ordered=False),)

    def log_probabilities(self, **parameters: Predicted) -> Tensor:
        """Σ_{j<k} log g⁻¹(s_j) + Σ_{j≥k} log(1 − g⁻¹(s_j)), s_k = disc (μ − τ_k), less the log of their sum."""
        s, link = -latent_scale(parameters), parameters["mu"].link
        none = pt.zeros_like(s[..., :1])
        odds = link.log_inverse(s) - link.log_complement(s)
        weights = pt.concatenate([none, pt.cumsum(odds, axis=-1)], axis=-1)
        largest = weights.max(axis=-1, keepdims=True)
        return weights - largest - pt.log(pt.exp(weights - largest).sum(axis=-1, keepdims=True))
