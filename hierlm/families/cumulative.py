"""The cumulative family of ordered categories."""

from __future__ import annotations

from typing import Any, final

import numpy as np
import pytensor.tensor as pt

from hierlm.families.family import Additions, Predicted
from hierlm.families.ordinal import DISC, THRESHOLDS, OrdinalFamily, latent_mean, latent_scale
from hierlm.families.probability import latent_threshold_variance
from hierlm.links import Link
from hierlm.links.stable import log1mexp

__all__ = ["Cumulative"]

Tensor = Any

_TINY = 1e-300  # keeps the branch that is not taken, and its gradient, finite


@final
class Cumulative(OrdinalFamily):
    """P(y ≤ k) = g⁻¹(disc (τ_k − μ)), k = 1 … K: a latent μ + ε/disc, cut at ordered thresholds τ.

    The proportional-odds model with the logit link (McCullagh 1980).  ``mu`` is on the latent scale and has no
    intercept: the thresholds are it.  ``disc`` is 1 unless it has a formula.
    """

    name = "cumulative"
    aliases = ("ordinal", "ordered", "clm")
    parameters = (latent_mean("logit", "probit", "cloglog", "loglog", "cauchit"), DISC)

    def log_density(self, y: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """log[g⁻¹(disc (τ_y − μ)) − g⁻¹(disc (τ_{y−1} − μ))], in the tail where it keeps its digits."""
        mu, thresholds = parameters["mu"], parameters[THRESHOLDS].value
        K = thresholds.shape[-1] + 1
        first, last, inside = pt.eq(y, 1), pt.eq(y, K), pt.ge(y, 1) & pt.le(y, K)
        scale = parameters["disc"].value if "disc" in parameters else 1.0
        upper = scale * (_element(thresholds, y - 1) - mu.eta)
        lower = scale * (_element(thresholds, y - 2) - mu.eta)
        between = _log_between(mu.link, lower, pt.switch(first | last, lower + 1.0, upper))
        middle = pt.switch(last, mu.link.log_complement(lower), between)
        found = pt.switch(first, mu.link.log_inverse(upper), middle)
        return pt.switch(inside & ~pt.isnan(found), found, -np.inf)  # NaN: a difference of two probabilities of zero

    def log_probabilities(self, **parameters: Predicted) -> Tensor:
        """log P(y = k), (…, K)."""
        K = parameters[THRESHOLDS].value.shape[-1] + 1
        apart = {n: p if n == THRESHOLDS else Predicted(p.eta[..., None], p.link) for n, p in parameters.items()}
        if apart[THRESHOLDS].eta.ndim > 1:
            apart[THRESHOLDS] = Predicted(apart[THRESHOLDS].eta[..., None, :], apart[THRESHOLDS].link)
        return self.log_density(pt.arange(K) + 1.0, {}, **apart)

    def at_most(self, **parameters: Predicted) -> Tensor:
        """g⁻¹(disc (τ_k − μ)), (…, K − 1)."""
        return parameters["mu"].link.inverse(latent_scale(parameters))

    def latent_variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """Var(ε)/disc²: π²/3 logit, 1 probit, π²/6 cloglog and loglog, exact."""
        variance = latent_threshold_variance(parameters["mu"])
        return variance / parameters["disc"].value ** 2 if "disc" in parameters else variance


def _element(thresholds: Tensor, position: Tensor) -> Tensor:
    """The thresholds at positions (…), the nearest where there is none; batches of thresholds broadcast."""
    position = pt.clip(pt.cast(position, "int64"), 0, thresholds.shape[-1] - 1)
    if thresholds.ndim == 1:
        return thresholds[position]
    here = pt.eq(position[..., None], pt.arange(thresholds.shape[-1]))
    return (pt.cast(here, "float64") * thresholds).sum(axis=-1)


def _log_between(link: Link, lower: Tensor, upper: Tensor) -> Tensor:
    """log[g⁻¹(upper) − g⁻¹(lower)] of an increasing link."""
    below_lower, below_upper = link.log_inverse(lower), link.log_inverse(upper)
    above_lower, above_upper = link.log_complement(lower), link.log_complement(upper)
    left = below_upper + log1mexp(pt.minimum(below_lower - below_upper, -_TINY))
    right = above_lower + log1mexp(pt.minimum(above_upper - above_lower, -_TINY))
    return pt.switch(pt.lt(below_lower, above_upper), left, right)
