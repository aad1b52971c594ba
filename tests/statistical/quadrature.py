"""Posteriors by linear algebra and by quadrature over one or two numbers, with NumPy and SciPy alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.special import roots_hermitenorm

Moments = dict[str, tuple[float, float]]
"""Name → posterior mean and standard deviation."""

NODES = 41


@dataclass(frozen=True, eq=False)
class Conditional:
    """Given one point: log evidence there, and mean and variance of every quantity."""

    log_density: float
    mean: Mapping[str, float]
    variance: Mapping[str, float]


def mixture(points: Sequence[Conditional]) -> Moments:
    """Mean and sd over points of an evenly spaced grid (the trapezoidal rule; ends must be empty)."""
    logs = np.array([p.log_density for p in points])
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    found = {}
    for name in points[0].mean:
        mean = np.array([p.mean[name] for p in points])
        total = weights @ mean
        variance = weights @ (np.array([p.variance[name] for p in points]) + (mean - total) ** 2)
        found[name] = (float(total), float(np.sqrt(variance)))
    return found


def grid(log_density: Callable[..., np.ndarray], *axes: tuple[float, float, int]) -> tuple[np.ndarray, ...]:
    """Evenly spaced points of one or two numbers, and normalised weights of a vectorised log density there.

    Raises an AssertionError where the box cuts off mass: more than 1e-6 of it on the border.
    """
    sides = [np.linspace(*axis) for axis in axes]
    mesh = np.meshgrid(*sides, indexing="ij")
    logs = log_density(*mesh)
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    for axis in range(weights.ndim):
        for end in (0, -1):
            assert weights.take(end, axis=axis).sum() < 1e-6, (axis, end)
    return (weights, *mesh)


def moments(weights: np.ndarray, **values: np.ndarray) -> Moments:
    """Mean and sd of arrays over weighted points."""
    found = {}
    for name, value in values.items():
        mean = (weights * value).sum()
        found[name] = (float(mean), float(np.sqrt((weights * (value - mean) ** 2).sum())))
    return found


def gaussian(
    y: np.ndarray, W: np.ndarray, location: np.ndarray, cov: np.ndarray, sd: np.ndarray, labels: Sequence[str]
) -> Conditional:
    """y ~ N(W u, diag(sd²)) with u ~ N(location, cov): the evidence, and u given y (labels name u)."""
    noise = np.diag(np.broadcast_to(sd, y.shape) ** 2)
    total = W @ cov @ W.T + noise
    gain = np.linalg.solve(total, W @ cov).T
    mean = location + gain @ (y - W @ location)
    variance = np.diag(cov - gain @ W @ cov)
    evidence = stats.multivariate_normal(W @ location, total).logpdf(y)
    return Conditional(float(evidence), dict(zip(labels, mean, strict=True)), dict(zip(labels, variance, strict=True)))


Likelihood = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]
"""η of every group (…, group) → log density of its rows, and its first and second derivative in η."""


def intercepts(likelihood: Likelihood, b: np.ndarray, sd: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Group intercepts integrated out at points (b, sd) by adaptive Gauss–Hermite quadrature about each group's mode.

    Returns the log density of the data (points), and mean and mean square of every group's intercept (points, group).
    """
    b, sd = b[:, None], sd[:, None]
    z = np.zeros_like(b + likelihood(b)[0])
    for _ in range(60):  # Newton, with η moved by one at most
        _, slope, curvature = likelihood(b + sd * z)
        step = (sd * slope - z) / (1 - sd**2 * curvature)
        z = z + np.clip(step, -1 / np.maximum(sd, 1e-9), 1 / np.maximum(sd, 1e-9))
    width = 1 / np.sqrt(1 - sd**2 * likelihood(b + sd * z)[2])
    nodes, weights = roots_hermitenorm(NODES)
    at = np.stack([z + width * node for node in nodes])
    logs = np.stack([likelihood(b + sd * a)[0] for a in at]) + stats.norm.logpdf(at)
    logs += (np.log(weights) + nodes**2 / 2)[:, None, None] + np.log(width)
    top = logs.max(axis=0)
    share = np.exp(logs - top)
    total = share.sum(axis=0)
    r = sd * at
    return (top + np.log(total)).sum(axis=1), (share * r).sum(axis=0) / total, (share * r**2).sum(axis=0) / total
