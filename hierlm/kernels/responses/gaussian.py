"""The normal response; aux = (log σ,)."""

from __future__ import annotations

import math

from hierlm.kernels.responses.response import Response, plain

__all__ = ["RESPONSES", "gaussian_identity", "normal"]


@plain
def normal(residual, aux):
    """−log σ − ½z², z = (y − η)/σ."""
    precise = math.exp(-aux[0])
    z = residual * precise
    return -aux[0] - 0.5 * z * z, z * precise, precise * precise, z * z - 1.0, 0.0


@plain
def gaussian_identity(y, t, eta, aux):
    """log p(y | η, log σ) = −log σ − ½(y − η)²/σ², up to ½ log 2π; the weight is 1/σ²."""
    return normal(y - eta, aux)


RESPONSES = {"gaussian:identity": Response(gaussian_identity, n_aux=1, log_concave=True)}
