"""The beta response; aux = (log φ,), φ the precision."""

from __future__ import annotations

import math

from hierlm.kernels.responses.gamma_functions import stirling
from hierlm.kernels.responses.probabilities import logit
from hierlm.kernels.responses.response import Response, plain

__all__ = ["RESPONSES", "beta_logit"]


@plain
def beta_logit(y, t, eta, aux):
    """log p(y | η, log φ) = ½ log(φμμ′) + δ(φ) − δ(a) − δ(b) + a log(y/μ) + b log(y′/μ′), a = μφ, b = μ′φ.

    ′ is one minus, δ Stirling's error of log Γ; up to log y + log y′ + ½ log 2π.  Not concave in η: the weight is the
    expected information, μ′²a²ψ′(a) + μ²b²ψ′(b).
    """
    log_phi = aux[0]
    log_mu, log_not, not_mu, minus_mu, _, _ = logit(eta, 1.0, 1.0)
    phi = math.exp(log_phi)
    a, b = -minus_mu * phi, not_mu * phi
    error, slope, _ = stirling(phi, log_phi)
    error_a, slope_a, bend_a = stirling(a, log_mu + log_phi)
    error_b, slope_b, bend_b = stirling(b, log_not + log_phi)
    fit_a, fit_b = a * (math.log(y) - log_mu), b * (math.log1p(-y) - log_not)
    by_phi = fit_a + fit_b - slope + slope_a + slope_b
    value = 0.5 * (log_mu + log_not + log_phi) + error - error_a - error_b + fit_a + fit_b
    weight = not_mu * not_mu * bend_a + minus_mu * minus_mu * bend_b
    return value, not_mu * (fit_a + slope_a) + minus_mu * (fit_b + slope_b), weight, by_phi, 0.0


RESPONSES = {"beta:logit": Response(beta_logit, n_aux=1)}
