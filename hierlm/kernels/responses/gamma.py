"""The gamma response; aux = (log α,), α the shape."""

from __future__ import annotations

import math

import numpy as np

from hierlm.kernels.responses.gamma_functions import stirling
from hierlm.kernels.responses.response import Response, kernel, plain

__all__ = ["RESPONSES", "gamma_inverse", "gamma_log"]


@kernel
def _parts(r, log_shape):
    """(the density, its derivative in log α, α, eʳ − 1), from r = log(y/μ)."""
    shape, excess = math.exp(log_shape), math.expm1(r)
    error, slope, _ = stirling(shape, log_shape)
    deviance = shape * (excess - r)
    return 0.5 * log_shape - error - deviance, slope - deviance, shape, excess


@plain
def gamma_log(y, t, eta, aux):
    """log p(y | η, log α) = ½ log α − δ(α) − α(eʳ − 1 − r), r = log y − η, δ Stirling's error of log Γ.

    Up to log y + ½ log 2π.  The weight is αy/μ.
    """
    value, by_shape, shape, excess = _parts(math.log(y) - eta, aux[0])
    return value, shape * excess, shape * (excess + 1.0), by_shape, 0.0


@plain
def gamma_inverse(y, t, eta, aux):
    """The same with μ = 1/η, so that r = log(yη); zero for η ≤ 0.  The weight is α/η²."""
    value, by_shape, shape, excess = _parts(math.log(y * eta) if eta > 0.0 else -np.inf, aux[0])
    return value, -shape * excess / eta, shape / (eta * eta), by_shape, 0.0


RESPONSES = {
    "gamma:log": Response(gamma_log, n_aux=1, log_concave=True),
    "gamma:inverse": Response(gamma_inverse, n_aux=1),
}
