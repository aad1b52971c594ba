"""The binomial response: y successes of t trials; neither need be whole."""

from __future__ import annotations

import numba as nb

from hierlm.kernels.responses.probabilities import cloglog, logit, mass, probit
from hierlm.kernels.responses.response import Response, finish, kernel

__all__ = ["RESPONSES", "binomial_cloglog", "binomial_logit", "binomial_probit"]


@kernel
def binomial_logit(y, t, eta, aux, out):
    """log p(y | η) = y log μ + (t − y) log(1 − μ), up to log C(t, y), μ = 1/(1 + e^−η); the weight is tμ(1 − μ)."""
    value, slope, weight = mass(logit(eta, y, t - y), y, t - y)
    return finish(value, slope, weight, 0, out)


@kernel
def binomial_probit(y, t, eta, aux, out):
    """log p(y | η) = y log μ + (t − y) log(1 − μ), up to log C(t, y), μ = Φ(η); the weight is −∂²/∂η²."""
    value, slope, weight = mass(probit(eta, y, t - y), y, t - y)
    return finish(value, slope, weight, 0, out)


@kernel
def binomial_cloglog(y, t, eta, aux, out):
    """log p(y | η) = y log μ + (t − y) log(1 − μ), up to log C(t, y), μ = 1 − exp(−e^η); the weight is −∂²/∂η²."""
    value, slope, weight = mass(cloglog(eta, y, t - y), y, t - y)
    return finish(value, slope, weight, 0, out)


def _binomial_logit(y, t, eta, aux, out):
    return binomial_logit(y, t, eta, nb.carray(aux, 2), nb.carray(out, 4))


def _binomial_probit(y, t, eta, aux, out):
    return binomial_probit(y, t, eta, nb.carray(aux, 2), nb.carray(out, 4))


def _binomial_cloglog(y, t, eta, aux, out):
    return binomial_cloglog(y, t, eta, nb.carray(aux, 2), nb.carray(out, 4))


RESPONSES = {
    "binomial:logit": Response(binomial_logit, _binomial_logit, mean_sufficient=True, log_concave=True),
    "binomial:probit": Response(binomial_probit, _binomial_probit, mean_sufficient=True, log_concave=True),
    "binomial:cloglog": Response(binomial_cloglog, _binomial_cloglog, mean_sufficient=True, log_concave=True),
}
