"""Predictions against first principles, and against the PyMC graph that was sampled."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pymc as pm
import pytest
import xarray as xr
from hypothesis import given, settings, strategies as st

import hierlm as hl
from hierlm import names
from hierlm.fit.draws import user_variables
from hierlm.graph import build, build_graph
from hierlm.graph.evaluate import PYTHON
from hierlm.graph.hosting import hosting
from hierlm.posterior import log_likelihood, predict
from tests.synthetic import synthetic_fit

N = 60
FACTORS = {"g": ("g",), "h": ("h",), "g:h": ("g", "h"), "k:g": ("k", "g")}


def table() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    trials = rng.integers(3, 9, N)
    return pd.DataFrame(
        {
            "x": rng.normal(2.0, 1.0, N),
            "u": rng.uniform(-1, 1, N),
            "f": pd.Categorical(rng.permuted(np.resize(["b", "c", "a"], N)), categories=["c", "a", "b"]),
            "k": rng.permuted(np.resize(["no", "yes"], N)),
            "g": rng.permuted(np.resize(list("vwxyz"), N)),
            "h": pd.Categorical(rng.permuted(np.resize([10, 2, 33], N))),
            "n": trials,
            "w": rng.integers(1, 4, N),
            "e": rng.uniform(0.5, 2.0, N),
            "y": rng.normal(3.0, 2.0, N),
            "y2": rng.normal(-1.0, 1.0, N),
            "c": rng.poisson(4, N),
            "b": rng.permuted(np.resize([0, 1], N)),
            "s": rng.binomial(trials, 0.5),
            "p": rng.uniform(0.1, 0.9, N),
            "d": rng.gamma(2, size=N),
        }
    )


# --------------------------------------------------------------------------------------------- first principles
COMMON = ["x", "u", "f", "k", "x:u", "x*f", "f:k", "poly(x, 2)", "scale(u)", "offset(u)", "I(x**2)"]
BARS = ["(1 | {g})", "(x | {g})", "(x || {g})", "(0 + f | {g})", "idh(1 + x + u | {g})", "us(1 + x + u | {g})"]
BARS += ["corh(0 + f | {g})", "corv(0 + f | {g})", "idv(0 + f | {g})", "cor(0 + f | {g})", "(scale(u) | {g})"]
WHOLE = ["(1 | g/h)", "(x | g/h)", "(1 | units)", "(1 | g) + (1 | h)", "(x | id | g)"]
RESPONSES = [
    ("y", "gaussian"),
    ("y | weights(w)", "student_t"),
    ("y | se(e)", "gaussian"),
    ("c", "poisson"),
    ("c", "negbinomial"),
    ("b", "bernoulli"),
    ("s | trials(n)", "binomial"),
    ("p", "beta"),
    ("d", "gamma"),
    ("d", "lognormal"),
]


@st.composite
def formulas(draw: st.DrawFn) -> tuple[str, str]:
    response, family = draw(st.sampled_from(RESPONSES))
    terms = draw(st.lists(st.sampled_from(COMMON), max_size=3, unique=True))
    bars = [
        draw(st.sampled_from(BARS)).format(g=g)
        for g in draw(st.lists(st.sampled_from(sorted(FACTORS)), max_size=2, unique=True))
    ]
    bars = bars or [draw(st.sampled_from(WHOLE))]
    return f"{response} ~ {' + '.join([draw(st.sampled_from(['1', '1', '0'])), *terms, *bars])}", family


def made(formula: Any, family: Any, data: pd.DataFrame, **options: Any) -> hl.Model | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", hl.DataWarning)
        try:
            return hl.Model(formula, data, family, **options)
        except (hl.FormulaError, hl.ModelError, hl.DataError):
            return None  # columns that depend on each other, an effect given twice: refused with a reason


def eta_by_hand(fit: hl.Fit, data: pd.DataFrame, response: int = 0, parameter: str = "mu") -> np.ndarray:
    """Offset + X b + Σ D r, D the dense indicator of levels by their labels, shape (chain, draw, obs)."""
    model, posterior = fit.model, fit.posterior
    name = model.responses[response].name
    p = next(q for q in model.predictors if (q.response, q.parameter) == (name, parameter))
    eta = np.zeros((posterior.sizes["chain"], posterior.sizes["draw"], len(data))) + p.offset
    if p.labels:
        b = posterior[names.common(parameter)].sel({names.common_dim(parameter): list(p.labels)})
        eta = eta + np.einsum("cdp,np->cdn", b, p.X)
    for block in model.blocks:
        r = posterior[names.effects(block.group)]
        columns = [data[f].astype(str) for f in block.factors] if block.group != "units" else [pd.Series(data.index)]
        labels = columns[0].astype(str).str.cat(columns[1:], sep=":").to_numpy()
        levels = r[names.level_dim(block.group)].to_numpy()
        D = (labels[:, None] == levels).astype(float)
        assert (D.sum(axis=1) == 1).all()
        for piece in block.pieces:
            if (piece.response, piece.parameter) == (name, parameter):
                for k, e in enumerate(piece.effects):
                    values = r.sel({names.effect_dim(block.group): block.effects[e]}).transpose("chain", "draw", ...)
                    eta = eta + np.einsum("cdl,nl,n->cdn", values, D, piece.Z[:, k])
    return eta


@settings(max_examples=120)
@given(formulas(), st.integers(0, 2**16))
def test_fitted_values_are_those_of_first_principles(chosen: tuple[str, str], seed: int) -> None:
    data = table()
    model = made(*chosen, data)
    if model is None:
        return
    fit = synthetic_fit(model, seed=seed, chains=2, draws=3)
    expected = eta_by_hand(fit, data)
    np.testing.assert_allclose(predict(fit, kind="linear").draws, expected, rtol=1e-10, atol=1e-10)
    if "units" in chosen[0]:
        return  # every row of new data is a new unit
    rng = np.random.default_rng(seed)
    rows = rng.permutation(N)[: rng.integers(1, N + 1)]
    new = data.iloc[rows, rng.permutation(data.shape[1])]
    new = new.assign(  # levels in another order, or as text, or with others that no row has
        f=pd.Categorical(new["f"].astype(str), categories=rng.permutation(["a", "b", "c", "never"])),
        g=pd.Categorical(new["g"], categories=rng.permutation(list("uvwxyz"))),
        k=new["k"].astype(object),
    )
    there = predict(fit, new, kind="linear", new_levels="error").draws
    np.testing.assert_allclose(there, expected[..., rows], rtol=1e-10, atol=1e-10)
    mean = predict(fit, kind="mean").draws.to_numpy()
    np.testing.assert_array_equal(predict(fit, new, kind="mean", new_levels="error").draws, mean[..., rows])


# --------------------------------------------------------------------------------------------- the graph
NORMAL, CAUCHY = hl.Prior("Normal", mu=0, sigma=3), hl.Prior("Cauchy", alpha=0, beta=2)
GAMMA = hl.Prior("Gamma", alpha=2, beta=1, on="precision")
C, NC = {"parameterization": "centered"}, {"parameterization": "noncentered"}

GRAPHS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "hosted us of two": ("y ~ x + u + (x | g)", "gaussian", C),
    "noncentred us of two": ("y ~ x + u + (x | g)", "gaussian", NC),
    "hosted us of three": ("y ~ x + u + (x + u | g)", "gaussian", C),
    "us of three": ("y ~ x + (x + u | g)", "gaussian", NC),
    "hosted intercept of two groupings": ("y ~ x + (1 | g) + (1 | h)", "gaussian", C),
    "hosted slope alone": ("y ~ x + (0 + x | g) + (1 | h)", "gaussian", C),
    "slopes centred apart": ("y ~ x + u + (x || g)", "gaussian", C),
    "mixed": ("y ~ x + f + (x | g) + (1 | h)", "gaussian", {"parameterization": {"g": "centered", "h": "noncentered"}}),
    "mixed the other way": ("y ~ x + (x | g) + (x | h)", "student_t", {"parameterization": {"g": "noncentered", "h": "centered"}}),
    "hosted without intercept": ("y ~ 0 + x + u + (0 + x | g)", "gaussian", C),
    "hosted cell means": ("y ~ 0 + f + (0 + f | g)", "gaussian", C),
    "effects without a coefficient": ("y ~ 1 + (x | g)", "gaussian", C),
    "more than eight columns": ("y ~ x * f * k + (x | g)", "gaussian", C),
    "corh": ("y ~ f + corh(0 + f | g)", "gaussian", C),
    "corv": ("y ~ f + corv(0 + f | g)", "gaussian", NC),
    "cor": ("y ~ f + cor(0 + f | g)", "gaussian", C),
    "idv": ("y ~ f + idv(0 + f | g)", "gaussian", NC),
    "shared id over parameters": (["y ~ x + (1 | p | g)", "sigma ~ u + (1 | p | g)"], "gaussian", C),
    "shared id, noncentred": (["y ~ x + (x | p | g)", "sigma ~ u + (1 | p | g)"], "gaussian", NC),
    "hosted in sigma": (["y ~ x + (1 | g)", "sigma ~ u + (u | h)"], "gaussian", C),
    "two responses": (["y ~ x + (x | p | g)", "c ~ u + (1 | p | g) + (1 | h)"], ["gaussian", "poisson"], C),
    "two responses, own groups": (["y ~ x + (x | g)", "y2 ~ x + (u | h)"], "gaussian", C),
    "offset": ("c ~ x + offset(u) + (1 | g)", "poisson", C),
    "trials": ("s | trials(n) ~ x + (x | g)", "binomial", C),
    "weights": ("y | weights(w) ~ x + (1 | g)", "gaussian", NC),
    "se": ("y | se(e) ~ x + (1 | g)", "gaussian", C),
    "units": ("c ~ x + (1 | g) + (1 | units)", "poisson", C),
    "nested": ("y ~ x + (x | g/h)", "gaussian", C),
    "fixed coefficient": ("y ~ x + u + (x | g)", "gaussian", C | {"priors": {"b[x]": 1.5, "b[Intercept]": 2.0}}),
    "fixed sd": ("y ~ x + (x | g)", "gaussian", C | {"priors": {"sd_g": 0.7, "sigma": 1.2}}),
    "all fixed": ("y ~ x + (1 | g)", "gaussian", C | {"priors": {"b": 1.5, "b[Intercept]": 2.0, "sd_g": 0.5}}),
    "several priors": ("y ~ x + u + (x || g)", "gaussian", C | {"priors": {"b[x]": CAUCHY, "b[u]": NORMAL, "sd_g[x]": GAMMA}}),
    "flat": ("y ~ x + (x | g)", "gaussian", NC | {"priors": {"b": hl.Prior("Flat"), "b[Intercept]": hl.Prior("Flat")}}),
    "uniform slope": ("y ~ x + u + (x | g)", "gaussian", C | {"priors": {"b[x]": hl.Prior("Uniform", lower=-5, upper=5)}}),
    "no common effects": ("y ~ 0 + (1 | g)", "gaussian", C),
}  # fmt: skip
HOSTED = {
    "hosted us of two": 2, "hosted us of three": 3, "hosted intercept of two groupings": 1, "hosted slope alone": 2,
    "hosted without intercept": 1, "hosted cell means": 3, "hosted in sigma": 3, "noncentred us of two": 0,
    "effects without a coefficient": 1, "slopes centred apart": 2, "fixed coefficient": 2,
}  # fmt: skip


@pytest.mark.parametrize("case", GRAPHS)
def test_linear_predictors_are_those_of_the_graph(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a random point of the sampling space, whatever coordinates it has."""
    formula, family, options = GRAPHS[case]
    data = table()
    model = hl.Model(formula, data, family, **options)
    if case in HOSTED:  # else the test would not test what it says
        assert sum(map(len, hosting(model).columns.values())) == HOSTED[case]
    observe = build.observe

    def tell(response: Any, position: int, etas: Any, free: Any, *_: Any) -> None:
        for parameter, eta in etas.items():
            pm.Deterministic(f"eta {position} {parameter}", eta + np.zeros(N))
        observe(response, position, etas, free)

    monkeypatch.setattr(build, "observe", tell)
    graph = build_graph(model)
    rng = np.random.default_rng(3)
    point = {k: v + rng.normal(0, 0.4, np.shape(v)) for k, v in graph.initial_point().items()}
    variables, densities = graph.unobserved_value_vars, graph.logp(vars=graph.observed_RVs, sum=False)
    found = graph.compile_fn([*variables, *densities], mode=PYTHON, on_unused_input="ignore")(point)
    values = {v.name: np.asarray(x) for v, x in zip(variables, found, strict=False)}
    fit = one_draw(model, graph, values)
    for position, response in enumerate(model.responses):
        for parameter in response.links:
            eta = values[f"eta {position} {parameter}"]
            ours = predict(fit, kind="linear", response=response.name, parameter=parameter).draws[0, 0]
            np.testing.assert_allclose(ours, eta, rtol=1e-9, atol=1e-9)
            by_hand = eta_by_hand(fit, data, position, parameter)[0, 0]
            np.testing.assert_allclose(by_hand, eta, rtol=1e-9, atol=1e-9)
    # so is the likelihood, row by row
    pointwise = log_likelihood(fit)
    for position, (response, density) in enumerate(zip(model.responses, found[len(variables) :], strict=True)):
        name = names.response_variable(position, len(model.responses) > 1)
        weights = response.additions.get("weights", 1.0)
        np.testing.assert_allclose(pointwise[name][0, 0], density * weights, rtol=1e-9)


def one_draw(model: hl.Model, graph: pm.Model, values: dict[str, np.ndarray]) -> hl.Fit:
    """What a sampler at that point returns, through the same door."""
    arrays = {}
    for name, value in values.items():
        dims = graph.named_vars_to_dims.get(name) or tuple(f"{name}_{i}" for i in range(value.ndim))
        arrays[name] = (("chain", "draw", *dims), value[None, None])
    used = {d for dims, _ in arrays.values() for d in dims}
    coords = {d: list(c) for d, c in graph.coords.items() if d in used and c is not None}
    posterior = xr.Dataset(arrays, coords=coords | {"chain": [0], "draw": [0]})
    return hl.Fit(model, xr.DataTree.from_dict({"posterior": user_variables(posterior, model)}), {})
