"""Student's t; aux = (log σ, log ν)."""

from __future__ import annotations

import math

from hierlm.kernels.responses.gamma_functions import log_rising
from hierlm.kernels.responses.response import Response, plain

__all__ = ["RESPONSES", "student_t_identity"]

_LOG_2 = math.log(2.0)


@plain
def student_t_identity(y, t, eta, aux):
    """log p = log Γ((ν+1)/2) − log Γ(ν/2) − ½ log ν − log σ − (ν+1)/2 · log(1 + z²/ν), z = (y − η)/σ.

    Up to ½ log π.  Not concave in η: the weight is the expected information, (ν + 1)/((ν + 3)σ²).
    """
    precise, nu = math.exp(-aux[0]), math.exp(aux[1])
    z = (y - eta) * precise
    tail, half = math.log1p(z * z / nu), 0.5 * (nu + 1.0)
    pull = 2.0 * half * z / (nu + z * z)  # (ν + 1) z/(ν + z²)
    ratio, by_half_nu = log_rising(0.5 * nu, aux[1] - _LOG_2, 0.5)
    by_sigma = z * pull - 1.0
    by_nu = by_half_nu - 0.5 - 0.5 * nu * tail + 0.5 * z * pull
    weight = (nu + 1.0) / (nu + 3.0) * precise * precise
    return ratio - 0.5 * aux[1] - aux[0] - half * tail, precise * pull, weight, by_sigma, by_nu


RESPONSES = {"student_t:identity": Response(student_t_identity, n_aux=2)}
