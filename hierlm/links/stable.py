"""Logarithms that stay accurate in both tails, with gradients that are right everywhere.

PyTensor has two of them as scalar operations, but without a NumPy counterpart: in Python they loop over elements.
Written with elementary functions they are as fast as NumPy, and PyTensor's rewrites still find them when it compiles.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytensor.tensor as pt

__all__ = ["log1mexp", "log1pexp", "logaddexp"]

Tensor = Any

_LOG_HALF = float(np.log(0.5))


def log1pexp(x: Tensor) -> Tensor:
    """log(1 + eˣ), without overflow.

    Examples
    --------
    >>> log1pexp(pt.constant(1000.0)).eval(mode="FAST_COMPILE").item()
    1000.0
    """
    positive = pt.gt(x, 0)
    return pt.switch(positive, x, 0.0) + pt.log1p(pt.exp(pt.switch(positive, -x, x)))


def log1mexp(x: Tensor) -> Tensor:
    """log(1 − eˣ) for x < 0, without cancellation; NaN for x > 0.

    Source: Mächler, M. (2012). Accurately computing log(1 − exp(−|a|)). The switch is at −log 2.

    Examples
    --------
    >>> log1mexp(pt.constant(-1e-20)).eval(mode="FAST_COMPILE").item()
    -46.05...
    """
    return pt.switch(
        pt.lt(x, _LOG_HALF),
        pt.log1p(-pt.exp(pt.minimum(x, _LOG_HALF))),
        pt.log(-pt.expm1(pt.maximum(x, _LOG_HALF))),
    )


def logaddexp(a: Tensor, b: Tensor) -> Tensor:
    """log(eᵃ + eᵇ), without overflow; one of the two may be −∞.

    Examples
    --------
    >>> logaddexp(pt.constant(-1000.0), pt.constant(-1000.0)).eval(mode="FAST_COMPILE").item()
    -999.30...
    """
    larger = pt.gt(b, a)
    return pt.switch(larger, b, a) + pt.log1p(pt.exp(pt.switch(larger, a - b, b - a)))
