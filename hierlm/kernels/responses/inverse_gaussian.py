"""The inverse Gaussian response; aux = (log λ,), λ the shape."""

from __future__ import annotations

import math

import numba as nb

from hierlm.kernels.responses.response import Response, finish, kernel

__all__ = ["RESPONSES", "inverse_gaussian_log"]


@kernel
def inverse_gaussian_log(y, t, eta, aux, out):
    """log p(y | η, log λ) = ½ log λ − ½λ(y/μ − 1)²/y, μ = e^η, up to ½ log(2πy³).

    Not concave in η: the weight is the expected information, λ/μ.
    """
    shape, rate = math.exp(aux[0]), math.exp(-eta)
    excess = y * rate - 1.0
    half = 0.5 * shape * excess * excess / y
    out[2] = 0.5 - half
    return finish(0.5 * aux[0] - half, shape * rate * excess, shape * rate, 1, out)


def _inverse_gaussian_log(y, t, eta, aux, out):
    return inverse_gaussian_log(y, t, eta, nb.carray(aux, 2), nb.carray(out, 4))


RESPONSES = {"inverse_gaussian:log": Response(inverse_gaussian_log, _inverse_gaussian_log, n_aux=1)}
