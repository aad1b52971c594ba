"""C functions for a host of compiled densities, made at the first use on a machine and then read from numba's cache.

A density is (dimension, *ζ, *gradient, *value, *buffer) → status: 0, or 4 where it is not finite and another step
should be tried; without the gradient where its pointer is null.  What is stored of a draw is ζ itself: (dimension,
expanded, *ζ, *out, *buffer) → 0.  Many points at once, without gradients: (address of the density, points, dimension,
*ζs, *values, *buffer) → 0.
"""

from __future__ import annotations

import ctypes
import math
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, final

import numba as nb
import numpy as np
from numpy.typing import NDArray

from hierlm.kernels import frozen, marginal, pilot, structured, whitened
from hierlm.kernels.calling import call_density, length_of
from hierlm.kernels.packing import dimension_of, on_both_sides
from hierlm.kernels.parameters import parameters
from hierlm.kernels.problem import structure_of

__all__ = [
    "Called",
    "frozen_callbacks",
    "gaussian_callbacks",
    "gaussian_draws",
    "settle",
    "structured_callbacks",
    "values_at",
    "whitened_callbacks",
    "whitened_draws",
]

Floats = NDArray[np.float64]

REAL, WHOLE = nb.types.CPointer(nb.types.double), nb.types.uint64
DENSITY = nb.types.int64(WHOLE, REAL, REAL, REAL, REAL)
STORE = nb.types.int64(WHOLE, WHOLE, REAL, REAL, REAL)
DRAWS, SETTLE = 1 << 32, 1 << 33
"""More dimensions than there are."""

EACH = nb.types.int64(WHOLE, WHOLE, WHOLE, REAL, REAL, REAL)


@on_both_sides
def _width(p):
    """Numbers beside the effects that a draw has: whether it worked, sds, C, positives."""
    return 1 + p.sds.shape[0] + p.sizes.shape[0] * max(p.owner.shape[1], 1) ** 2 + p.positives.shape[0]


def _gaussian(dimension, zeta, gradient, value, buffer):
    """Beyond DRAWS the first argument is the number of draws to make, of (ζs, noise, what else there is of each)."""
    problem = nb.carray(buffer, nb.carray(buffer, 1).view(nb.int64)[0])
    K, slopes = np.int64(dimension), np.int64(length_of(gradient, dimension))
    count, columns, width = np.int64(1), np.int64(0), np.int64(0)
    if dimension >= DRAWS:
        p = parameters(problem)
        count, K, slopes = np.int64(dimension - DRAWS), dimension_of(problem), np.int64(0)
        columns, width = structure_of(problem).columns, _width(p)
    else:
        nb.carray(value, 1)[0] = -np.inf  # what the host sees should anything stop half way
    zetas, noise, out = (
        nb.carray(zeta, count * K),
        nb.carray(gradient, count * columns),
        nb.carray(value, count * width),
    )
    logp = 0.0
    for d in range(count):
        own, made = noise[d * columns : (d + 1) * columns], out[d * width : (d + 1) * width]
        logp = marginal.log_density(zetas[d * K : (d + 1) * K], problem, nb.carray(gradient, slopes), own, made)
    if dimension < DRAWS:
        nb.carray(value, 1)[0] = logp
    return 0 if math.isfinite(logp) else 4


def _whitened(dimension, zeta, gradient, value, buffer):
    """Of θ and effects; of θ alone that of the pilot, so that one function is loaded for both.

    Beyond DRAWS the first argument is the number of draws to make, of (ζs, effects, what else there is of each); beyond
    SETTLE it is the number of linear predictors with which the pilot settles, of (θ, u, these).
    """
    problem = nb.carray(buffer, nb.carray(buffer, 1).view(nb.int64)[0])
    if dimension >= DRAWS:
        p = parameters(problem)
        K, columns, width = p.centre.shape[0], structure_of(problem).columns, _width(p)
        if dimension >= SETTLE:
            u, etas = nb.carray(gradient, columns), nb.carray(value, np.int64(dimension - SETTLE))
            pilot.settle(nb.carray(zeta, K), problem, u, etas)
            return 0
        count, every = np.int64(dimension - DRAWS), K + columns
        zetas, effects = nb.carray(zeta, count * every), nb.carray(gradient, count * columns)
        out = nb.carray(value, count * width)
        for d in range(count):
            own, made = effects[d * columns : (d + 1) * columns], out[d * width : (d + 1) * width]
            whitened.draw_effects(zetas[d * every : (d + 1) * every], problem, own, made)
        return 0
    result = nb.carray(value, 1)
    result[0] = -np.inf
    at, slopes = nb.carray(zeta, dimension), nb.carray(gradient, length_of(gradient, dimension))
    if dimension < dimension_of(problem):
        logp = pilot.log_density(at, problem, slopes)
    else:
        logp = whitened.log_density(at, problem, slopes)
    result[0] = logp
    return 0 if math.isfinite(logp) else 4


def _frozen(dimension, zeta, gradient, value, buffer):
    length, result = nb.carray(buffer, 1).view(nb.int64)[0], nb.carray(value, 1)
    result[0] = -np.inf  # what the host sees should anything stop half way
    slopes = nb.carray(gradient, length_of(gradient, dimension))
    logp = frozen.log_density(nb.carray(zeta, dimension), nb.carray(buffer, length), slopes)
    result[0] = logp
    return 0 if math.isfinite(logp) else 4


