"""The contract of every link."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from hierlm.links import Link
from hierlm.testing.numbers import gradient, values

__all__ = ["EXTREMES", "check_link", "eta_grid", "extreme_etas", "mu_grid"]

Floats = NDArray[np.float64]

EXTREMES = (-300.0, -30.0, -1e-3, 0.0, 1e-3, 30.0, 300.0)
"""Linear predictors at which densities and their gradients must be finite."""


def check_link(link: Link) -> None:
    """Check a link; a plugin's test is this one call.

    * it has a name, and an increasing range of μ and of η;
    * g⁻¹(g(μ)) = μ and g(g⁻¹(η)) = η;
    * g is strictly monotone, and so is g⁻¹;
    * ``log_inverse`` and ``log_complement`` are the logarithms of μ and 1 − μ, ``log_mass`` their weighted sum;
    * ``derivative`` is dμ/dη, against finite differences and automatic differentiation;
    * logarithms and their gradients are finite at η = ±0, ±0.001, ±30, ±300 (where η is in range).

    Parameters
    ----------
    link : Link

    Raises
    ------
    AssertionError
        Saying what does not hold, and where.

    Examples
    --------
    >>> from hierlm.links import get_link
    >>> check_link(get_link("logit"))
    """
    assert link.name
    assert link.lower < link.upper
    assert link.eta_lower < link.eta_upper
    mu, eta = mu_grid(link.lower, link.upper), eta_grid(link)
    _check_inverse(link, mu, eta)
    _check_logs(link, eta)
    _check_derivative(link, eta)
    _check_extremes(link)


def mu_grid(lower: float, upper: float) -> Floats:
    """Increasing values inside the open interval (lower, upper), towards both ends."""
    tail = np.geomspace(1e-9, 0.4, 25)
    if np.isfinite(lower) and np.isfinite(upper):
        unit = np.concatenate([tail, [0.5], 1 - np.geomspace(0.4, 1e-6, 25)])
        return lower + (upper - lower) * unit
    if np.isfinite(lower):
        return lower + np.geomspace(1e-6, 1e6, 49)
    if np.isfinite(upper):
        return upper - np.geomspace(1e6, 1e-6, 49)
    return np.concatenate([-np.geomspace(1e6, 1e-6, 25), [0.0], np.geomspace(1e-6, 1e6, 25)])


def eta_grid(link: Link, size: float = 3.0) -> Floats:
    """Increasing predictors of moderate size inside the link's range."""
    if np.isfinite(link.eta_lower):
        return link.eta_lower + np.geomspace(0.05, 2 * size, 31)
    return np.linspace(-size, size, 31) + 0.01


def extreme_etas(link: Link, lower: float = -np.inf, upper: float = np.inf) -> Floats:
    """Those of :data:`EXTREMES` whose parameter lies inside the link's range and inside (lower, upper)."""
    eta = np.array(EXTREMES)
    eta = eta[(eta > link.eta_lower) & (eta < link.eta_upper)]
    # bounds of the parameter on the link scale; g is monotone, so the inside is one interval
    ends = [_end(link, bound) for bound in (max(lower, link.lower), min(upper, link.upper))]
    return eta[(eta > min(ends)) & (eta < max(ends))]


def _end(link: Link, bound: float) -> float:
    """g(bound) as a limit."""
    with np.errstate(all="ignore"):
        return float(values(link.link, bound))


def _check_inverse(link: Link, mu: Floats, eta: Floats) -> None:
    there = values(link.link, mu)
    _close(values(link.inverse, there), mu, 1e-6, f"{link}: g⁻¹(g(μ)) is not μ", mu)
    _close(values(link.link, values(link.inverse, eta)), eta, 1e-8, f"{link}: g(g⁻¹(η)) is not η", eta)
    for what, steps in (("g", np.diff(there)), ("g⁻¹", np.diff(values(link.inverse, eta)))):
        assert np.all(steps > 0) or np.all(steps < 0), f"{link}: {what} is not strictly monotone"
    inside = values(link.inverse, eta)
    assert np.all((inside > link.lower) & (inside < link.upper)), f"{link}: g⁻¹ leaves the range of μ"


def _check_logs(link: Link, eta: Floats) -> None:
    mu = values(link.inverse, eta)
    positive, proper = mu > 0, (mu > 0) & (mu < 1)
    _close(values(link.log_inverse, eta[positive]), np.log(mu[positive]), 1e-10, f"{link}: log_inverse", eta[positive])
    complement = values(link.log_complement, eta[proper])
    _close(complement, np.log1p(-mu[proper]), 1e-8, f"{link}: log_complement", eta[proper])
    for s, f in ((0.0, 1.0), (1.0, 0.0), (3.0, 2.0)):
        expected = s * np.log(mu[proper]) + f * np.log1p(-mu[proper])
        mass = values(lambda e, s=s, f=f: link.log_mass(e, s, f), eta[proper])
        _close(mass, expected, 1e-8, f"{link}: log_mass of {s:g} and {f:g}", eta[proper])


def _check_derivative(link: Link, eta: Floats) -> None:
    stated, step = values(link.derivative, eta), 1e-5
    numeric = (values(link.inverse, eta + step) - values(link.inverse, eta - step)) / (2 * step)
    _close(stated, numeric, 1e-5, f"{link}: derivative against finite differences", eta)
    _close(stated, gradient(link.inverse, eta), 1e-8, f"{link}: derivative against automatic differentiation", eta)


def _check_extremes(link: Link) -> None:
    eta = extreme_etas(link, lower=0.0)
    methods = [link.inverse, link.derivative, link.log_inverse]
    for method in methods:
        _finite(link, method.__name__, values(method, eta), gradient(method, eta), eta)
    eta = extreme_etas(link, lower=0.0, upper=1.0)
    _finite(link, "log_complement", values(link.log_complement, eta), gradient(link.log_complement, eta), eta)


def _finite(link: Link, what: str, value: Floats, slope: Floats, eta: Floats) -> None:
    bad = eta[~np.isfinite(value) | ~np.isfinite(slope)]
    assert bad.size == 0, f"{link}: {what} or its gradient is not finite at η = {_some(bad)}"


def _close(found: Floats, expected: Floats, tolerance: float, what: str, where: Floats) -> None:
    # `not <=`, so that NaN counts as wrong
    wrong = ~(np.abs(found - expected) <= tolerance * np.maximum(np.abs(expected), 1e-3))
    assert not wrong.any(), f"{what}, at {_some(where[wrong])}: {_some(found[wrong])} ≠ {_some(expected[wrong])}"


def _some(numbers: Iterable[float]) -> str:
    return ", ".join(f"{x:.6g}" for x in list(numbers)[:4])
