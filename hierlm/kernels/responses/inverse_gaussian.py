"""The inverse Gaussian response; aux = (log λ,), λ the shape."""

from __future__ import annotations

from hierlm.kernels.elementary import exp
from hierlm.kernels.responses.response import Response, plain

__all__ = ["RESPONSES", "inverse_gaussian_log"]


@plain
def inverse_gaussian_log(y, t, eta, aux):
    """log p(y | η, log λ) = ½ log λ − ½λ(y/μ − 1)²/y, μ = e^η, up to ½ log(2πy³).

    Not concave in η: the weight is the expected information, λ/μ.
    """
    shape, rate = exp(aux[0]), exp(-eta)
    excess = y * rate - 1.0
    half = 0.5 * shape * excess * excess / y
    return 0.5 * aux[0] - half, shape * rate * excess, shape * rate, 0.5 - half, 0.0


RESPONSES = {"inverse_gaussian:log": Response(inverse_gaussian_log, n_aux=1)}
