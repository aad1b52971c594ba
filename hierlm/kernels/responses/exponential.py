"""The exponential response."""

from __future__ import annotations

from hierlm.kernels.elementary import exp
from hierlm.kernels.responses.response import Response, plain

__all__ = ["RESPONSES", "exponential_log"]


@plain
def exponential_log(y, t, eta, aux):
    """log p(y | η) = −η − y/μ, μ = e^η; the weight is y/μ."""
    ratio = y * exp(-eta)
    return -eta - ratio, ratio - 1.0, ratio, 0.0, 0.0


RESPONSES = {"exponential:log": Response(exponential_log, mean_sufficient=True, log_concave=True)}
