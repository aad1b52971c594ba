"""The joint density of every covariance structure, prior and left-hand addition against NumPy and SciPy."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
import pytest
from pytensor.graph.traversal import ancestors
from scipy import stats

import hierlm as hl
from hierlm.graph.evaluate import PYTHON

N, J = 45, 6
Values = dict[str, np.ndarray]


def table(seed: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "y": rng.normal(2.0, 3.0, N),
            "c": rng.poisson(3.0, N),
            "x": rng.normal(1.0, 2.0, N),
            "u": rng.uniform(-1, 2, N),
            "v": rng.normal(size=N),
            "g": rng.permuted(np.resize([f"g{i}" for i in range(J)], N)),
            "h": rng.permuted(np.resize(list("abcd"), N)),
            "w": rng.permuted(np.resize([1, 2, 3], N)),
            "e": rng.uniform(0.5, 2.0, N),
        }
    )


def random_point(graph: pm.Model, seed: int) -> Values:
    rng = np.random.default_rng(seed)
    return {k: v + rng.normal(0, 0.4, np.shape(v)) for k, v in graph.initial_point().items()}


@lru_cache(maxsize=4)
def compiled_values(graph: pm.Model) -> tuple[list[str], Any]:
    variables = [v for v in graph.unobserved_value_vars if not v.name.endswith("__")]
    return [v.name for v in variables], graph.compile_fn(variables, mode=PYTHON, on_unused_input="ignore")


@lru_cache(maxsize=4)
def compiled_density(graph: pm.Model, jacobian: bool) -> Any:
    return graph.compile_logp(jacobian=jacobian, mode=PYTHON)


def users_values(graph: pm.Model, point: Values) -> Values:
    """Every variable on its own scale."""
    names, function = compiled_values(graph)
    return {name: np.asarray(x) for name, x in zip(names, function(point), strict=True)}


def point_at(graph: pm.Model, values: Values) -> Values:
    """The point of the sampling space where the free variables have the given values."""
    point = {}
    for rv in graph.free_RVs:
        transform, value = graph.rvs_to_transforms[rv], np.asarray(values[rv.name], dtype=float)
        if transform is not None:
            value = transform.forward(pt.constant(value), *rv.owner.inputs).eval(mode=PYTHON)
        point[graph.rvs_to_values[rv].name] = value
    return point


def density(graph: pm.Model, point: Values, *, jacobian: bool = True) -> float:
    return float(compiled_density(graph, jacobian)(point))


def mean_by_hand(model: hl.Model, values: Values, parameter: str = "mu", response: int = 0) -> np.ndarray:
    name = model.responses[response].name
    p = next(q for q in model.predictors if (q.response, q.parameter) == (name, parameter))
    eta = p.offset + p.X @ values["b" if parameter == "mu" else f"b_{parameter}"][p.columns]
    for block in model.blocks:
        dense = np.eye(len(block.levels))[block.codes]
        for piece in block.pieces:
            if (piece.response, piece.parameter) == (name, parameter):
                for k, effect in enumerate(piece.effects):
                    eta = eta + (dense @ values[f"r_{block.group}"][:, block.columns[effect]]) * piece.Z[:, k]
    return eta


# --------------------------------------------------------------------------------------------- structures
def covariance(structure: str, sd: np.ndarray, R: np.ndarray, k: int) -> np.ndarray:
    """V from its definition: a homogeneous structure has one sd, an exchangeable one correlation."""
    rho = R[0, 1] if k > 1 else 0.0
    ones = np.ones((k, k))
    return {
        "us": lambda: np.diag(sd) @ R @ np.diag(sd),
        "idh": lambda: np.diag(sd**2),
        "idv": lambda: sd[0] ** 2 * np.eye(k),
        "corh": lambda: rho * np.outer(sd, sd) + (1 - rho) * np.diag(sd**2),
        "corv": lambda: sd[0] ** 2 * (rho * ones + (1 - rho) * np.eye(k)),
        "cor": lambda: R,
    }[structure]()


OWN_SDS = {
    "us": lambda k: k,
    "idh": lambda k: k,
    "idv": lambda k: 1,
    "corh": lambda k: k,
    "corv": lambda k: 1,
    "cor": lambda k: 0,
}
CORRELATED = ("us", "corh", "corv", "cor")
ETA, SLOPE, SD, SIGMA = 2.5, stats.norm(0.3, 2.0), stats.gamma(2.0, scale=1 / 0.7), stats.halfcauchy(scale=1.5)
PRIORS = {
    "b": hl.Prior("Normal", mu=0.3, sigma=2.0),
    "b[Intercept]": hl.Prior("Normal", mu=1.0, sigma=4.0),
    "sigma": hl.Prior("HalfCauchy", beta=1.5),
}


def structured(structure: str, parameterization: str, k: int) -> hl.Model:
    priors: dict[str, Any] = dict(PRIORS)
    if OWN_SDS[structure](k):
        priors["sd_g"] = hl.Prior("Gamma", alpha=2, beta=0.7)
    if k > 1 and structure in CORRELATED:
        priors["cor_g"] = hl.LKJ(ETA)
    effects = " + ".join(["x", "u", "v"][:k])
    text = f"y ~ x + u + {structure}(0 + {effects} | g)"
    return hl.Model(text, table(), parameterization=parameterization, priors=priors)


def expected_density(model: hl.Model, values: Values, structure: str, k: int) -> float:
    """log p(y, b, r, sd, R, σ) up to a constant; non-centred, of z = L⁻¹ r in place of r."""
    total = stats.norm(mean_by_hand(model, values), values["sigma"]).logpdf(model.responses[0].y).sum()
    total += stats.norm(1.0, 4.0).logpdf(values["b"][0]) + SLOPE.logpdf(values["b"][1:]).sum()
    total += SIGMA.logpdf(values["sigma"])
    sd, R = values.get("sd_g", np.ones(k)), values.get("cor_g", np.eye(k))
    total += SD.logpdf(sd[: OWN_SDS[structure](k)]).sum()
    if k > 1 and structure in CORRELATED:
        total += (ETA - 1) * np.linalg.slogdet(R)[1]
        if k > 2 and structure in ("us", "cor"):  # sampled as the Cholesky factor: |∂R/∂C| = Π C_ii^(k−i)
            total += (np.arange(k - 1, -1, -1) * np.log(np.diag(np.linalg.cholesky(R)))).sum()
    V = covariance(structure, sd, R, k)
    r = values["r_g"]
    total += stats.multivariate_normal(np.zeros(k), V).logpdf(r).sum()
    if not model.blocks[0].centred:
        total += len(r) * np.linalg.slogdet(V)[1] / 2
    return float(total)


CASES = [(s, p, k) for s in OWN_SDS for p in ("centered", "noncentered") for k in (1, 2, 3)]


@pytest.mark.parametrize(("structure", "parameterization", "k"), CASES)
def test_joint_density(structure: str, parameterization: str, k: int) -> None:
    model = structured(structure, parameterization, k)
    graph = model.pymc
    variables = [v for v in graph.unobserved_value_vars if not v.name.endswith("__")]
    both = graph.compile_fn([*variables, graph.logp(jacobian=False)], mode=PYTHON)
    differences, sizes = [], []
    for seed in range(4):
        *found, logp = both(random_point(graph, seed))
        values = {v.name: np.asarray(x) for v, x in zip(variables, found, strict=True)}
        sd = values.get("sd_g")
        assert (sd is None) == (OWN_SDS[structure](k) == 0)
        if OWN_SDS[structure](k) == 1:
            assert np.ptp(sd) == 0
        if structure in ("corh", "corv") and k == 3:
            assert np.ptp(values["cor_g"][np.tril_indices(3, -1)]) < 1e-12
        expected = expected_density(model, values, structure, k)
        differences.append(float(logp) - expected)
        sizes.append(expected)
    assert np.ptp(sizes) > 1.0  # the points differ
    assert np.ptp(differences) < 1e-8
    if k == 1 or structure not in CORRELATED:  # nothing there is known up to a constant only
        assert abs(differences[0]) < 1e-8


SLOW = [pytest.param(*c, marks=pytest.mark.slow) if c[1] == "noncentered" else c for c in CASES if c[2] == 3]


@pytest.mark.parametrize(("structure", "parameterization", "k"), SLOW)
def test_gradient(structure: str, parameterization: str, k: int) -> None:
    graph = structured(structure, parameterization, k).pymc
    point = random_point(graph, 7)
    names = [v.name for v in graph.value_vars]
    gradient = np.asarray(graph.compile_dlogp(mode=PYTHON)(point))
    logp = graph.compile_logp(mode=PYTHON)
    sizes = [np.size(point[n]) for n in names]
    flat = np.concatenate([np.ravel(point[n]) for n in names])
    assert len(gradient) == len(flat)

    def at(x: np.ndarray) -> float:
        parts = np.split(x, np.cumsum(sizes)[:-1])
        return float(logp({n: p.reshape(np.shape(point[n])) for n, p in zip(names, parts, strict=True)}))

    h = 1e-5
    numeric = np.array([(at(flat + h * e) - at(flat - h * e)) / (2 * h) for e in np.eye(len(flat))])
    np.testing.assert_allclose(gradient, numeric, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("structure", OWN_SDS)
def test_the_jacobian_is_that_of_the_map(structure: str) -> None:
    """With and without it the densities differ by log |∂(user's values)/∂(sampled values)|, numerically."""
    graph = structured(structure, "noncentered", 2).pymc
    point = random_point(graph, 3)
    free = [rv for rv in graph.free_RVs if graph.rvs_to_transforms[rv] is not None]
    names = [graph.rvs_to_values[rv].name for rv in free]
    outputs = graph.compile_fn(
        graph.replace_rvs_by_values(free), mode=PYTHON, on_unused_input="ignore", inputs=graph.value_vars
    )
    sizes = [np.size(point[n]) for n in names]
    flat = np.concatenate([np.ravel(point[n]) for n in names])

    def image(x: np.ndarray) -> np.ndarray:
        parts = np.split(x, np.cumsum(sizes)[:-1])
        moved = point | {n: p.reshape(np.shape(point[n])) for n, p in zip(names, parts, strict=True)}
        return np.concatenate([np.ravel(v) for v in outputs(moved)])

    h = 1e-6
    jacobian = np.column_stack([(image(flat + h * e) - image(flat - h * e)) / (2 * h) for e in np.eye(len(flat))])
    difference = density(graph, point) - density(graph, point, jacobian=False)
    assert difference == pytest.approx(np.linalg.slogdet(jacobian)[1], abs=1e-6)


# --------------------------------------------------------------------------------------------- priors
MIXED: dict[str, Any] = {
    "b[Intercept]": hl.Prior("Cauchy", alpha=1, beta=4),
    "b[x]": hl.Prior("Laplace", mu=0.5, b=2),
    "b[u]": hl.Prior("StudentT", nu=4, mu=0, sigma=3),
    "sd_g[Intercept]": hl.Prior("Exponential", lam=0.5),
    "sd_g[x]": hl.Prior("Gamma", alpha=2, beta=1, on="precision"),
    "sd_h": hl.Prior("InverseGamma", alpha=3, beta=2, on="variance"),
    "cor_g": hl.Prior("Uniform", lower=-0.9, upper=0.95),
    "b_sigma[Intercept]": hl.Prior("Normal", mu=0.2, sigma=1.5),
    "b_sigma[v]": hl.Prior("Logistic", mu=0, s=0.7),
    "nu": hl.Prior("Gamma", alpha=2, beta=0.1),
}


@pytest.mark.parametrize("parameterization", ["centered", "noncentered"])
def test_every_given_prior_is_used_once(parameterization: str) -> None:
    formula = ["y ~ x + u + (x | g)", "sigma ~ v + (1 | h)"]
    model = hl.Model(formula, table(), "student_t", priors=MIXED, parameterization=parameterization)
    assert {a.source for a in model.assignments} == set(MIXED)
    graph = model.pymc
    logp = graph.compile_logp(jacobian=False, mode=PYTHON)
    for seed in range(3):
        point = random_point(graph, seed)
        v = users_values(graph, point)
        (b0, bx, bu), (s0, sv), (g0, gx), h = v["b"], v["b_sigma"], v["sd_g"], v["sd_h"][0]
        rho = v["cor_g"][0, 1]
        expected = (
            stats.cauchy(1, 4).logpdf(b0)
            + stats.laplace(0.5, 2).logpdf(bx)
            + stats.t(4, 0, 3).logpdf(bu)
            + stats.expon(scale=2).logpdf(g0)
            + stats.gamma(2).logpdf(gx**-2)
            + stats.invgamma(3, scale=2).logpdf(h**2)
            + stats.uniform(-0.9, 1.85).logpdf(rho)
            + stats.norm(0.2, 1.5).logpdf(s0)
            + stats.logistic(0, 0.7).logpdf(sv)
            + stats.gamma(2, scale=10).logpdf(v["nu"])
        )
        sigma = np.exp(mean_by_hand(model, v, "sigma"))
        expected += stats.t(v["nu"], mean_by_hand(model, v), sigma).logpdf(model.responses[0].y).sum()
        V = np.array([[g0**2, rho * g0 * gx], [rho * g0 * gx, gx**2]])
        expected += stats.multivariate_normal(np.zeros(2), V).logpdf(v["r_g"]).sum()
        expected += stats.norm(0, h).logpdf(v["r_h"]).sum()
        if parameterization == "noncentered":
            expected += J * np.linalg.slogdet(V)[1] / 2 + 4 * np.log(h)
        assert float(logp(point)) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("parameterization", ["centered", "noncentered"])
def test_fixed_parameters_are_constants(parameterization: str) -> None:
    fixed = {"b[x]": 0.5, "sd_g[x]": 0.8, "sigma": 2.0}
    model = hl.Model("y ~ x + u + (x || g)", table(), priors=fixed, parameterization=parameterization)
    graph = model.pymc
    for seed in range(2):
        v = users_values(graph, random_point(graph, seed))
        assert v["b"][1] == 0.5
        assert v["sd_g"][1] == 0.8
    assert not any(name.startswith("sigma") for name in graph.initial_point())
    size = {n: np.size(x) for n, x in graph.initial_point().items()}
    assert sum(s for n, s in size.items() if n.startswith("b")) == 2
    assert sum(s for n, s in size.items() if n.startswith("sd_")) == 1


WIRED: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "plain": ("y ~ x", "gaussian", {}),
    "centred": ("y ~ x + (x | g)", "gaussian", {"parameterization": "centered"}),
    "noncentred": ("y ~ x + (x + u | g) + (1 | h)", "student_t", {"parameterization": "noncentered"}),
    "mixed": ("y ~ x + (x || g) + corh(0 + u + v | h)", "gaussian", {"parameterization": {"g": "centered"}}),
    "ids": (["y ~ x + (1 | p | g)", "sigma ~ u + (1 | p | g)"], "gaussian", {}),
    "two": (["y ~ x + (x | p | g)", "c ~ u + (1 | p | g)"], ["gaussian", "negbinomial"], {}),
    "priors": ("y ~ x + u + (x | g)", "student_t", {"priors": {"b[x]": hl.Prior("Flat"), "sd_g[x]": hl.Prior("HalfFlat")}}),
}  # fmt: skip


