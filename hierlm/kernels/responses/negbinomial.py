"""The negative binomial response with quadratic variance (NB2); aux = (log θ,), θ the shape."""

from __future__ import annotations

import math

import numba as nb

from hierlm.kernels.responses.gamma_functions import log_rising
from hierlm.kernels.responses.probabilities import logit, mass
from hierlm.kernels.responses.response import Response, finish, kernel

__all__ = ["RESPONSES", "negbinomial_log"]


@kernel
def negbinomial_log(y, t, eta, aux, out):
    """log p(y | η, log θ) = log Γ(y + θ) − log Γ(θ) + y log p + θ log(1 − p), p = μ/(μ + θ), up to log y!.

    The last two terms are y successes and θ failures with logit p = η − log θ; so is the weight, (y + θ)p(1 − p).
    """
    shape = math.exp(aux[0])
    terms = logit(eta - aux[0], y, shape)
    value, slope, weight = mass(terms, y, shape)
    rising, by_shape = log_rising(shape, aux[0], y)
    out[2] = by_shape + shape * terms[1] - slope
    return finish(rising + value, slope, weight, 1, out)


def _negbinomial_log(y, t, eta, aux, out):
    return negbinomial_log(y, t, eta, nb.carray(aux, 2), nb.carray(out, 4))


RESPONSES = {"negbinomial:log": Response(negbinomial_log, _negbinomial_log, n_aux=1, log_concave=True)}
