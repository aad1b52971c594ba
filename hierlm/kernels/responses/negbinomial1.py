"""The negative binomial response with linear variance (NB1); aux = (log φ,)."""

from __future__ import annotations

import math

from hierlm.kernels.responses.gamma_functions import information_of_rising, log_rising
from hierlm.kernels.responses.probabilities import logit, mass
from hierlm.kernels.responses.response import Response, kernel, plain

__all__ = ["RESPONSES", "negbinomial1_log"]


@plain
def negbinomial1_log(y, t, eta, aux):
    """log p(y | η, log φ) = log Γ(y + θ) − log Γ(θ) + y log p + θ log(1 − p), θ = μ/φ, p = φ/(1 + φ), up to log y!.

    Not concave in η: the weight is an upper bound, by a tenth or less, of the expected information
    θ²(ψ′(θ) − E ψ′(θ + y)), which has no closed form.
    """
    log_shape = eta - aux[0]
    shape = math.exp(log_shape)
    terms = logit(aux[0], y, shape)
    value, by_logit, _ = mass(terms, y, shape)
    rising, by_shape = log_rising(shape, log_shape, y)
    log_none = shape * terms[1]  # log P(y = 0)
    slope = by_shape + log_none
    return rising + value, slope, _information(eta, shape, log_none), by_logit - slope, 0.0


@kernel
def _information(eta, shape, log_none):
    """Of η, from θ and log P(y = 0)."""
    some = -math.expm1(log_none)
    return information_of_rising(shape, math.exp(eta), some) if some > 0.0 else 0.0


RESPONSES = {"negbinomial1:log": Response(negbinomial1_log, n_aux=1)}
