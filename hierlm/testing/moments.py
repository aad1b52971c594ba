"""Total, mean and variance of a density, by quadrature or summation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["moments"]

Floats = NDArray[np.float64]

_POINTS = 8001


def moments(
    log_density: Callable[[Floats], Floats],
    support: tuple[float, float],
    *,
    discrete: bool,
    mean: float,
    sd: float,
    atoms: Sequence[float] = (),
) -> tuple[float, float, float]:
    """(∫p, ∫yp, ∫(y − mean)²p) of a density on ``support``.

    Continuous densities by the trapezoidal rule after a substitution that turns the support into the real line, where
    the rule converges exponentially; discrete ones by summing to ``mean + 80 sd``.

    Parameters
    ----------
    log_density : callable
        (m,) values → (m,) log-densities.
    mean, sd : float
        Roughly where the mass is.
    atoms : sequence of float
        Values of a continuous response that have a probability of their own.

    Examples
    --------
    >>> total, first, second = moments(lambda y: -y, (0, np.inf), discrete=False, mean=1, sd=1)
    >>> print(f"{total:.6f} {first:.6f} {second:.6f}")
    1.000000 1.000000 1.000000
    """
    lower, upper = support
    if discrete:
        y = np.arange(lower, min(upper, np.ceil(mean + 80 * sd + 50)) + 1)
        weights = np.ones_like(y)
    elif np.isfinite(lower) and np.isfinite(upper):
        u, step = np.linspace(-36.0, 36.0, _POINTS, retstep=True)
        unit = 1 / (1 + np.exp(-u))
        y, weights = lower + (upper - lower) * unit, step * (upper - lower) * unit * (1 - unit)
    elif np.isfinite(lower):
        u, step = np.linspace(-60.0, 25.0, _POINTS, retstep=True)
        y = lower + (mean - lower) * np.exp(u)
        weights = step * (y - lower)
    else:
        u, step = np.linspace(-18.0, 18.0, _POINTS, retstep=True)
        y, weights = mean + sd * np.sinh(u), step * sd * np.cosh(u)
    inside = (y >= lower) & (y <= upper) if discrete else (y > lower) & (y < upper)
    y, weights = y[inside], weights[inside]
    y, weights = np.append(y, atoms), np.append(weights, np.ones(len(atoms)))
    mass = np.exp(log_density(y)) * weights
    return float(mass.sum()), float(mass @ y), float(mass @ (y - mean) ** 2)
