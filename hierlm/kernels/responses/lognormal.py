"""The log-normal response; aux = (log σ,)."""

from __future__ import annotations

import math

import numba as nb

from hierlm.kernels.responses.gaussian import normal
from hierlm.kernels.responses.response import Response, kernel

__all__ = ["RESPONSES", "lognormal_identity"]


@kernel
def lognormal_identity(y, t, eta, aux, out):
    """log p(y | η, log σ) = −log σ − ½(log y − η)²/σ², up to log y + ½ log 2π; the weight is 1/σ²."""
    return normal(math.log(y) - eta, aux, out)


def _lognormal_identity(y, t, eta, aux, out):
    return lognormal_identity(y, t, eta, nb.carray(aux, 2), nb.carray(out, 4))


RESPONSES = {"lognormal:identity": Response(lognormal_identity, _lognormal_identity, n_aux=1, log_concave=True)}
