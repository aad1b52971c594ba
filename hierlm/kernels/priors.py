"""Log-densities and derivatives of priors by code: the usual ones here, any other by the address of a C function."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import numba as nb

from hierlm.kernels.calling import call_prior

__all__ = [
    "BOUNDED_CODES",
    "CODES",
    "COMPILED",
    "COMPILED_EVEN",
    "EVEN",
    "REAL_CODES",
    "log_bounded_prior",
    "log_prior",
    "log_real_prior",
]

COMPILED, COMPILED_EVEN = 100, 101
"""Codes of a density that is called by its address, whose bits are the first argument; the latter is in EVEN."""

CODES: Mapping[str, tuple[int, tuple[str, ...]]] = MappingProxyType(
    {
        "HalfFlat": (0, ()),
        "HalfNormal": (1, ("sigma",)),
        "HalfStudentT": (2, ("nu", "sigma")),
        "HalfCauchy": (3, ("beta",)),
        "Exponential": (4, ("lam",)),
        "Gamma": (5, ("alpha", "beta")),
        "InverseGamma": (6, ("alpha", "beta")),
        "LogNormal": (7, ("mu", "sigma")),
    }
)
"""Distribution → (code, the arguments that it takes here, in order)."""

REAL_CODES: Mapping[str, tuple[int, tuple[str, ...]]] = MappingProxyType(
    {
        "Flat": (0, ()),
        "StudentT": (1, ("nu", "sigma")),
        "Cauchy": (2, ("beta",)),
        "Laplace": (3, ("b",)),
        "Logistic": (4, ("s",)),
    }
)
"""Distributions of a real number but the normal one, about their location."""

BOUNDED_CODES: Mapping[str, tuple[int, tuple[str, ...]]] = MappingProxyType(
    {"Uniform": (0, ()), "TruncatedNormal": (1, ("mu", "sigma")), "Beta": (2, ("alpha", "beta"))}
)
"""Distributions of a number that lies between two others."""

EVEN = frozenset({0, 1, 2, 3, 4, COMPILED_EVEN})
"""Codes whose density has no singularity at zero, so that x may stand for |x|."""


@nb.njit(cache=True, nogil=True, error_model="numpy")
def log_prior(code, a, b, x):
    """log p(x) up to a constant, and its derivative, for x > 0."""
    if code >= COMPILED:
        return call_prior(a, x)
    if code == 1:
        return -0.5 * (x / a) ** 2, -x / (a * a)
    if code == 2:
        t = x / b
        return -0.5 * (a + 1.0) * math.log1p(t * t / a), -(a + 1.0) * t / (b * (a + t * t))
    if code == 3:
        t = x / a
        return -math.log1p(t * t), -2.0 * t / (a * (1.0 + t * t))
    if code == 4:
        return -a * x, -a
    if code == 5:
        return (a - 1.0) * math.log(x) - b * x, (a - 1.0) / x - b
    if code == 6:
        return -(a + 1.0) * math.log(x) - b / x, -(a + 1.0) / x + b / (x * x)
    if code == 7:
        z = (math.log(x) - a) / b
        return -math.log(x) - 0.5 * z * z, -(1.0 + z / b) / x
    return 0.0, 0.0


@nb.njit(cache=True, nogil=True, error_model="numpy")
def log_real_prior(code, a, b, x):
    """log p(x) up to a constant, and its derivative, for a real x less its location.

    A density that is called takes the location as its second argument.
    """
    if code >= COMPILED:
        return call_prior(a, b + x)
    if code == 1:
        t = x / b
        return -0.5 * (a + 1.0) * math.log1p(t * t / a), -(a + 1.0) * t / (b * (a + t * t))
    if code == 2:
        t = x / a
        return -math.log1p(t * t), -2.0 * t / (a * (1.0 + t * t))
    if code == 3:
        return -abs(x) / a, -math.copysign(1.0, x) / a
    if code == 4:
        t = math.tanh(0.5 * x / a)
        size = abs(x) / a
        return -size - 2.0 * math.log1p(math.exp(-size)), -t / a
    return 0.0, 0.0


@nb.njit(cache=True, nogil=True, error_model="numpy")
def log_bounded_prior(code, a, b, x):
    """log p(x) up to a constant, and its derivative, for x between its bounds."""
    if code >= COMPILED:
        return call_prior(a, x)
    if code == 1:
        t = (x - a) / b
        return -0.5 * t * t, -t / b
    if code == 2:
        return (a - 1.0) * math.log(x) + (b - 1.0) * math.log1p(-x), (a - 1.0) / x - (b - 1.0) / (1.0 - x)
    return 0.0, 0.0
