"""The log-normal response; aux = (log σ,)."""

from __future__ import annotations

import math

from hierlm.kernels.responses.gaussian import normal
from hierlm.kernels.responses.response import Response, plain

__all__ = ["RESPONSES", "lognormal_identity"]


@plain
def lognormal_identity(y, t, eta, aux):
    """log p(y | η, log σ) = −log σ − ½(log y − η)²/σ², up to log y + ½ log 2π; the weight is 1/σ²."""
    return normal(math.log(y) - eta, aux)


RESPONSES = {"lognormal:identity": Response(lognormal_identity, n_aux=1, log_concave=True)}
