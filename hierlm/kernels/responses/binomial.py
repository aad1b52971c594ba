"""The binomial response: y successes of t trials; neither need be whole."""

from __future__ import annotations

from hierlm.kernels.responses.probabilities import cloglog, logit, mass, probit
from hierlm.kernels.responses.response import Response, plain

__all__ = ["RESPONSES", "binomial_cloglog", "binomial_logit", "binomial_probit"]


@plain
def binomial_logit(y, t, eta, aux):
    """log p(y | η) = y log μ + (t − y) log(1 − μ), up to log C(t, y), μ = 1/(1 + e^−η); the weight is tμ(1 − μ)."""
    value, slope, weight = mass(logit(eta, y, t - y), y, t - y)
    return value, slope, weight, 0.0, 0.0


@plain
def binomial_probit(y, t, eta, aux):
    """log p(y | η) = y log μ + (t − y) log(1 − μ), up to log C(t, y), μ = Φ(η); the weight is −∂²/∂η²."""
    value, slope, weight = mass(probit(eta, y, t - y), y, t - y)
    return value, slope, weight, 0.0, 0.0


@plain
def binomial_cloglog(y, t, eta, aux):
    """log p(y | η) = y log μ + (t − y) log(1 − μ), up to log C(t, y), μ = 1 − exp(−e^η); the weight is −∂²/∂η²."""
    value, slope, weight = mass(cloglog(eta, y, t - y), y, t - y)
    return value, slope, weight, 0.0, 0.0


RESPONSES = {
    "binomial:logit": Response(binomial_logit, mean_sufficient=True, log_concave=True),
    "binomial:probit": Response(binomial_probit, mean_sufficient=True, log_concave=True),
    "binomial:cloglog": Response(binomial_cloglog, mean_sufficient=True, log_concave=True),
}
