"""The normal response; aux = (log σ,)."""

from __future__ import annotations

import math

import numba as nb

from hierlm.kernels.responses.response import Response, finish, kernel

__all__ = ["RESPONSES", "gaussian_identity", "normal"]


@kernel
def normal(residual, aux, out):
    """−log σ − ½z², z = (y − η)/σ."""
    precise = math.exp(-aux[0])
    z = residual * precise
    out[2] = z * z - 1.0
    return finish(-aux[0] - 0.5 * z * z, z * precise, precise * precise, 1, out)


@kernel
def gaussian_identity(y, t, eta, aux, out):
    """log p(y | η, log σ) = −log σ − ½(y − η)²/σ², up to ½ log 2π; the weight is 1/σ²."""
    return normal(y - eta, aux, out)


def _gaussian_identity(y, t, eta, aux, out):
    return gaussian_identity(y, t, eta, nb.carray(aux, 2), nb.carray(out, 4))


RESPONSES = {"gaussian:identity": Response(gaussian_identity, _gaussian_identity, n_aux=1, log_concave=True)}
