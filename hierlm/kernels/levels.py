"""The density of θ and coefficients, one normal effect of every level of a grouping integrated out by quadrature.

log ∫ Π_i p(y_i | η_i + τ x_i z) φ(z) dz over the rows i of a level, with nodes as for single rows
(:mod:`hierlm.kernels.integrated`): moved to z_k = ẑ + s x_k, ẑ the mode, s² = 1/(1 + τ² Σ x_i² I_i) with the curvatures
I_i there.  Derivatives are the averages of those of the integrand (Fisher's identity).

Rows lie level by level; coefficients are b = centre + axes ζ.  The search for τẑ begins at a linear function of ζ.

Source: Pinheiro & Bates (1995).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numba as nb
import numpy as np
from numba.core.extending import register_jitable
from numpy.typing import NDArray

from hierlm.kernels.calling import call_rows
from hierlm.kernels.compiling import REORDER
from hierlm.kernels.integrated import CLOSE, FARTHEST, NEWTON
from hierlm.kernels.observations import FIELDS, back, observations, predict
from hierlm.kernels.packing import floats, ints, on_both_sides
from hierlm.kernels.parameters import back_parameters, constrained, parameters, pick
from hierlm.kernels.problem import structure_of
from hierlm.kernels.scratch import BLOCK, local
from hierlm.kernels.whitened import coefficient_priors

__all__ = [
    "Levels",
    "begun",
    "coefficients_of",
    "inline",
    "level_fields",
    "levels",
    "log_density",
    "mode_of",
    "rows_with",
]

Floats = NDArray[np.float64]
inline: Any = register_jitable(error_model="numpy", fastmath=REORDER, forceinline=True)
"""Decorator: compiled into what calls it; handing over the tables of rows would take as long as a level."""


class Levels(NamedTuple):
    """The rows of every level, and the coordinates of the coefficients.

    Parameters
    ----------
    starts : (J + 1,) array
        The first row of every level, and the number of rows.
    x : (n,) array
        What the effect is multiplied by.
    centre (p,), axes (p, p)
    shifts (dimension, J)
        How the effects' modes follow ζ.
    """

    starts: NDArray[np.int64]
    x: Floats
    centre: Floats
    axes: Floats
    shifts: Floats


def level_fields(levels: Levels) -> list[NDArray[np.float64] | NDArray[np.int64]]:
    """The fields of a packed array that :func:`levels` reads."""
    return list(levels)


@on_both_sides
def levels(buffer):
    """The levels as they were packed, after the coefficients' priors."""
    starts, centre, shifts = ints(buffer, FIELDS + 1), floats(buffer, FIELDS + 3), floats(buffer, FIELDS + 5)
    p, J = centre.shape[0], starts.shape[0] - 1
    axes = floats(buffer, FIELDS + 4).reshape((p, p))
    return Levels(starts, floats(buffer, FIELDS + 2), centre, axes, shifts.reshape((shifts.shape[0] // J, J)))


@nb.njit(cache=True, nogil=True, error_model="numpy")
def begun(zeta, o, at, begins):
    """``begins`` ← the effects at which the searches for modes begin."""
    for j in range(begins.shape[0]):
        begins[j] = o.start[j]
    for k in range(zeta.shape[0]):
        for j in range(begins.shape[0]):
            begins[j] += zeta[k] * at.shifts[k, j]


@nb.njit(cache=True, nogil=True, error_model="numpy")
def coefficients_of(zeta, at, u):
    """``u`` ← centre + axes ζ, of coefficients less their prior means."""
    for i in range(u.shape[0]):
        value = at.centre[i]
        for j in range(u.shape[0]):
            value += at.axes[i, j] * zeta[j]
        u[i] = value


@inline
def rows_with(o, at, first, last, etas, effect, log_aux, slopes, bars):
    """Σ w log p of the rows of a level, its derivative by the effect, and minus the second one.

    ``slopes``, unless empty, ← derivatives by η times w; those by further parameters are added to ``bars``.
    """
    moved, own, weights, unused = (
        nb.carray(local(), BLOCK),
        nb.carray(local(), BLOCK),
        nb.carray(local(), BLOCK),
        nb.carray(local(), BLOCK),
    )
    value, slope, information = 0.0, 0.0, 0.0
    for begin in range(first, last, BLOCK):
        end = min(begin + BLOCK, last)
        n, x, base, w = end - begin, at.x[begin:end], etas[begin:end], o.weights[begin:end]
        for i in range(n):
            moved[i] = base[i] + effect * x[i]
        value += call_rows(
            o.address,
            n,
            o.y[begin:end],
            o.trials[begin:end],
            w,
            moved,
            log_aux,
            own,
            weights,
            bars,
            0.0,
            o.start,
            o.nodes,
            o.log_weights,
            unused,
        )
        for i in range(n):
            own[i] *= w[i]
            slope += own[i] * x[i]
            information += w[i] * weights[i] * x[i] * x[i]
        if slopes.shape[0]:
            for i in range(n):
                slopes[begin + i] = own[i]
    finite = abs(value) < np.inf and abs(slope) < np.inf and information < np.inf
    return (value, slope, information) if finite else (-np.inf, 0.0, 0.0)


@inline
def mode_of(o, at, j, begin, etas, tau, log_aux, slopes, bars):
    """ẑ and s of the effect z of level j, and its log density there up to a constant; −∞ where that is not finite.

    Newton's method inside a bracket: the slope falls with z, so its sign says on which side the mode lies.
    """
    first, last = at.starts[j], at.starts[j + 1]
    z = begin / tau
    if not abs(z) < FARTHEST:
        z = 0.0
    s, top, low, high, step_before = 1.0, -np.inf, -np.inf, np.inf, np.inf
    for _ in range(NEWTON):
        value, by_effect, information = rows_with(o, at, first, last, etas, tau * z, log_aux, slopes, bars)
        top = value - 0.5 * z * z
        slope = tau * by_effect - z
        s2 = 1.0 / (1.0 + tau * tau * information)
        s = math.sqrt(s2)
        step = slope * s2
        if not abs(step) < np.inf:
            return z, s, -np.inf
        if abs(step) < CLOSE * s and value > -np.inf:
            z += step
            break
        if slope > 0.0:
            low = z
        else:
            high = z
        largest = 4.0 * s + 1.0
        step = min(max(step, -largest), largest)
        if not (low < z + step < high) or (low > -np.inf and high < np.inf and abs(step) > 0.5 * abs(step_before)):
            step = 0.5 * (low + high) - z
        step_before = step
        z += step
    return z, s, top


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _integrals(o, at, begins, etas, tau, log_aux, average, aux_bar):
    """Σ_j log ∫ of all levels, its derivative by τ, by η times weights in ``average``, by aux added to ``aux_bar``.

    An empty ``average``: not by η.
    """
    slopes, bars, sums = np.empty(average.shape[0]), np.zeros(3), np.empty(2)
    total, by_tau = 0.0, 0.0
    for j in range(at.starts.shape[0] - 1):
        first, last = at.starts[j], at.starts[j + 1]
        z, s, top = mode_of(o, at, j, begins[j], etas, tau, log_aux, slopes, bars)
        if not top > -np.inf:
            return -np.inf, 0.0
        mass, tau_sum = 0.0, 0.0
        sums[:] = 0.0
        if slopes.shape[0]:
            average[first:last] = 0.0
        for k in range(o.nodes.shape[0]):
            x = o.nodes[k]
            moved = z + s * x
            bars[:] = 0.0
            value, by_effect, _ = rows_with(o, at, first, last, etas, tau * moved, log_aux, slopes, bars)
            share = math.exp(o.log_weights[k] + 0.5 * x * x + value - 0.5 * moved * moved - top)
            mass += share
            tau_sum += share * by_effect * moved
            sums[0] += share * bars[0]
            sums[1] += share * bars[1]
            if slopes.shape[0]:
                for i in range(first, last):
                    average[i] += share * slopes[i]
        if not (mass > 0.0 and mass < np.inf):
            return -np.inf, 0.0
        total += top + math.log(s * mass)
        by_tau += tau_sum / mass
        for i in range(o.aux):
            aux_bar[i] += sums[i] / mass
        if slopes.shape[0]:
            average[first:last] /= mass
    return total, by_tau


@nb.njit(cache=True, nogil=True, error_model="numpy")
def log_density(zeta, buffer, gradient):
    """The log density of ζ = (θ's, coefficients') up to a constant; −∞ on any failure.

    Its gradient too, if the array is not empty.
    """
    gradient[:] = 0.0
    p, o, at = parameters(buffer), observations(buffer, structure_of(buffer).columns), levels(buffer)
    K, n = p.centre.shape[0], o.y.shape[0]
    theta = pick(zeta[:K], p)
    total, values, C, F, positives = constrained(theta, p)
    if not total > -np.inf:
        return -np.inf
    u, etas, average = np.empty(at.centre.shape[0]), np.empty(n), np.empty(n if gradient.shape[0] else 0)
    u_bar, aux_bar, log_aux = np.zeros(u.shape[0]), np.zeros(2), np.zeros(2)
    coefficients_of(zeta[K:], at, u)
    predict(o, u, 0, etas)
    for i in range(o.aux):
        log_aux[i] = math.log(positives[i])
    tau, begins = abs(values[o.deviation]), np.empty(o.start.shape[0])
    begun(zeta, o, at, begins)
    rows, by_tau = _integrals(o, at, begins, etas, tau, log_aux, average, aux_bar)
    logp = total + rows + coefficient_priors(floats(buffer, FIELDS).reshape((-1, 5)), u, u_bar)
    for i in range(u.shape[0]):
        x = u[i] / p.scales[i]
        logp -= 0.5 * x * x
        u_bar[i] -= x / p.scales[i]
    if not math.isfinite(logp):
        return -np.inf
    if not gradient.shape[0]:
        return logp
    back(o, average, 0, u_bar)
    for j in range(u.shape[0]):
        for i in range(u.shape[0]):
            gradient[K + j] += at.axes[i, j] * u_bar[i]
    by_sd = np.zeros(values.shape[0])
    by_sd[o.deviation] = math.copysign(1.0, values[o.deviation]) * by_tau
    back_parameters(theta, p, values, C, np.zeros(F.shape), by_sd, aux_bar, positives, gradient[:K])
    return logp
