"""Well-known published models: hierlm's density of each is the printed one, on the PyMC graph and after a reduction."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import hierlm as hl
from hierlm.reductions import plan
from tests.trust.graphs import Graph, compare, derivative
from tests.trust.published import MODELS
from tests.unit.reductions.changes import effects, thetas
from tests.unit.reductions.dense import natural, split

pytestmark = pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")

POINTS = 20
LARGE = {"crossed binary", "epil"}
NAMES = [pytest.param(n, marks=pytest.mark.slow) if n in LARGE else n for n in MODELS]


@cache
def made(name: str) -> tuple[hl.Model, dict[str, Any]]:
    published = MODELS[name]
    table = published.table()
    return hl.Model(published.formula, table, published.family, priors=published.priors), table


def in_standardised_effects(model: hl.Model, values: dict[str, np.ndarray], *, every: bool = False) -> float:
    """Σ log |∂r/∂z| of blocks that are not sampled centred: all blocks have one effect."""
    total = 0.0
    for block in model.blocks:
        if every or not block.centred:
            total += len(block.levels) * np.log(values[f"sd_{block.group}"][block.columns[0]])
    return float(total)


@pytest.mark.parametrize("name", NAMES)
def test_the_graph(name: str) -> None:
    """20 points; the difference is constant to 1e-8, gradients to 1e-6."""
    model, table = made(name)
    graph = Graph(model)

    def theirs(v: np.ndarray) -> float:
        values = graph.values(v)
        return MODELS[name].log_density(table, values) + in_standardised_effects(model, values)

    rng = np.random.default_rng(1)
    compare(
        graph.density_and_gradient(),
        theirs,
        [graph.centre + rng.normal(0, 0.3, len(graph.centre)) for _ in range(POINTS)],
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_reduction(name: str) -> None:
    """20 points of what is sampled, with the Jacobian of its coordinates; effects of single rows are not integrated out."""
    model, table = made(name)
    way = plan(model).chosen
    assert way is not None
    problem = way.apply(model)
    if set(model.groups) - set(problem.place.groups):
        pytest.skip("an effect of single rows is integrated out: tests/unit/reductions/test_whitened.py")
    off, size, rng = [], 1.0, np.random.default_rng(5)
    for seed in range(POINTS):
        zeta = np.random.default_rng([13, seed]).normal(0.1, 0.7, problem.dimension)
        n, value = (
            natural(problem.data, zeta[: thetas(problem.data)]),
            problem.density(zeta, problem.data, np.zeros(problem.dimension)),
        )
        u, log_jacobian = effects(way, model, problem, problem.data, zeta, n)
        values = _values(model, problem, n, u)
        described = sum(np.log(2 * values[s] ** -3.0).sum() for s in MODELS[name].precisions)
        expected = MODELS[name].log_density(table, values) + in_standardised_effects(model, values, every=True)
        off.append(value - expected - described - n.log_jacobian - log_jacobian)
        size = max(size, abs(value) / 100)
        _check_slope(problem, zeta, rng)
    np.testing.assert_allclose(off, off[0], rtol=0, atol=1e-8 * size)


def _check_slope(problem: Any, zeta: np.ndarray, rng: np.random.Generator) -> None:
    """The gradient along a random direction is that of the density, 1e-6."""
    gradient, scratch = np.zeros(len(zeta)), np.zeros(len(zeta))
    problem.density(zeta, problem.data, gradient)
    direction = rng.normal(size=len(zeta))
    direction /= np.linalg.norm(direction)
    slope = derivative(lambda t: problem.density(zeta + t * direction, problem.data, scratch), 1e-3)
    assert abs(gradient @ direction - slope) <= 1e-6 * max(1.0, np.linalg.norm(gradient))


def _values(model: hl.Model, problem: Any, n: Any, u: np.ndarray) -> dict[str, np.ndarray]:
    values, sds = split(model, problem.place, u), list(n.sds)
    for group, blocks in model.groups.items():
        values[f"sd_{group}"] = np.array([sds.pop(0) for _ in blocks])
    return values | {name: np.asarray(x) for name, x in zip(model.responses[0].free, n.positives, strict=False)}
