"""Log-densities and derivatives of the usual priors of positive parameters, by code."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import numba as nb

__all__ = ["CODES", "log_prior"]

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


@nb.njit(cache=True, nogil=True)
def log_prior(code, a, b, x):
    """log p(x) up to a constant, and its derivative, for x > 0."""
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
