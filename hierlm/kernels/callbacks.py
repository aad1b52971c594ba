"""C functions for a host of compiled densities, made at the first use on a machine and then read from numba's cache.

A density is (dimension, *ζ, *gradient, *value, *buffer) → status: 0, or 4 where it is not finite and another step
should be tried.  What is stored of a draw is ζ itself: (dimension, expanded, *ζ, *out, *buffer) → 0.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numba as nb
import numpy as np
from numpy.typing import NDArray

from hierlm.kernels import frozen, marginal, pilot, structured, whitened
from hierlm.kernels.packing import dimension_of

__all__ = ["called", "frozen_callbacks", "gaussian_callbacks", "structured_callbacks", "whitened_callbacks"]

REAL, WHOLE = nb.types.CPointer(nb.types.double), nb.types.uint64
DENSITY = nb.types.int64(WHOLE, REAL, REAL, REAL, REAL)
STORE = nb.types.int64(WHOLE, WHOLE, REAL, REAL, REAL)


def _gaussian(dimension, zeta, gradient, value, buffer):
    length, result = nb.carray(buffer, 1).view(nb.int64)[0], nb.carray(value, 1)
    result[0] = -np.inf  # what the host sees should anything stop half way
    logp = marginal.log_density(nb.carray(zeta, dimension), nb.carray(buffer, length), nb.carray(gradient, dimension))
    result[0] = logp
    return 0 if math.isfinite(logp) else 4


def _whitened(dimension, zeta, gradient, value, buffer):
    """Of θ and effects; of θ alone that of the pilot, so that one function is loaded for both."""
    problem, result = nb.carray(buffer, nb.carray(buffer, 1).view(nb.int64)[0]), nb.carray(value, 1)
    result[0] = -np.inf
    at, slopes = nb.carray(zeta, dimension), nb.carray(gradient, dimension)
    if dimension < dimension_of(problem):
        logp = pilot.log_density(at, problem, slopes)
    else:
        logp = whitened.log_density(at, problem, slopes)
    result[0] = logp
    return 0 if math.isfinite(logp) else 4


def _frozen(dimension, zeta, gradient, value, buffer):
    length, result = nb.carray(buffer, 1).view(nb.int64)[0], nb.carray(value, 1)
    result[0] = -np.inf  # what the host sees should anything stop half way
    logp = frozen.log_density(nb.carray(zeta, dimension), nb.carray(buffer, length), nb.carray(gradient, dimension))
    result[0] = logp
    return 0 if math.isfinite(logp) else 4


def _structured(dimension, zeta, gradient, value, buffer):
    length, result = nb.carray(buffer, 1).view(nb.int64)[0], nb.carray(value, 1)
    result[0] = -np.inf
    logp = structured.log_density(nb.carray(zeta, dimension), nb.carray(buffer, length), nb.carray(gradient, dimension))
    result[0] = logp
    return 0 if math.isfinite(logp) else 4


def _copy(dimension, expanded, zeta, out, data):
    for i in range(dimension):
        nb.carray(out, expanded)[i] = nb.carray(zeta, dimension)[i]
    return 0


@lru_cache
def _store() -> Any:
    return nb.cfunc(STORE, cache=True, error_model="numpy")(_copy)


def called(callback: Any) -> Callable[[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]], float]:
    """A C density as a function of (ζ, buffer, gradient), which is written in place; −∞ where it is not finite.

    The density that is sampled is loaded once, instead of once more as a Python function.
    """
    function, double = callback.ctypes, ctypes.POINTER(ctypes.c_double)
    value = ctypes.c_double()

    def density(zeta: NDArray[np.float64], buffer: NDArray[np.float64], gradient: NDArray[np.float64]) -> float:
        zeta = np.ascontiguousarray(zeta, dtype=np.float64)
        pointers = [a.ctypes.data_as(double) for a in (zeta, gradient)]
        function(len(zeta), *pointers, ctypes.byref(value), buffer.ctypes.data_as(double))
        return value.value

    return density


@lru_cache
def gaussian_callbacks() -> tuple[Any, Any]:
    """The marginal density of a Gaussian response, and what stores a draw."""
    return nb.cfunc(DENSITY, cache=True, error_model="numpy")(_gaussian), _store()


@lru_cache
def structured_callbacks() -> tuple[Any, Any]:
    """The marginal density of a Gaussian response with structure in its residuals, and what stores a draw."""
    return nb.cfunc(DENSITY, cache=True, error_model="numpy")(_structured), _store()


@lru_cache
def whitened_callbacks() -> tuple[Any, Any]:
    """The joint density of θ and whitened effects, and what stores a draw."""
    return nb.cfunc(DENSITY, cache=True, error_model="numpy")(_whitened), _store()


@lru_cache
def frozen_callbacks() -> tuple[Any, Any]:
    """The joint density of θ and effects whitened at the mode, and what stores a draw."""
    return nb.cfunc(DENSITY, cache=True, error_model="numpy")(_frozen), _store()