@pytest.mark.parametrize("case", WIRED)
def test_everything_free_leads_to_an_observation_and_everything_assigned_is_there(case: str) -> None:
    formula, family, options = WIRED[case]
    model = hl.Model(formula, table(), family, **options)
    graph = model.pymc
    observed = set(ancestors(graph.observed_RVs))
    assert [rv.name for rv in graph.free_RVs if rv not in observed] == []
    for assignment in model.assignments:
        variable = graph[assignment.variable]
        assert variable in observed or set(ancestors([variable])) & set(graph.free_RVs)
        if assignment.label is not None and assignment.kind != "correlation":
            (dim,) = graph.named_vars_to_dims[assignment.variable]
            assert {assignment.label, *assignment.also} <= set(graph.coords[dim])
    assert len(graph.observed_RVs) == len(model.responses)


# --------------------------------------------------------------------------------------------- left-hand additions
@pytest.mark.parametrize(
    ("response", "family"), [("y", "gaussian"), ("y", "student_t"), ("c", "poisson"), ("c", "negbinomial")]
)
def test_weights_are_repeated_rows(response: str, family: str) -> None:
    data = table()
    repeated = data.loc[data.index.repeat(data["w"])].reset_index(drop=True)
    priors = {
        "b": hl.Prior("Normal", sigma=3),
        "b[Intercept]": hl.Prior("Normal", sigma=5),
        "sd_g": hl.Prior("HalfNormal", sigma=2),
    }
    priors |= {"sigma": hl.Prior("HalfNormal", sigma=3)} if response == "y" else {}
    priors |= {"nu": hl.Prior("Gamma", alpha=2, beta=0.1)} if family == "student_t" else {}
    priors |= {"shape": hl.Prior("Gamma", alpha=2, beta=1)} if family == "negbinomial" else {}
    options: dict[str, Any] = {"priors": priors, "parameterization": "noncentered"}
    a = hl.Model(f"{response} | weights(w) ~ x + (x || g)", data, family, **options).pymc
    b = hl.Model(f"{response} ~ x + (x || g)", repeated, family, **options).pymc
    for seed in range(3):
        point = random_point(a, seed)
        values = users_values(a, point)
        there = point_at(b, values)
        for name, value in users_values(b, there).items():
            np.testing.assert_allclose(value, values[name], rtol=1e-9, err_msg=name)
        assert density(a, point, jacobian=False) == pytest.approx(density(b, there, jacobian=False), rel=1e-10)


