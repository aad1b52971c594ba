"""The beta-binomial response, y successes of t trials; aux = (log φ,), 1/(1 + φ) the correlation of two trials."""

from __future__ import annotations

import math

from hierlm.kernels.responses.gamma_functions import information_of_rising, log_rising
from hierlm.kernels.responses.probabilities import logit
from hierlm.kernels.responses.response import Response, kernel, plain

__all__ = ["RESPONSES", "beta_binomial_logit"]


@plain
def beta_binomial_logit(y, t, eta, aux):
    """log p(y | η, log φ) = R(a, y) + R(b, t − y) − R(φ, t), R(x, n) = log Γ(x + n) − log Γ(x), a = μφ, b = (1 − μ)φ.

    Up to log C(t, y).  Not concave in η: the weight is an upper bound, by a tenth or less, of the expected information,
    which has no closed form: (1 − μ)² times that of y about log a, plus μ² times that of t − y about log b.
    """
    log_phi, failures = aux[0], t - y
    log_mu, log_not, not_mu, minus_mu, _, _ = logit(eta, 1.0, 1.0)
    phi, mu = math.exp(log_phi), -minus_mu
    a, b, log_a, log_b = mu * phi, not_mu * phi, log_mu + log_phi, log_not + log_phi
    value, slope = log_rising(phi, log_phi, t)
    value_a, slope_a = log_rising(a, log_a, y)
    value_b, slope_b = log_rising(b, log_b, failures)
    weight = not_mu * not_mu * _information(a, mu, t, slope, log_rising(b, log_b, t)[0] - value)
    weight += mu * mu * _information(b, not_mu, t, slope, log_rising(a, log_a, t)[0] - value)
    return value_a + value_b - value, not_mu * slope_a - mu * slope_b, weight, slope_a + slope_b - slope, 0.0


@kernel
def _information(a, mu, t, slope, log_none):
    """Of the number of successes about log a, from log P(none) and φ(ψ(φ + t) − ψ(φ)).

    P(some) is at least μ; for a small μ it is μφ(ψ(φ + t) − ψ(φ)), which does not cancel.
    """
    some = max(mu * slope if mu < 1e-7 else -math.expm1(log_none), mu)
    return information_of_rising(a, t * mu, some) if some > 0.0 else 0.0


RESPONSES = {"beta_binomial:logit": Response(beta_binomial_logit, n_aux=1)}
