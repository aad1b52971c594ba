"""Ratios of gamma functions that lose no digits, neither at huge nor at vanishing arguments.

Densities that contain Γ(x) with x unbounded (shapes and precisions) cancel catastrophically when written with
``gammaln``: at x = 10¹², log Γ(x + 1) − log Γ(x) keeps four digits.  Loader (2000) showed the way: pull Stirling's
formula out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytensor.tensor as pt

__all__ = ["LOG_2PI", "log_rising", "stirling_error"]

Tensor = Any

LOG_2PI = float(np.log(2 * np.pi))
_LARGE = 1e5  # from here on 1/(12x) is Stirling's error to the last digit; below, gammaln loses fewer than six
_TINY = 1e-100  # keeps the branch that is not taken, and its gradient, finite


def stirling_error(x: Tensor, log_x: Tensor) -> Tensor:
    """δ(x) = log Γ(x) − [(x − ½) log x − x + ½ log 2π], for x > 0.

    Parameters
    ----------
    x, log_x : tensor
        The argument and its logarithm; the logarithm stays finite where ``x`` underflows.

    Notes
    -----
    Source: Loader, C. (2000). Fast and accurate computation of binomial probabilities.  Below 10⁵ by log Γ(1 + x),
    above by the first term of Stirling's series, 1/(12x) (Abramowitz & Stegun 6.1.41).

    Examples
    --------
    >>> round(stirling_error(pt.constant(1.0), pt.constant(0.0)).eval(mode="FAST_COMPILE").item(), 12)
    0.081061466795
    """
    x = pt.maximum(x, _TINY)
    direct = pt.gammaln(1 + x) - (x + 0.5) * log_x + x - LOG_2PI / 2
    return pt.switch(pt.lt(x, _LARGE), direct, 1 / (12 * x))


def log_rising(x: Tensor, log_x: Tensor, y: Tensor) -> Tensor:
    """log Γ(x + y) − log Γ(x), for x > 0 and y ≥ 0: the log of the rising factorial x(x + 1)…(x + y − 1).

    Parameters
    ----------
    x, log_x : tensor
        The argument and its logarithm; the logarithm stays finite where ``x`` underflows.
    y : tensor
        Usually whole numbers; any y > 0 will do.

    Examples
    --------
    >>> bool(log_rising(pt.constant(1e12), pt.log(1e12), 1.0).eval(mode="FAST_COMPILE") == np.log(1e12))
    True
    """
    x, some = pt.maximum(x, _TINY), pt.gt(y, 0)
    direct = pt.switch(some, log_x + pt.gammaln(x + pt.switch(some, y, 1.0)) - pt.gammaln(1 + x), 0.0)
    asymptotic = (x - 0.5) * pt.log1p(y / x) + y * (pt.log(x + y) - 1)
    return pt.switch(pt.lt(x, _LARGE), direct, asymptotic)
