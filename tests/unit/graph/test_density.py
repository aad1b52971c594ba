"""The graph's density against independent NumPy and SciPy code, and centred against non-centred."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
from scipy import stats

import hierlm as hl
from hierlm.graph.evaluate import evaluate
from hierlm.graph.transforms import Scaled, ScaledSoftplus
from hierlm.model.assign import link_scale

MODE = "FAST_COMPILE"


def _point(graph: pm.Model, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {k: v + rng.normal(0, 0.3, np.shape(v)) for k, v in graph.initial_point().items()}


def _constrained(graph: pm.Model, point: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    variables = graph.unobserved_value_vars
    values = graph.compile_fn(variables, mode=MODE, on_unused_input="ignore")(point)
    return {v.name: np.asarray(x) for v, x in zip(variables, values, strict=True)}


def _eta(model: hl.Model, values: dict[str, np.ndarray]) -> np.ndarray:
    """η of the mean from first principles: a dense indicator for every effect."""
    predictor = model.predictors[0]
    eta = predictor.offset + predictor.X @ values["b"]
    for block in model.blocks:
        dense = np.eye(len(block.levels))[block.codes]
        for piece in block.pieces:
            for k, effect in enumerate(piece.effects):
                eta = eta + (dense * piece.Z[:, [k]]) @ values[f"r_{block.group}"][:, block.columns[effect]]
    return eta


CASES: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "us": ("Reaction ~ Days + (Days | Subject)", "sleepstudy", "gaussian", {}),
    "idh": ("Reaction ~ Days + (Days || Subject)", "sleepstudy", "gaussian", {}),
    "crossed": ("diameter ~ 1 + (1 | plate) + (1 | sample)", "Penicillin", "gaussian", {}),
    "nested": ("strength ~ 1 + (1 | batch/cask)", "Pastes", "gaussian", {}),
    "binomial": ("incidence | trials(size) ~ period + (1 | herd)", "cbpp", "binomial", {}),
    "poisson units": ("TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | units)", "grouseticks", "poisson", {}),
}


def _likelihood(family: str, y: np.ndarray, eta: np.ndarray, values: dict[str, np.ndarray], model: hl.Model) -> float:
    if family == "gaussian":
        return float(stats.norm.logpdf(y, eta, values["sigma"]).sum())
    if family == "poisson":
        return float(stats.poisson.logpmf(y, np.exp(eta)).sum())
    trials = model.responses[0].additions["trials"]
    return float(stats.binom.logpmf(y, trials, 1 / (1 + np.exp(-eta))).sum())


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("parameterization", ["centered", "noncentered"])
def test_joint_density_is_that_of_independent_code(
    case: str, parameterization: str, data: Callable[[str], Any]
) -> None:
    formula, table, family, options = CASES[case]
    model = hl.Model(formula, data(table), family=family, parameterization=parameterization, **options)
    graph = model.pymc
    logp = graph.compile_logp(jacobian=False, mode=MODE)
    for seed in range(3):
        point = _point(graph, seed)
        values = _constrained(graph, point)
        expected = _likelihood(family, model.responses[0].y, _eta(model, values), values, model)
        for a in model.assignments:
            if a.kind == "correlation":  # LKJ(2) of two effects: (r + 1)/2 ~ Beta(2, 2)
                u = (values[a.variable][0, 1] + 1) / 2
                assert values[f"{a.variable}__0"] == pytest.approx(u)
                expected += float(stats.beta(2, 2).logpdf(u))
            else:
                row = list(graph.coords.get(graph.named_vars_to_dims.get(a.variable, [None])[0]) or [])
                value = values[a.variable] if a.label is None else values[a.variable][row.index(a.label)]
                expected += float(a.prior.log_density(value))
        expected += _effects(model, values, parameterization)
        assert float(logp(point)) == pytest.approx(expected, rel=1e-10)


def _effects(model: hl.Model, values: dict[str, np.ndarray], parameterization: str) -> float:
    total = 0.0
    for group in model.groups:
        if parameterization == "noncentered":
            total += float(stats.norm.logpdf(values[f"z_{group}"]).sum())
            continue
        r, sd = values[f"r_{group}"], values[f"sd_{group}"]
        R = values.get(f"cor_{group}", np.eye(len(sd)))
        V = np.diag(sd) @ R @ np.diag(sd)
        total += float(stats.multivariate_normal(np.zeros(len(sd)), V).logpdf(r).sum())
    return total


def _sampled(graph: pm.Model, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The sampling coordinates of free variables with these values."""
    point = {}
    for rv in graph.free_RVs:
        transform, name = graph.rvs_to_transforms[rv], graph.rvs_to_values[rv].name
        value = pt.as_tensor(values[rv.name], dtype="float64")
        point[name] = (transform.forward(value, *rv.owner.inputs) if transform else value).eval(mode=MODE)
    return point


