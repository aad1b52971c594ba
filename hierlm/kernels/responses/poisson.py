"""The Poisson response."""

from __future__ import annotations

from hierlm.kernels.elementary import exp
from hierlm.kernels.responses.response import Response, plain

__all__ = ["RESPONSES", "poisson_log"]


@plain
def poisson_log(y, t, eta, aux):
    """log p(y | η) = yη − e^η, up to log y!; y need not be whole.  The weight is μ = e^η."""
    mu = exp(eta)
    return y * eta - mu, y - mu, mu, 0.0, 0.0


RESPONSES = {"poisson:log": Response(poisson_log, mean_sufficient=True, log_concave=True)}