def _structured(dimension, zeta, gradient, value, buffer):
    length, result = nb.carray(buffer, 1).view(nb.int64)[0], nb.carray(value, 1)
    result[0] = -np.inf
    slopes = nb.carray(gradient, length_of(gradient, dimension))
    logp = structured.log_density(nb.carray(zeta, dimension), nb.carray(buffer, length), slopes)
    result[0] = logp
    return 0 if math.isfinite(logp) else 4


def _copy(dimension, expanded, zeta, out, data):
    for i in range(dimension):
        nb.carray(out, expanded)[i] = nb.carray(zeta, dimension)[i]
    return 0


@lru_cache
def _store() -> Any:
    return nb.cfunc(STORE, cache=True, error_model="numpy")(_copy)


def _each(address, count, dimension, zetas, values, buffer):
    for i in range(count):
        call_density(address, dimension, zetas, values, buffer, i)
    return 0


@lru_cache
def _many() -> Any:
    found = nb.cfunc(EACH, cache=True, error_model="numpy")(_each)
    kind = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_uint64] * 3, *[ctypes.c_void_p] * 3)
    return kind(found.address), found


@final
class Called:
    """A C density as a function of (ζ, buffer, gradient), which is written in place; −∞ where it is not finite.

    The density that is sampled is loaded once, instead of once more as a Python function.
    """

    def __init__(self, callback: Any) -> None:
        self._callback = callback  # what is called lives as long as this
        kind = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_uint64, *[ctypes.c_void_p] * 4)
        self.raw = kind(callback.address)

    def __call__(self, zeta: Floats, buffer: Floats, gradient: Floats) -> float:
        """The value at one point."""
        zeta, value = np.ascontiguousarray(zeta, dtype=np.float64), ctypes.c_double()
        slopes = gradient.ctypes.data if len(gradient) else None
        self.raw(len(zeta), zeta.ctypes.data, slopes, ctypes.addressof(value), buffer.ctypes.data)
        return value.value

    def values(self, zetas: Floats, buffer: Floats, cores: int = 1) -> Floats:
        """The values at many points (n, dimension), without gradients; the same with any number of cores."""
        zetas = np.ascontiguousarray(zetas, dtype=np.float64)
        found, edges = np.empty(len(zetas)), np.linspace(0, len(zetas), cores + 1).astype(int)
        function = _many()[0]

        def evaluate(first: int, last: int) -> None:
            some, out = zetas[first:last], found[first:last]
            function(
                self._callback.address, len(some), zetas.shape[1], some.ctypes.data, out.ctypes.data, buffer.ctypes.data
            )

        if cores == 1:
            evaluate(0, len(zetas))
        else:
            with ThreadPoolExecutor(cores) as pool:  # calls of C functions let go of Python's lock
                list(pool.map(evaluate, edges[:-1], edges[1:]))
        return found


def gaussian_draws(zetas: Floats, buffer: Floats, noise: Floats) -> tuple[NDArray[np.bool_], Floats, Floats, Floats]:
    """Whether draws worked, sds, C, positives: see :func:`hierlm.kernels.marginal.log_density`.

    Parameters
    ----------
    zetas : (D, K) array
    noise : (D, columns) array
        Standard normal; it becomes the effects u.
    """
    return _draws(gaussian_callbacks()[0], zetas, buffer, noise)


def whitened_draws(zetas: Floats, buffer: Floats, effects: Floats) -> tuple[NDArray[np.bool_], Floats, Floats, Floats]:
    """Whether draws worked, sds, C, positives: see :func:`hierlm.kernels.whitened.draw_effects`.

    Parameters
    ----------
    zetas : (D, K + columns) array
    effects : (D, columns) array
        Overwritten.
    """
    return _draws(whitened_callbacks()[0], zetas, buffer, effects)


def _draws(callback: Any, zetas: Floats, buffer: Floats, u: Floats) -> tuple[NDArray[np.bool_], Floats, Floats, Floats]:
    p, D = parameters(buffer), len(zetas)
    zetas, out = np.ascontiguousarray(zetas), np.empty((D, _width(p)))
    Called(callback).raw(DRAWS + D, zetas.ctypes.data, u.ctypes.data, out.ctypes.data, buffer.ctypes.data)
    n, G, k = len(p.sds), len(p.sizes), max(p.owner.shape[1], 1)
    C = out[:, 1 + n : 1 + n + G * k * k].reshape(D, G, k, k)
    return out[:, 0] == 1.0, out[:, 1 : 1 + n], C, out[:, 1 + n + G * k * k :]


def settle(theta: Floats, buffer: Floats, u: Floats, etas: Floats) -> None:
    """See :func:`hierlm.kernels.pilot.settle`."""
    theta, etas = np.ascontiguousarray(theta), np.ascontiguousarray(etas)
    raw = Called(whitened_callbacks()[0]).raw
    raw(SETTLE + len(etas), theta.ctypes.data, u.ctypes.data, etas.ctypes.data, buffer.ctypes.data)


def values_at(density: Any, zetas: Floats, buffer: Floats, cores: int = 1) -> Floats:
    """A density at many points (n, dimension), in one call where it has such a method, as C functions do."""
    if hasattr(density, "values"):
        return density.values(zetas, buffer, cores)
    scratch = np.zeros(zetas.shape[1])
    return np.array([density(zeta, buffer, scratch) for zeta in np.ascontiguousarray(zetas)], dtype=np.float64)


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
