"""Whitened effects are an exact change of variables: against the PyMC graph and dense algebra, for every response."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import hierlm as hl
from hierlm import names
from hierlm.kernels.observations import FIELDS, LOG_WEIGHTS, NODES, observations
from hierlm.kernels.packing import floats, replaced
from hierlm.kernels.problem import moments, structure_of
from hierlm.reductions import plan
from hierlm.reductions.quadrature import gauss_hermite
from tests.unit.reductions.dense import dense_design, graph_density, natural, point, split, unpacked
from tests.unit.reductions.gaussian_models import SCALES, has_a_sign, rescaled
from tests.unit.reductions.slopes import check_gradient
from tests.unit.reductions.whitened_models import (
    INTEGRATED,
    MODELS,
    REDUCTION,
    RELATED,
    integrals,
    predictor,
    row_density,
    rows_of,
    whitened,
    whitening,
)

pytestmark = pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")


def _coordinates(data: np.ndarray, dimension: int, seed: int) -> tuple[np.ndarray, int]:
    """(ζ, z) in one array, and the length of ζ."""
    return np.random.default_rng([3, seed]).normal(0.1, 0.8, dimension), len(floats(data, 0))


@pytest.mark.parametrize("name", [*MODELS, *RELATED])
def test_the_density_is_the_graphs(name: str) -> None:
    """log p(ζ, z) is log p(θ, u, y) of the graph and the log Jacobians of θ and of u = Λ L⁻ᵀ(c + z), but for a constant.

    1e-7, at four points, with the coordinates that were chosen and with every sd on a softplus or signed.  What is
    recovered is u.
    """
    model, problem = whitened(name)
    assert plan(model).chosen.name == "whitened effects"
    place, graph = problem.place, graph_density(model)
    for scale in SCALES:
        data = rescaled(problem.data, scale)
        if scale == "signed" and not has_a_sign(data):
            continue
        constants = []
        for seed in range(4):
            zeta, K = _coordinates(data, problem.dimension, seed)
            n = natural(data, zeta[:K])
            factor, L, c = whitening(model, place, data, n)
            u = factor @ np.linalg.solve(L.T, c + zeta[K:])
            value = problem.density(zeta, data, np.zeros(len(zeta)))
            joint = graph(point(model, place, n, split(model, place, u), {}))
            constants.append(value - (joint + n.log_jacobian - np.log(np.diag(L)).sum()))
            _check_recovered(model, replace(problem, data=data), zeta, n, u)
        np.testing.assert_allclose(constants, constants[0], atol=1e-7, err_msg=scale)


def _check_recovered(model: hl.Model, problem: Any, zeta: np.ndarray, n: Any, u: np.ndarray) -> Any:
    """Effects, sds without signs, correlations and further parameters under the graph's names."""
    draw, place = REDUCTION.recover(model, problem, zeta[None, None], 1).isel(chain=0, draw=0), problem.place
    for variable, value in split(model, place, u).items():
        if value.size:
            np.testing.assert_allclose(draw[variable], value, rtol=1e-8, atol=1e-10, err_msg=variable)
    for g, group in enumerate(place.groups):
        owned = [o for o in place.owner[g] if o >= 0]
        if owned:
            np.testing.assert_allclose(draw[names.sd(group)], n.sds[owned], rtol=1e-12)
        if names.cor(group) in draw:
            np.testing.assert_allclose(draw[names.cor(group)], n.factors[g] @ n.factors[g].T, atol=1e-12)
    for parameter, value in zip(model.responses[0].free, n.positives, strict=True):
        assert float(draw[parameter]) == pytest.approx(value)
    return draw


@pytest.mark.parametrize("name", [*MODELS, *RELATED])
def test_the_gradient_is_that_of_the_value(name: str) -> None:
    _, problem = whitened(name)
    for scale in SCALES:
        data = rescaled(problem.data, scale)
        check_gradient(problem.density, data, _coordinates(data, problem.dimension, 5)[0])


def _with_nodes(data: np.ndarray, nodes: int) -> np.ndarray:
    points, log_weights = gauss_hermite(nodes)
    return replaced(data, {NODES: points, LOG_WEIGHTS: log_weights})


@pytest.mark.parametrize("name", INTEGRATED)
def test_one_effect_a_row_is_integrated_out(name: str) -> None:
    """With many nodes the density is that of the graph with every row integrated numerically, 1e-6; so is its gradient."""
    model, problem = whitened(name, integrated=True)
    assert "u" not in problem.place.groups
    graph = graph_density(model)
    for scale in SCALES:
        fine = _with_nodes(rescaled(problem.data, scale), 61)
        constants = []
        for seed in range(4):
            zeta, K = _coordinates(fine, problem.dimension, seed)
            value = problem.density(zeta, fine, np.zeros(len(zeta)))
            constants.append(value - _integrated(model, problem, fine, zeta, K, graph))
        np.testing.assert_allclose(constants, constants[0], atol=1e-6, err_msg=scale)
        check_gradient(problem.density, fine, zeta, tolerance=1e-5)


def _integrated(model: hl.Model, problem: Any, data: np.ndarray, zeta: np.ndarray, K: int, graph: Any) -> float:
    """The graph's density with the row effects at zero, its likelihood replaced by the integrals, and the Jacobians."""
    n, place = natural(data, zeta[:K]), problem.place
    factor, L, c = whitening(model, place, data, n)
    u = factor @ np.linalg.solve(L.T, c + zeta[K:])
    eta, (y, trials) = predictor(model, place, u), rows_of(model)
    at_zero = {"sd_u": n.sds[-1:], "z_u": np.zeros((len(y), 1))}
    joint = graph(point(model, place, n, split(model, place, u), at_zero)) + len(y) * 0.5 * np.log(2 * np.pi)
    joint -= row_density(model, eta, n.positives, y, trials).sum()
    joint += integrals(model, eta, n.sds[-1], n.positives).sum()
    return joint + n.log_jacobian - np.log(np.diag(L)).sum()


@pytest.mark.parametrize(("name", "mean"), [("one factor", np.exp), ("crossed", np.exp), ("offset", np.exp)])
def test_working_weights(name: str, mean: Any) -> None:
    """S = WᵀΩW and r = WᵀΩẑ with the weights and scores of a Poisson response at the mode û of the effects."""
    model, problem = whitened(name)
    W, _ = dense_design(model, problem.place)
    u = floats(problem.data, FIELDS + 1)
    mu = mean(predictor(model, problem.place, u))
    S, r = moments(problem.data)
    np.testing.assert_allclose(unpacked(structure_of(problem.data), S), W.T @ (mu[:, None] * W), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(r, W.T @ (mu * (W @ u) + model.responses[0].y - mu), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["duplicates", "duplicate trials", "duplicate shapes"])
def test_rows_that_are_alike_are_joined(name: str) -> None:
    """So that the density above is that of fewer rows; weights count the rows."""
    model, problem = whitened(name)
    o = observations(problem.data, problem.place.columns)
    assert len(o.y) < 0.8 * len(model.responses[0].y)
    assert o.weights.sum() == len(model.responses[0].y)
