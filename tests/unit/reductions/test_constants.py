"""What kernels leave out: densities with their constants are the graph's joint density and its Jacobians, exactly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hierlm.kernels.parameters import parameters
from tests.unit.reductions import gaussian_models, whitened_models
from tests.unit.reductions.dense import graph_density, natural, point, relations, split
from tests.unit.reductions.test_gaussian_marginal import _drawn, _log_conditional, _log_scale

pytestmark = pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")
SCALES = gaussian_models.SCALES


def of_axes(data: np.ndarray) -> float:
    """log |∂θ/∂ζ|, less log 2 for each sd with a sign: two values of θ are one model."""
    p = parameters(data)
    signed = sum(row[0] >= 0 and row[2] < 0 for row in p.sds)
    return float(np.linalg.slogdet(p.axes)[1] if len(p.axes) else 0.0) - signed * np.log(2.0)


@pytest.mark.parametrize("name", [*whitened_models.MODELS, *whitened_models.RELATED])
def test_whitened_effects(name: str) -> None:
    """p(y, ζ, z) = p(y, θ, effects of the graph) |∂θ/∂ζ| |∂effects/∂z|, every response."""
    model, problem = whitened_models.whitened(name)
    place, graph = problem.place, graph_density(model)
    zeta = np.random.default_rng(2).normal(0.1, 0.8, problem.dimension)
    for scale in SCALES:
        data = gaussian_models.rescaled(problem.data, scale)
        if scale == "signed" and not gaussian_models.has_a_sign(data):
            continue
        n = natural(data, zeta[: len(parameters(data).centre)])
        factor, L, c = whitened_models.whitening(model, place, data, n)
        u = factor @ np.linalg.solve(L.T, c + zeta[len(parameters(data).centre) :])
        constant = whitened_models.REDUCTION.log_constant(model, replace(problem, data=data))
        found = problem.density(zeta, data, np.zeros(len(zeta))) + constant
        K = relations(model, place)
        wanted = graph(point(model, place, n, split(model, place, u), {})) + n.log_jacobian + of_axes(data)
        wanted += np.log(place.scales).sum() - np.log(np.diag(L)).sum()
        wanted -= 0.5 * np.linalg.slogdet(K)[1] if len(K) else 0.0
        assert found == pytest.approx(wanted, abs=1e-6), scale


@pytest.mark.parametrize("name", [*gaussian_models.MODELS, *gaussian_models.RELATED])
def test_gaussian_marginal(name: str) -> None:
    """p(y, ζ) = p(y, θ, u of the graph) |∂θ/∂ζ| / p(u | y, θ)."""
    model, problem = gaussian_models.gaussian(name)
    place, graph = problem.place, graph_density(model)
    zeta = gaussian_models.coordinates(problem.dimension, 1)
    for scale in SCALES:
        data = gaussian_models.rescaled(problem.data, scale)
        if scale == "signed" and not gaussian_models.has_a_sign(data):
            continue
        n = natural(data, zeta)
        effects = _drawn(model, problem, data, zeta)
        constant = gaussian_models.REDUCTION.log_constant(model, replace(problem, data=data))
        found = problem.density(zeta, data, np.zeros(len(zeta))) + constant
        K = relations(model, place)
        joint = graph(point(model, place, n, effects, {})) - _log_scale(place, n)
        joint -= 0.5 * np.linalg.slogdet(K)[1] if len(K) else 0.0
        wanted = joint + n.log_jacobian + of_axes(data) - _log_conditional(model, place, n, effects)
        assert found == pytest.approx(wanted, abs=1e-6), scale
