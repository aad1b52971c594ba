"""How many nodes integrate out one effect a row: chosen before sampling, looked at again with the draws."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hierlm.kernels.callbacks import Called, values_at, whitened_callbacks
from hierlm.kernels.observations import LOG_WEIGHTS, NODES
from hierlm.kernels.packing import dimension_of, floats, replaced

__all__ = ["TOLERANCE", "enough_nodes", "gauss_hermite", "inexactness", "likely_points", "nodes_of"]

Floats = NDArray[np.float64]
CANDIDATES = (3, 5, 7, 9, 13, 19, 27, 41)
"""Nodes that are tried."""

REFERENCE = 83
"""Nodes that are believed: more than twice as many as the most that are tried."""

TOLERANCE = 0.02
"""Largest standard deviation of the error of the log density of all rows together: then weights that would make the
draws exact differ by two per cent."""

LIKE_DRAWS, OUTWARD = 12, (-4.0, -2.0, 2.0, 4.0)
UNLIKELY = 12.0


def gauss_hermite(nodes: int) -> tuple[Floats, Floats]:
    """Nodes x_k and log w_k of ∫ f(x) φ(x) dx ≈ Σ w_k f(x_k)."""
    points, mass = np.polynomial.hermite_e.hermegauss(nodes)
    return points, np.log(mass / np.sqrt(2.0 * np.pi))


def nodes_of(buffer: Floats) -> int:
    """The number of nodes of a packed problem."""
    return len(floats(buffer, NODES))


def likely_points(buffer: Floats) -> Floats:
    """Points (n, dimension) like draws, and others out along each axis of θ, without those of tiny density."""
    K, dimension = len(floats(buffer, 0)), int(dimension_of(buffer))
    rng = np.random.default_rng(1)
    points = [np.zeros((1, dimension)), rng.standard_normal((LIKE_DRAWS, dimension))]
    for k in range(K):
        outward = rng.standard_normal((len(OUTWARD), dimension))
        outward[:, :K] = 0.0
        outward[:, k] = OUTWARD
        points.append(outward)
    every = np.vstack(points)
    values = _values(buffer, every)
    return every[values > values.max() - dimension - UNLIKELY]


def inexactness(buffer: Floats, points: Floats) -> float:
    """The standard deviation over points of the error of the log density, beside that of many more nodes.

    A constant error does not count; ∞ where a density is not finite.
    """
    error = _values(buffer, points) - _values(_with_nodes(buffer, REFERENCE), points)
    return float(np.std(error)) if len(points) and np.isfinite(error).all() else (np.inf if len(points) else 0.0)


def enough_nodes(buffer: Floats, points: Floats, *, more_than: int = 0) -> Floats | None:
    """The problem with as few nodes as leave its density unchanged at the points, None where too many are needed."""
    for nodes in CANDIDATES:
        if nodes > more_than:
            cheaper = _with_nodes(buffer, nodes)
            if inexactness(cheaper, points) < TOLERANCE:
                return cheaper
    return None


def _with_nodes(buffer: Floats, nodes: int) -> Floats:
    points, log_weights = gauss_hermite(nodes)
    return replaced(buffer, {NODES: points, LOG_WEIGHTS: log_weights})


def _values(buffer: Floats, points: Floats) -> Floats:
    return values_at(Called(whitened_callbacks()[0]), points, buffer)