@pytest.mark.parametrize("case", CASES)
def test_centred_and_noncentred_are_one_model(case: str, data: Callable[[str], Any]) -> None:
    """log p_nc(z) = log p_c(r) + J log |L|: the change of variables r = L z.

    A hosted effect is sampled as v = r + m; m is read off the graph as −r at v = 0, given everything else.
    """
    formula, table, family, options = CASES[case]
    nc, c = (
        hl.Model(formula, data(table), family=family, parameterization=p, **options)
        for p in ("noncentered", "centered")
    )
    point = _point(nc.pymc, 5)
    values = _constrained(nc.pymc, point)
    parts = {
        (f"r_{g}" if f"r_{g}" in {v.name for v in c.pymc.free_RVs} else f"r_{g}__{i}"): (g, list(b.columns))
        for g, blocks in c.groups.items()
        for i, b in enumerate(blocks)
    }
    logdet = 0.0
    for group in c.groups:
        r, sd, R = values[f"r_{group}"], values[f"sd_{group}"], values.get(f"cor_{group}")
        L = np.diag(sd) @ (np.linalg.cholesky(R) if R is not None else np.eye(len(sd)))
        logdet += r.shape[0] * float(np.linalg.slogdet(L)[1])
    shapes = {v.name: tuple(v.shape.eval(mode=MODE)) for v in c.pymc.free_RVs if v.name in parts}
    at_zero = _constrained(c.pymc, _sampled(c.pymc, values | {k: np.zeros(s) for k, s in shapes.items()}))
    effects = {
        k: (values[f"r_{g}"] - at_zero[f"r_{g}"])[:, slice(None) if k == f"r_{g}" else columns].reshape(shapes[k])
        for k, (g, columns) in parts.items()
    }
    centred = _sampled(c.pymc, values | effects)
    again = _constrained(c.pymc, centred)
    for name in {a.variable for a in c.assignments} | {f"r_{group}" for group in c.groups}:
        np.testing.assert_allclose(again[name], values[name], atol=1e-10)
    noncentred_density = float(nc.pymc.compile_logp(jacobian=False, mode=MODE)(point))
    centred_density = float(c.pymc.compile_logp(jacobian=False, mode=MODE)(centred))
    assert noncentred_density == pytest.approx(centred_density + logdet, rel=1e-10)


def test_centring_of_columns_changes_no_density(data: Callable[[str], Any]) -> None:
    """With the constant Jacobian taken off, the density at b is Normal(b) whatever coordinates are sampled."""
    model = hl.Model("Reaction ~ Days", data("sleepstudy"))
    graph = model.pymc
    point = _point(graph, 2)
    values = _constrained(graph, point)
    days = data("sleepstudy")["Days"].to_numpy(float)
    (name,) = [k for k in point if k.startswith("b")]
    spread = link_scale(model.responses[0], "mu")[1]
    assert point[name][0] == pytest.approx((values["b"][0] + days.mean() * values["b"][1]) / spread)
    assert point[name][1] == pytest.approx(days.std() * values["b"][1] / spread)
    with_jacobian, without = (graph.compile_logp(jacobian=j, mode=MODE)(point) for j in (True, False))
    sigma_jacobian = np.log(values["sigma"])
    assert float(with_jacobian - without) == pytest.approx(sigma_jacobian - np.log(days.std()) + 2 * np.log(spread))


@pytest.mark.parametrize("multivariate", [False, True])
def test_jacobians_of_sampling_coordinates(multivariate: bool) -> None:
    """log |∂sd/∂v| and log |∂r/∂v| against central differences; there and back is the identity."""
    scales, h = np.array([0.5, 30.0]), 1e-6
    v = np.random.default_rng(3).normal(size=(4, 2))
    for transform in (ScaledSoftplus(scales), Scaled(scales, multivariate=multivariate)):

        def back(x: np.ndarray, transform: Any = transform) -> np.ndarray:
            return np.asarray(evaluate(transform.backward, value=x))

        slope = (back(v + h) - back(v - h)) / (2 * h)
        expected = np.log(slope).sum(axis=1) if transform.ndim_supp else np.log(slope)
        np.testing.assert_allclose(evaluate(transform.log_jac_det, value=v), expected, atol=1e-7)
        np.testing.assert_allclose(evaluate(transform.forward, value=back(v)), v, atol=1e-10)
