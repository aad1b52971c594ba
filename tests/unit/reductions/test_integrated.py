"""One effect of every level integrated out: against the PyMC graph, integrated over each effect by the trapezoidal rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

import hierlm as hl
from hierlm import names
from hierlm.kernels.levels import levels
from hierlm.kernels.observations import LOG_WEIGHTS, NODES
from hierlm.kernels.packing import replaced
from hierlm.kernels.parameters import parameters
from hierlm.reductions import plan, quadrature
from hierlm.reductions.integrated import Integrated
from hierlm.reductions.quadrature import gauss_hermite, inexactness, nodes_of
from hierlm.reductions.reduction import Problem
from tests.unit.reductions.dense import graph_density, natural, point
from tests.unit.reductions.gaussian_models import SCALES, rescaled
from tests.unit.reductions.slopes import check_gradient
from tests.unit.reductions.test_constants import of_axes
from tests.unit.reductions.whitened_models import HEAVY, frame

pytestmark = pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")
REDUCTION = Integrated()
Z = np.linspace(-9.0, 9.0, 181)
"""Of the standardised effect."""

MODELS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "poisson": ("k ~ x + (1 | g)", "poisson", {}),
    "slope": ("k ~ x + (0 + x | g)", "poisson", {}),
    "offset": ("k ~ offset(x) + (1 | g)", "poisson", {}),
    "weights": ("k | weights(w) ~ x + (1 | g)", "poisson", {}),
    "alike": ("k ~ f + (1 | h)", "poisson", {}),
    "no coefficients": ("k ~ 0 + (1 | g)", "poisson", {}),
    "coefficient known": ("k ~ x + (1 | g)", "poisson", {"b[x]": 0.2}),
    "sd known": ("k ~ x + (1 | g)", "poisson", {"sd_g": 0.5}),
    "heavy": ("k ~ x + (1 | g)", "poisson", HEAVY),
    "flat": ("k ~ x + (1 | g)", "poisson", {"b": hl.Prior("Flat"), "sd_g": hl.Prior("Gamma", alpha=2, beta=1)}),
    "probit": ("s ~ x + (1 | g)", "bernoulli(probit)", {}),
    "binomial": ("t | trials(n) ~ x + (1 | a)", "binomial", {"sd_a": hl.Prior("HalfCauchy", beta=1)}),
    "negbinomial": ("k ~ x + (1 | g)", "negbinomial", {}),
    "gamma": ("p ~ x + (1 | g)", "gamma(log)", {}),
    "lognormal": ("p ~ x + (1 | g)", "lognormal", {}),
}


def _model(name: str) -> tuple[hl.Model, Problem]:
    formula, family, priors = MODELS[name]
    model = hl.Model(formula, frame(), family, priors=priors, parameterization="noncentered")
    return model, REDUCTION.apply(model)


def _cbpp() -> tuple[hl.Model, Problem]:
    model = hl.Model("incidence | trials(size) ~ period + (1 | herd)", hl.load_data("cbpp"), "binomial")
    return model, REDUCTION.apply(model)


def _with_nodes(data: np.ndarray, nodes: int) -> np.ndarray:
    points, log_weights = gauss_hermite(nodes)
    return replaced(data, {NODES: points, LOG_WEIGHTS: log_weights})


def _along(model: hl.Model, problem: Problem, zeta: np.ndarray) -> tuple[Any, np.ndarray, float]:
    """Natural values, (J, z) log densities of the graph with one standardised effect at z, and that with none."""
    data, place, (group,) = problem.data, problem.place, model.groups
    n, at = natural(data, zeta[: len(parameters(data).centre)]), levels(data)
    b = place.means.copy()
    b[place.free] += at.centre + at.axes @ zeta[len(parameters(data).centre) :]
    graph, J = graph_density(model), len(model.groups[group][0].levels)

    def density(effects: np.ndarray) -> float:
        also = {names.sd(group): n.sds[-1:], names.offset_effects(group, 0): effects[:, None]}
        return graph(point(model, place, n, {"b": b}, also))

    found = np.array([[density(z * unit) for z in Z] for unit in np.eye(J)])
    return n, found, density(np.zeros(J))


@pytest.mark.parametrize("name", MODELS)
def test_the_density_is_the_graphs_integrated(name: str) -> None:
    """log p(y, ζ), constants and Jacobians of ζ included, 1e-6: given the rest levels are independent."""
    model, problem = _model(name)
    assert plan(model).chosen.name == "integrated effects"
    for seed, scale in enumerate(SCALES):
        fine = replace(problem, data=_with_nodes(rescaled(problem.data, scale), 61))
        zeta = np.random.default_rng([4, seed]).normal(0.1, 0.7, problem.dimension)
        n, along, at_zero = _along(model, fine, zeta)
        wanted = at_zero + (logsumexp(along - at_zero, axis=1) + np.log(Z[1] - Z[0])).sum()
        wanted += n.log_jacobian + of_axes(fine.data)
        wanted += np.linalg.slogdet(levels(fine.data).axes)[1] if len(problem.place.free) else 0.0
        found = fine.density(zeta, fine.data, np.zeros(0)) + REDUCTION.log_constant(model, fine)
        assert found == pytest.approx(wanted, abs=1e-6), scale
        check_gradient(fine.density, fine.data, zeta, tolerance=1e-5)


@pytest.mark.parametrize("name", ["poisson", "slope", "weights", "binomial", "gamma"])
def test_effects_are_drawn_from_their_conditional(name: str) -> None:
    """Given everything else: the graph's density along each effect; Kolmogorov–Smirnov, 1e-4 of all levels together."""
    model, problem = _model(name)
    zeta, size = np.full(problem.dimension, 0.3), 4000
    n, along, _ = _along(model, problem, zeta)
    (group,) = model.groups
    drawn = REDUCTION.recover(model, problem, np.tile(zeta, (2, size // 2, 1)), 1)[names.effects(group)].to_numpy()
    z = drawn.reshape(size, -1) / n.sds[-1]
    below = np.cumsum(np.exp(along - along.max(axis=1, keepdims=True)), axis=1)
    uniform = [np.interp(z[:, j], Z + (Z[1] - Z[0]) / 2, row / row[-1]) for j, row in enumerate(below)]
    assert min(stats.kstest(u, "uniform").pvalue for u in uniform) > 1e-4 / len(uniform)
    assert np.abs(np.corrcoef(z.T) - np.eye(len(along))).max() < 5.0 / np.sqrt(size)


def test_effects_that_are_asked_for_one_by_one_are_those_of_all() -> None:
    model, problem = _model("poisson")
    zetas = np.random.default_rng(0).normal(size=(2, 50, problem.dimension))
    one, every = (REDUCTION.recover(model, problem, zetas, 1)["r_g"] for _ in range(2))
    every = every.load()
    for j in range(6):
        np.testing.assert_array_equal(one[:, :, j], every[:, :, j])


def _uneven(seed: int = 3) -> dict[str, Any]:
    """Levels of 1 to 300 rows, one of them all zeros."""
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(9), [1, 2, 4, 5, 8, 9, 17, 40, 300])
    y = rng.poisson(np.exp(1.0 + 0.5 * rng.normal(size=9)[g]))
    labels = np.array([f"g{i}" for i in g])
    return {"g": labels, "y": np.where(g == 4, 0, y), "x": np.linspace(-1.0, 1.0, len(g))}


@pytest.mark.parametrize("formula", ["y ~ 1 + (1 | g)", "y ~ x + (1 | g)"])
def test_levels_of_any_size(formula: str) -> None:
    """Rows that fill levels up have no weight, and rows that are alike are joined: SciPy's integrals of all rows."""
    table, fine = _uneven(), np.linspace(-9.0, 9.0, 4001)
    model = hl.Model(formula, table, "poisson")
    problem = REDUCTION.apply(model)
    data, off = _with_nodes(problem.data, 61), []
    for seed in range(4):
        zeta = np.random.default_rng([5, seed]).normal(0.0, 0.7, problem.dimension)
        n, at = natural(data, zeta[:1]), levels(data)
        b = problem.place.means + at.centre + at.axes @ zeta[1:]
        eta = model.predictors[0].X @ b
        terms = stats.poisson.logpmf(table["y"][:, None], np.exp(eta[:, None] + n.sds[0] * fine))
        by_level = np.array([terms[table["g"] == g].sum(axis=0) for g in np.unique(table["g"])])
        wanted = logsumexp(by_level + stats.norm.logpdf(fine), axis=1).sum() + n.log_jacobian
        priors = [a.prior for v in ("b", "sd_g") for a in model.assignments if a.variable == v]
        wanted += sum(p.log_density(v) for p, v in zip(priors, [*b, n.sds[0]], strict=True))
        off.append(problem.density(zeta, data, np.zeros(0)) - wanted)
    np.testing.assert_allclose(off, off[0], atol=1e-6)


def test_few_nodes_where_few_will_do() -> None:
    assert nodes_of(_model("poisson")[1].data) <= 9


def test_draws_that_reach_further_get_more_nodes() -> None:
    model, problem = _cbpp()
    zetas = np.random.default_rng(2).normal(size=(2, 50, problem.dimension))
    assert REDUCTION.mend(model, problem, zetas) is None
    rough = replace(problem, data=_with_nodes(problem.data, 1))
    mended = REDUCTION.mend(model, rough, zetas)
    assert mended is not None
    assert inexactness(mended.density, mended.data, zetas[0]) < 0.02
    assert nodes_of(mended.data) > 1


def test_effects_are_sampled_where_no_nodes_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then all is as with whitened effects."""
    model, right = _cbpp()
    rough = replace(right, data=_with_nodes(right.data, 1))
    monkeypatch.setattr(quadrature, "CANDIDATES", ())
    zetas = np.random.default_rng(2).normal(size=(2, 50, right.dimension))
    for problem in (REDUCTION.apply(model), REDUCTION.mend(model, rough, zetas)):
        assert problem is not None
        assert problem.place.groups == ("herd",)
        assert problem.dimension == right.dimension + 15
        some = np.zeros((1, 2, problem.dimension))
        assert REDUCTION.recover(model, problem, some, 1)["r_herd"].shape == (1, 2, 15, 1)
        assert REDUCTION.mend(model, problem, some) is None
        assert np.isfinite(REDUCTION.log_constant(model, problem))


@pytest.mark.parametrize(
    ("formula", "family", "reason"),
    [
        ("k ~ x + (x | g)", "poisson", "more than one effect"),
        ("k ~ x + (1 | g) + (1 | h)", "poisson", "several groupings"),
        ("k ~ x", "poisson", "no grouping"),
        ("k ~ x + (1 | u)", "poisson", "one effect a row"),
        ("y ~ x + (1 | g)", "student_t", "log-concave"),
        ("k ~ x + known(1 | g, K)", "poisson", "related"),
        ("k ~ f * x * w + (1 | g)", "poisson", "13 numbers"),
        ("k ~ x + s(w, k=5) + (1 | g)", "poisson", "smooths"),
        (["p ~ x + (1 | g)", "shape ~ x"], "gamma", "formula of its own"),
    ],
)
def test_what_it_refuses(formula: str | list[str], family: str, reason: str) -> None:
    table = frame()
    model = hl.Model(formula, table, family, matrices={"K": _matrix(table["g"])} if "K)" in formula else None)
    verdicts = dict(plan(model).verdicts)
    assert not verdicts["integrated effects"].accepted
    assert reason in verdicts["integrated effects"].reason


def _matrix(labels: np.ndarray) -> Any:
    import pandas as pd

    own = np.unique(labels)
    return pd.DataFrame(0.5 * np.eye(len(own)) + 0.5, own, own)


def test_a_fit_is_that_of_whitened_effects() -> None:
    """cbpp both ways: means within five Monte-Carlo errors, sds within a tenth; effects are drawn when they are looked at."""
    model, _ = _cbpp()
    fit = model.fit(seed=1, progress=False)
    assert fit.provenance["plan"] == "integrated effects"
    assert fit.provenance["sampler"] == "independence"
    other = model.fit(seed=1, reduce=True, sampler="nutpie", progress=False)
    for name in ("b", "sd_herd", "r_herd"):
        ours, theirs = (f.posterior[name].stack(s=("chain", "draw")).to_numpy() for f in (fit, other))
        sd = theirs.std(axis=-1)
        np.testing.assert_allclose(ours.std(axis=-1), sd, rtol=0.1)
        assert np.all(np.abs(ours.mean(axis=-1) - theirs.mean(axis=-1)) < 5.0 * sd * np.sqrt(2.0 / 1000.0))


def test_extremes() -> None:
    """Separated groups, huge counts and a standard deviation of zero: a density, or −∞, and never NaN."""
    table = {"g": np.repeat(["a", "b", "c"], 6), "y": np.repeat([0, 1, 1], 6), "k": np.repeat([0, 10**9, 3], 6)}
    for left, family in (("y", "bernoulli"), ("k", "poisson")):
        model = hl.Model(f"{left} ~ 1 + (1 | g)", table, family)
        problem = REDUCTION.apply(model)
        for scale in SCALES:
            data = rescaled(problem.data, scale)
            for zeta in (np.zeros(2), np.full(2, 30.0), np.full(2, -30.0), np.array([0.0, 1e6])):
                value, gradient = problem.density(zeta, data, slopes := np.zeros(2)), slopes
                assert value == -np.inf or (np.isfinite(value) and np.isfinite(gradient).all())
