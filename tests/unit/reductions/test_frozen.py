"""Effects whitened at the mode are an exact change of variables too: the density is the graph's, the map is linear."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.kernels.packing import floats
from hierlm.reductions.frozen import Frozen
from tests.unit.reductions.dense import graph_density, natural, point, split
from tests.unit.reductions.slopes import check_gradient

REDUCTION = Frozen()
pytestmark = pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")


def _frame() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    n = 120
    return pd.DataFrame(
        {
            "y": rng.normal(2, 1, n),
            "count": rng.poisson(4, n),
            "n": 8,
            "k": rng.binomial(8, 0.4, n),
            "x": rng.normal(size=n),
            "w": rng.uniform(0.5, 2.0, n),
            "g": rng.integers(9, size=n).astype(str),
            "h": rng.integers(6, size=n).astype(str),
        }
    )


MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "normal": ("y ~ x + (1 | g) + (1 | h)", {}),
    "normal, slopes": ("y ~ x + (x | g) + (1 | h)", {}),
    "normal, weights": ("y | weights(w) ~ x + (1 | g) + (1 | h)", {}),
    "normal, a coefficient with tails": (
        "y ~ x + (1 | g)",
        {"priors": {"b[x]": hl.Prior("StudentT", nu=3, sigma=1)}},
    ),
    "poisson": ("count ~ x + (1 | g) + (1 | h)", {"family": "poisson"}),
    "binomial": ("k | trials(n) ~ x + (x || g) + (1 | h)", {"family": "binomial"}),
    "smooth": ("y ~ s(x, k=6) + (1 | g) + (1 | h)", {}),
    "smooths": ("count ~ s(x, k=6) + s(w, k=5) + (1 | g)", {"family": "poisson"}),
    "negbinomial": ("count ~ x + (1 | g) + (1 | h)", {"family": "negbinomial"}),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_density_is_the_graphs(name: str) -> None:
    """log p(ζ, z) less the graph's log p(θ, u, y) and the log Jacobian of θ is constant, 1e-7, u as recovered.

    The graph is non-centred: its density is that of Λ⁻¹u.
    """
    formula, options = MODELS[name]
    model = hl.Model(formula, _frame(), parameterization="noncentered", **options)
    assert REDUCTION.accepts(model).accepted
    problem = REDUCTION.apply(model)
    place, graph, K = problem.place, graph_density(model), len(floats(problem.data, 0))
    constants = []
    for seed in range(4):
        zeta = np.random.default_rng([3, seed]).normal(0.1, 0.8, problem.dimension)
        n = natural(problem.data, zeta[:K])
        u = _effects(model, problem, zeta)
        value = problem.density(zeta, problem.data, np.zeros(problem.dimension))
        standardised = sum(J * np.log(np.abs(np.diag(L))).sum() for J, L in zip(place.levels, n.scaled, strict=True))
        joint = graph(point(model, place, n, split(model, place, u), {})) - standardised
        constants.append(value - joint - n.log_jacobian)
        check_gradient(problem.density, problem.data, zeta)
    np.testing.assert_allclose(constants, constants[0], atol=1e-7)


@pytest.mark.parametrize("name", ["normal, slopes", "binomial"])
def test_the_map_is_linear(name: str) -> None:
    """u of the mean of two points is the mean of their u: its Jacobian is a constant."""
    formula, options = MODELS[name]
    model = hl.Model(formula, _frame(), **options)
    problem = REDUCTION.apply(model)
    a, b = np.random.default_rng(1).normal(size=(2, problem.dimension))
    middle = _effects(model, problem, (a + b) / 2)
    np.testing.assert_allclose(middle, (_effects(model, problem, a) + _effects(model, problem, b)) / 2, atol=1e-10)
    jacobian = np.column_stack(
        [_effects(model, problem, a + e) - _effects(model, problem, a) for e in np.eye(problem.dimension)]
    )
    assert np.linalg.matrix_rank(jacobian) == problem.place.columns


def _effects(model: hl.Model, problem: Any, zeta: np.ndarray) -> np.ndarray:
    """u as the kernel recovers it."""
    from hierlm.kernels.frozen import draw_effects

    u = np.empty((1, problem.place.columns))
    ok, *_ = draw_effects(zeta[None], problem.data, u)
    assert ok.all()
    return u[0]
