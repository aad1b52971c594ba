"""Coordinates ζ in which the posterior of θ is about standard normal: θ = mode + axes ζ."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from hierlm.kernels.correlations import EXCHANGEABLE
from hierlm.kernels.packing import floats
from hierlm.kernels.parameters import Parameters, parameters
from hierlm.kernels.priors import EVEN

__all__ = ["centre", "find_axes", "find_mode"]

Floats = NDArray[np.float64]
STEP = 1e-3
"""Of the differences of gradients; θ is on logarithms and logits, of about unit scale."""

GRADIENT = 1e-2
"""Where the search for the mode ends: θ is then known to a small part of its standard deviation."""

FLATTEST = 1e-2
"""The least curvature that is believed: a standard deviation of θ of ten."""

REACHED = 9.0
"""An sd is sampled with a sign where its log density at zero is less than so much below that at the mode."""

LOGARITHMIC = 1e3
"""Unit of the softplus over the sd, from where on it is a logarithm."""


def centre(density: Any, buffer: Floats, start: Floats, *, signed: bool = True, spread: Floats | None = None) -> None:
    """Write scales of the sds, mode and axes into a packed problem whose ζ is θ as yet.

    Parameters
    ----------
    density : function of (ζ, buffer, gradient) of θ alone
    buffer : array, changed
    start : θ where the search begins
    signed : bool
        Whether sds may be sampled with a sign.
    spread : (K,) array, optional
        About the standard deviations of θ, where the search should know them.
    """
    p = parameters(buffer)
    mode = find_mode(density, buffer, start, spread)
    _choose_scales(density, buffer, p, mode, signed)
    mode = find_mode(density, buffer, mode, spread)
    axes = find_axes(density, buffer, mode)
    floats(buffer, 0)[:] = mode
    floats(buffer, 1)[:] = axes.ravel()


def _choose_scales(density: Any, buffer: Floats, p: Parameters, theta: Floats, signed: bool) -> None:
    """Every sd on a logarithm, or with a sign where the posterior reaches to zero; ``theta`` follows."""
    nothing = np.zeros(0)  # values alone
    fixed_sign = {
        int(p.owner[int(row[0]), int(row[1]) + i])
        for row in p.cors
        if row[3] == EXCHANGEABLE and row[2] > 2
        for i in range(int(row[2]))
    }
    for s, row in enumerate(p.sds):
        place = int(row[0])
        if place < 0:
            continue
        sd = row[2] * np.logaddexp(0.0, theta[place])
        row[2], theta[place] = -sd, 1.0
        if signed and int(row[3]) in EVEN and s not in fixed_sign:
            zero = theta.copy()
            zero[place] = 0.0
            if density(zero, buffer, nothing) > density(theta, buffer, nothing) - REACHED:
                continue
        row[2] = sd * LOGARITHMIC
        theta[place] = np.log(np.expm1(1.0 / LOGARITHMIC))


def find_mode(density: Any, buffer: Floats, start: Floats, spread: Floats | None = None) -> Floats:
    """The mode of a density of ζ; ``start`` where the search fails."""
    gradient = np.zeros(len(start))

    def negative(zeta: Floats) -> tuple[float, Floats]:
        value = density(zeta, buffer, gradient)
        return (-value, -gradient) if np.isfinite(value) else (1e300, np.zeros_like(gradient))

    if not len(start):
        return start
    options: Any = {"maxiter": 100, "gtol": GRADIENT}
    if spread is not None:
        options["hess_inv0"] = np.diag(spread**2)
    found = minimize(negative, start, jac=True, method="BFGS", options=options)
    return found.x if np.isfinite(found.fun) and found.fun < 1e300 else start


def find_axes(density: Any, buffer: Floats, mode: Floats) -> Floats:
    """Columns that take independent standard normal numbers to the normal approximation at the mode."""
    K = len(mode)
    H, up, down = np.zeros((K, K)), np.zeros(K), np.zeros(K)
    for i in range(K):
        step = np.zeros(K)
        step[i] = STEP
        fine = np.isfinite(density(mode + step, buffer, up)) and np.isfinite(density(mode - step, buffer, down))
        H[i] = (down - up) / (2.0 * STEP) if fine else np.eye(K)[i]
    if not np.isfinite(H).all():
        return np.eye(K)
    curvature, vectors = np.linalg.eigh((H + H.T) / 2.0)
    return vectors / np.sqrt(np.maximum(curvature, FLATTEST))
