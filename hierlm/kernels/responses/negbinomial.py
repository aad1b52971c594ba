"""The negative binomial response with quadratic variance (NB2); aux = (log θ,), θ the shape."""

from __future__ import annotations

import math

from hierlm.kernels.responses.gamma_functions import log_rising
from hierlm.kernels.responses.probabilities import logit, mass
from hierlm.kernels.responses.response import Response, plain

__all__ = ["RESPONSES", "negbinomial_log"]


@plain
def negbinomial_log(y, t, eta, aux):
    """log p(y | η, log θ) = log Γ(y + θ) − log Γ(θ) + y log p + θ log(1 − p), p = μ/(μ + θ), up to log y!.

    The last two terms are y successes and θ failures with logit p = η − log θ; so is the weight, (y + θ)p(1 − p).
    """
    shape = math.exp(aux[0])
    terms = logit(eta - aux[0], y, shape)
    value, slope, weight = mass(terms, y, shape)
    rising, by_shape = log_rising(shape, aux[0], y)
    return rising + value, slope, weight, by_shape + shape * terms[1] - slope, 0.0


RESPONSES = {"negbinomial:log": Response(negbinomial_log, n_aux=1, log_concave=True)}
