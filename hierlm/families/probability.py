"""What families of probabilities share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytensor.tensor as pt

from hierlm.errors import PosteriorError
from hierlm.families.family import Parameter, Predicted

__all__ = ["MU", "latent_threshold_variance"]

Tensor = Any

MU = Parameter("mu", "logit", ("logit", "probit", "cloglog", "loglog", "cauchit", "identity", "log"), 0.0, 1.0)
"""The probability of success."""


def latent_threshold_variance(mu: Predicted) -> Tensor:
    """Var(ε) of y = [η + ε > 0], in the shape of η; by approximation where the link is no threshold model.

    Raises
    ------
    PosteriorError
        When ε has no variance (cauchit).
    """
    variance = mu.link.threshold_variance
    if variance is None:
        return mu.link.latent_variance(mu.eta, pt.exp(mu.log + mu.log_complement))
    if not np.isfinite(variance):
        raise PosteriorError(
            f"The {mu.link.name} link has no latent variance: the errors of its threshold model have none, "
            "so neither an ICC nor an R² exists on the link scale.",
            hint='Use link="probit" or "logit", or compare on the response scale.',
        )
    return pt.full_like(mu.eta, variance, dtype="float64")
