"""Hamiltonian trajectories of a given length on a density that is about N(0, I), as a C function.

With x = (ζ − m)/s and momenta p, the energy −log p(ζ) + ½pᵀp is split in two.  Coordinates whose place is known to be
about N(m, s²) have the motion of that normal distribution, which is a rotation of (x, p), exact for any time; the
density enters through what it differs by, ∇ₓ log p + x, in kicks at half steps.  The others (the first few, θ) drift
as in the leapfrog method.  Kick, motion and kick are each reversible and keep volume, so that a trajectory is accepted
with probability min(1, e^−ΔH).

Source: Shahbaba, Lan, Johnson & Neal (2014), *Statistics and Computing* 24:339–349; Casas, Sanz-Serna & Shaw (2022),
*Statistics and Computing* 32:86.
"""

from __future__ import annotations

import ctypes
import math
from functools import lru_cache
from typing import Any

import numba as nb
import numpy as np

from hierlm.kernels.calling import call_gradient

__all__ = ["ENERGY", "ERROR", "LP", "trajectories"]

ERROR, LP, ENERGY = range(3)
"""What is told of a trajectory: ΔH, infinite where the density failed; log density and H where the chain is then."""

WHOLE, REAL = nb.types.uint64, nb.types.CPointer(nb.types.double)
KIND = nb.types.int64(WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, *[REAL] * 7)


@nb.njit(error_model="numpy")
def _kick(p, x, gradient, scale, plain, h):
    for i in range(plain):
        p[i] += h * scale[i] * gradient[i]
    for i in range(plain, p.shape[0]):
        p[i] += h * (scale[i] * gradient[i] + x[i])


@nb.njit(error_model="numpy")
def _move(p, x, zeta, centre, scale, plain, h):
    for i in range(plain):
        x[i] += h * p[i]
        zeta[i] = scale[i] * x[i]
    c, s = math.cos(h), math.sin(h)
    for i in range(plain, p.shape[0]):
        x[i], p[i] = c * x[i] + s * p[i], c * p[i] - s * x[i]
        zeta[i] = centre[i] + scale[i] * x[i]


@nb.njit(error_model="numpy")
def _half_square(p):
    total = 0.0
    for i in range(p.shape[0]):
        total += p[i] * p[i]
    return 0.5 * total


def _run(address, dimension, plain, steps, count, zetas, times, bars, state, metric, stats, buffer):
    """Trajectories one after the other; see :func:`trajectories`."""
    d = np.int64(dimension)
    first = np.int64(plain)
    draws, told = nb.carray(zetas, (count, dimension)), nb.carray(stats, (count, 3))
    at = nb.carray(state, 2 * d + 1)
    centre, scale = nb.carray(metric, 2 * d)[:d], nb.carray(metric, 2 * d)[d:]
    x, zeta, gradient, value = np.empty(d), np.empty(d), np.empty(d), np.empty(1)
    for t in range(count):
        p = draws[t]
        for i in range(d):
            x[i] = (at[i] - (centre[i] if i >= first else 0.0)) / scale[i]
            gradient[i] = at[d + i]
        value[0] = at[2 * d]
        before = _half_square(p) - value[0]
        h = nb.carray(times, count)[t] / steps
        error = 0.0
        for _ in range(steps):
            _kick(p, x, gradient, scale, first, 0.5 * h)
            _move(p, x, zeta, centre, scale, first, h)
            call_gradient(address, dimension, zeta, gradient, value, buffer)
            if not math.isfinite(value[0]):
                error = np.inf
                break
            _kick(p, x, gradient, scale, first, 0.5 * h)
        if error == 0.0:
            error = _half_square(p) - value[0] - before
            if not math.isfinite(error):
                error = np.inf
        told[t, 0], told[t, 2] = error, before
        if nb.carray(bars, count)[t] < -error:
            at[:d], at[d : 2 * d], at[2 * d] = zeta, gradient, value[0]
            told[t, 2] = before + error
        told[t, 1] = at[2 * d]
        p[:] = at[:d]
    return 0


@lru_cache
def trajectories() -> tuple[Any, Any]:
    """The C function that makes trajectories, and lets go of Python's lock; and what has to live as long as it.

    Its arguments: the address of a density (:mod:`hierlm.kernels.callbacks`); its dimension d; how many coordinates,
    the first, drift; steps of a trajectory; how many trajectories; then pointers to float64: (count, d) standard
    normal momenta, overwritten by where the chain is after each; their lengths in time; logarithms of uniform numbers;
    the state (ζ, gradient, log density), 2d + 1 numbers that are read and written; (m, s), 2d numbers; what is told of
    each, (count, 3): :data:`ERROR`, :data:`LP`, :data:`ENERGY`; the packed problem.
    """
    found = nb.cfunc(KIND, cache=True, error_model="numpy")(_run)
    kind = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_uint64] * 5, *[ctypes.c_void_p] * 7)
    return kind(found.address), found
