"""The Poisson response."""

from __future__ import annotations

import math

import numba as nb

from hierlm.kernels.responses.response import Response, finish, kernel

__all__ = ["RESPONSES", "poisson_log"]


@kernel
def poisson_log(y, t, eta, aux, out):
    """log p(y | η) = yη − e^η, up to log y!; y need not be whole.  The weight is μ = e^η."""
    mu = math.exp(eta)
    return finish(y * eta - mu, y - mu, mu, 0, out)


def _poisson_log(y, t, eta, aux, out):
    return poisson_log(y, t, eta, nb.carray(aux, 2), nb.carray(out, 4))


RESPONSES = {"poisson:log": Response(poisson_log, _poisson_log, mean_sufficient=True, log_concave=True)}
