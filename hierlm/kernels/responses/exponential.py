"""The exponential response."""

from __future__ import annotations

import math

import numba as nb

from hierlm.kernels.responses.response import Response, finish, kernel

__all__ = ["RESPONSES", "exponential_log"]


@kernel
def exponential_log(y, t, eta, aux, out):
    """log p(y | η) = −η − y/μ, μ = e^η; the weight is y/μ."""
    ratio = y * math.exp(-eta)
    return finish(-eta - ratio, ratio - 1.0, ratio, 0, out)


def _exponential_log(y, t, eta, aux, out):
    return exponential_log(y, t, eta, nb.carray(aux, 2), nb.carray(out, 4))


RESPONSES = {"exponential:log": Response(exponential_log, _exponential_log, mean_sufficient=True, log_concave=True)}
