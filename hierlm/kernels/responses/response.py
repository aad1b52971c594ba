"""What the files of this folder share: how a density is compiled, how it ends, and what the registry holds."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numba as nb
import numpy as np

__all__ = ["HUGE", "TINY", "Response", "finish", "kernel"]

TINY, HUGE = 1e-300, 1e300

kernel = nb.njit(cache=True, nogil=True, error_model="numpy")
"""Decorator: compiled at the first call, kept on disk; 1/0 is ∞ and not an exception, which C could not catch."""

_REALS = nb.types.CPointer(nb.types.float64)
_SIGNATURE = nb.types.float64(nb.types.float64, nb.types.float64, nb.types.float64, _REALS, _REALS)


@kernel
def finish(value, slope, weight, n_aux, out):
    """Write out[0] and out[1], look at the ``n_aux`` numbers that follow, and return the value.

    The weight is cut to (1e-300, 1e300).  Where the value or a derivative is not finite the density is taken to be
    zero: −∞, with zeros and the smallest weight.
    """
    finite = math.isfinite(value) and math.isfinite(slope)
    for i in range(n_aux):
        finite = finite and math.isfinite(out[2 + i])
    if not finite:
        out[0], out[1] = 0.0, TINY
        for i in range(n_aux):
            out[2 + i] = 0.0
        return -np.inf
    out[0] = slope
    out[1] = min(weight, HUGE) if weight > TINY else TINY  # NaN is not larger than anything
    return value


@dataclass(frozen=True, eq=False)
class Response:
    """The log-density of one response given the linear predictor η of its mean, compiled.

    Parameters
    ----------
    log_density : numba dispatcher
        ``log_density(y, t, eta, aux, out)`` → log p(y | η, aux) up to a constant that depends on y and t only, −∞ where
        it is zero or cannot be computed.  ``t`` is the number of trials, 1.0 for families without; ``aux`` has the
        logarithms of the family's other parameters in its own order.  ``out[0]`` ← ∂/∂η, ``out[1]`` ← a positive
        weight for −∂²/∂η²: itself where the density is log-concave in η, else its expectation; ``out[2 + i]`` ←
        ∂/∂aux[i].
    pointers : function
        The same with pointers for arrays, not compiled yet.
    n_aux : int
        Numbers in ``aux``.
    mean_sufficient : bool
        Whether rows that share η and aux enter their joint density by Σy and Σt (or their number) only: m rows are then
        m times the density at their mean.
    log_concave : bool
        Whether the density is log-concave in η, so that an effect of one row has one mode and can be drawn exactly.

    Examples
    --------
    >>> import numpy as np
    >>> from hierlm.kernels.responses import RESPONSES
    >>> out = np.empty(4)
    >>> RESPONSES["poisson:log"].log_density(3.0, 1.0, 0.0, np.empty(0), out), out[:2]
    (-1.0, array([2., 1.]))
    """

    log_density: Any
    pointers: Callable[..., float]
    n_aux: int = 0
    mean_sufficient: bool = False
    log_concave: bool = False

    def address(self) -> int:
        """Of a C function ``double f(double y, double t, double eta, double *aux, double *out)``.

        ``out`` has room for four numbers.  Compiled at the first use on a machine, then read from numba's cache.
        """
        return int(_compiled(self.pointers).address)


@cache
def _compiled(pointers: Callable[..., float]) -> Any:
    """The C function, which lives as long as this cache."""
    return nb.cfunc(_SIGNATURE, cache=True, error_model="numpy")(pointers)