@pytest.mark.parametrize("sigma", [False, True])
@pytest.mark.parametrize("parameterization", ["centered", "noncentered"])
def test_known_standard_errors(sigma: bool, parameterization: str) -> None:
    """y_i ~ N(μ_i, s_i), or N(μ_i, √(s_i² + σ²))."""
    data = table()
    addition = "se(e, sigma=True)" if sigma else "se(e)"
    priors = {k: v for k, v in PRIORS.items() if k == "b[Intercept]" or (k == "sigma" and sigma)}
    priors["sd_g"] = hl.Prior("HalfNormal", sigma=2)
    model = hl.Model(f"y | {addition} ~ 1 + (1 | g)", data, priors=priors, parameterization=parameterization)
    graph = model.pymc
    for seed in range(3):
        point = random_point(graph, seed)
        v = users_values(graph, point)
        mu = v["b"][0] + pd.Series(v["r_g"][:, 0], index=sorted(set(data["g"])))[data["g"]].to_numpy()
        s, tau = data["e"].to_numpy(), v["sd_g"][0]
        expected = stats.norm(mu, np.hypot(s, v["sigma"]) if sigma else s).logpdf(data["y"]).sum()
        expected += stats.norm(1, 4).logpdf(v["b"][0]) + stats.halfnorm(scale=2).logpdf(tau)
        expected += (SIGMA.logpdf(v["sigma"]) if sigma else 0.0) + stats.norm(0, tau).logpdf(v["r_g"]).sum()
        expected += J * np.log(tau) if parameterization == "noncentered" else 0.0
        assert density(graph, point, jacobian=False) == pytest.approx(expected, rel=1e-10)


