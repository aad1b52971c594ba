"""The grid of densities: every family × link × covariance structure × centring, and how one point of it is checked.

``python -m tests.trust densities`` checks all of them, a line of the store each, so that it can be stopped and goes on.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hierlm.families import FAMILIES
from tests.trust.covariances import MEANINGS
from tests.trust.graphs import Graph, compare
from tests.trust.joint import Spec, log_joint, log_scale

POINTS = 20
LARGEST = 1e4
"""Of |log p|: where a link has a pole densities have no digits left."""

CENTRINGS = ("centered", "noncentered")
PAIRS = [(f.name, link) for f in FAMILIES.values() for link in f.parameters[0].links]
KINDS = [(s, c) for s in MEANINGS for c in CENTRINGS if c == "noncentered" or not MEANINGS[s].loadings]
GRID = [(f, link, *kind) for f, link in PAIRS for kind in KINDS]
MIXED = [GRID[i] for i in np.random.default_rng(1).permutation(len(GRID))]
"""In no order, so that a run that ends early has seen a part of everything."""


def points(spec: Spec, table: Any, graph: Graph, count: int) -> list[np.ndarray]:
    """Random sampling coordinates where the independent density is finite: links such as the identity have edges.

    Also of rows whose own density does not look at the mean, such as the zeros of a hurdle: a mean that cannot be has no
    density in hierlm, whatever the row.
    """
    rng, found, other = np.random.default_rng(3), [], table | {"y": _seen(spec, np.asarray(table["y"]))}
    for spread in (0.5, 0.2, 0.1, 0.05, 0.02):
        for _ in range(3 * count):
            v = graph.centre + rng.normal(0, spread, len(graph.centre))
            with np.errstate(all="ignore"):
                values = graph.values(v)
                inside = all(abs(log_joint(spec, t, values)) < LARGEST for t in (table, other))
            if inside:
                found.append(v)
            if len(found) == count:
                return found
    raise AssertionError(f"{spec}: only {len(found)} points with a finite density")


def _seen(spec: Spec, y: np.ndarray) -> np.ndarray:
    """The response with what only says whether there is something replaced by a value."""
    if spec.family == "zero_one_inflated_beta":
        return np.where((y == 0) | (y == 1), 0.5, y)
    return np.where(y == 0, y[y > 0].min(), y) if spec.family.startswith("hurdle") else y


def check(family: str, link: str, structure: str, centring: str) -> tuple[float, float]:
    """How far density and gradient of one point of the grid are off, where that is not too far."""
    spec = Spec(family, link, structure)
    table = spec.table()
    graph = Graph(spec.model(table, centring))
    ours = graph.density_and_gradient()

    def theirs(v: np.ndarray) -> float:
        values = graph.values(v)
        return log_joint(spec, table, values) + (log_scale(spec, values) if centring == "noncentered" else 0.0)

    return compare(ours, theirs, points(spec, table, graph, POINTS))