def test_responses_without_shared_effects_are_independent() -> None:
    """The density of a model of two responses is the sum of the two."""
    prior, tail = hl.Prior("Normal", sigma=4), hl.Prior("HalfNormal", sigma=2)
    common = {"b": prior, "sd_g": tail, "sd_h": tail}
    both = hl.Model(
        ["y ~ x + (x | g)", "c ~ u + (1 | h)"],
        table(),
        ["gaussian", "negbinomial"],
        priors=common | {"b[y:Intercept]": prior, "b[c:Intercept]": prior, "sigma": tail, "shape": tail},
        parameterization="centered",
    )
    alone = [
        hl.Model("y ~ x + (x | g)", table(), priors={"b": prior, "b[Intercept]": prior, "sd_g": tail, "sigma": tail}, parameterization="centered"),
        hl.Model("c ~ u + (1 | h)", table(), "negbinomial", priors={"b": prior, "b[Intercept]": prior, "sd_h": tail, "shape": tail}, parameterization="centered"),
    ]  # fmt: skip
    graph = both.pymc
    parts = [m.pymc for m in alone]
    for seed in range(3):
        points = [random_point(part, seed + i) for i, part in enumerate(parts)]
        first, second = (users_values(part, point) for part, point in zip(parts, points, strict=True))
        values = {**first, **second, "b": np.concatenate([first["b"], second["b"]])}
        values |= {"sigma": first["sigma"][None], "shape": second["shape"][None]}
        at = point_at(graph, values)
        for name, value in users_values(graph, at).items():
            np.testing.assert_allclose(value, values[name], rtol=1e-9, err_msg=name)
        total = sum(density(part, point, jacobian=False) for part, point in zip(parts, points, strict=True))
        assert density(graph, at, jacobian=False) == pytest.approx(total, rel=1e-10)
