"""Averages over the population of groups against brute force, for all kinds of families and structures of effects.

Brute force is the mean of :func:`hierlm.predict` over thousands of new levels, whose effects are drawn.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import norm

import hierlm as hl
from hierlm.posterior import comparisons, predict, predictions
from tests.synthetic import synthetic_fit
from tests.unit.graph import test_structured as structured
from tests.unit.posterior.effects.test_targets import table
from tests.unit.posterior.random_points import fit_of_points

MANY = 3000
SMALL = {"sd_g": [0.5]}


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    made = table()
    made["u"] = rng.uniform(0.1, 0.9, len(made))
    made["w"] = rng.uniform(0.5, 2, len(made))
    made["expo"] = rng.uniform(1, 5, len(made))
    made["c0"] = np.where(np.arange(len(made)) % 5 == 0, 0, made["c"])
    made["p0"] = np.where(np.arange(len(made)) % 5 == 0, 0.0, made["p"])
    made["o"] = pd.Categorical(np.resize(["low", "mid", "high"], len(made)), ["low", "mid", "high"], ordered=True)
    return made


MODELS: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "negbinomial": ("c ~ x + (1 | g)", {"family": "negbinomial"}, SMALL),
    "beta": ("u ~ x + (x | g)", {"family": "beta"}, {}),
    "weights and offset": ("c | weights(w) ~ x + offset(log(expo)) + (1 | g)", {"family": "poisson"}, SMALL),
    "zero-inflated": (["c0 ~ x + (1 | g)", "zi ~ x + (1 | g)"], {"family": "zero_inflated_poisson"}, {"sd_g": 0.5}),
    "zero-inflated, one covariance": (
        ["c0 ~ x + (1 | a | g)", "zi ~ x + (1 | a | g)"], {"family": "zero_inflated_poisson"}, {"sd_g": 0.5},
    ),
    "hurdle": (["p0 ~ x + (1 | g)", "hu ~ (1 | g)"], {"family": "hurdle_gamma"}, {"sd_g": 0.4}),
    "truncated": ("n ~ x + (1 | g)", {"family": "truncated_poisson"}, SMALL),
    "ordinal": ("o ~ x + (x | g)", {"family": "cumulative"}, {}),
    "ordinal, two parameters": (["o ~ x + (1 | g)", "disc ~ (1 | g)"], {"family": "cumulative"}, {"sd_g": 0.4}),
    "smooth": ("c ~ s(x, k=5) + (1 | g)", {"family": "poisson"}, {"sd_g": 0.4}),
    "lognormal, variance function": (["p ~ x + (1 | g)", "sigma ~ varIdent(f)"], {"family": "lognormal"}, SMALL),
    "several responses": (["y ~ x + (1 | a | g)", "c ~ x + (1 | a | g)"], {"family": ["gaussian", "poisson"]}, {}),
    "a slope without an intercept": ("c ~ f + (0 + f | g)", {"family": "poisson"}, {"sd_g": 0.4}),
}  # fmt: skip


def agree(made: hl.Fit, new: pd.DataFrame, factors: dict[str, Any], **options: Any) -> None:
    """Quadrature and the mean over new levels agree within the error of the latter, in every draw and category."""
    found = predictions(made, new, target="population", **options).draws.to_numpy()
    found = found.reshape(found.shape[0] * found.shape[1], -1)
    rows = pd.concat([new] * MANY, ignore_index=True).assign(**factors)
    drawn = predict(made, rows, seed=3, **options).draws.to_numpy()
    drawn = drawn.reshape(len(found), MANY, -1)
    error = drawn.std(axis=1) / np.sqrt(MANY)
    assert np.abs((drawn.mean(axis=1) - found) / np.maximum(error, 1e-12)).max() < 5.0
    assert error.max() > 0


@pytest.mark.parametrize("name", MODELS)
def test_brute_force(name: str) -> None:
    formula, options, values = MODELS[name]
    data = frame()
    made = synthetic_fit(hl.Model(formula, data, **options), seed=5, chains=1, draws=6, values=values)
    new = data.iloc[[7]].drop(columns="g")
    several = {"response": "c"} if name == "several responses" else {}
    agree(made, new, {"g": [f"new {i}" for i in range(MANY)]}, **several)


STRUCTURES = {
    "ar1": ("y ~ x + ar1(0 + t | g)", None),
    "ante": ("y ~ x + ante(0 + t | g)", None),
    "rr": ("y ~ x + rr(0 + t | g, d=2)", None),
    "propto": ("y ~ x + propto(0 + t | g, K)", {"K": structured.K_TIMES}),
    "several terms": ("y ~ x + ante(0 + t | g) + (1 + x | g)", None),
    "one covariance a sub-population": ("y ~ x + (1 + x | gr(g, by=trt))", None),
}


def of_points(formula: str, matrices: Any) -> hl.Fit:
    """Random points of the model as draws."""
    data = structured.table()
    model = hl.Model(
        formula, data.assign(y=(data["y"] > data["y"].median()).astype(int)), "bernoulli", matrices=matrices
    )
    return fit_of_points(model, 1, 4)


@pytest.mark.parametrize("name", STRUCTURES)
def test_brute_force_of_structures(name: str) -> None:
    made = of_points(*STRUCTURES[name])
    for row in (3, 40):
        new = structured.table().iloc[[row]].drop(columns="g")
        agree(made, new, {"g": [f"new {i}" for i in range(MANY)]})


def bernoulli(eta: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """∫ expit(η + √v z) φ(z) dz by the trapezoidal rule, (sample,)."""
    z = np.linspace(-9, 9, 4001)
    return np.trapezoid(expit(eta[:, None] + np.sqrt(variance)[:, None] * z) * norm.pdf(z), z, axis=1)


RELATED = {
    "pedigree": ("y ~ x + (1 | gr(g, cov=A))", {"A": hl.pedigree(structured.PEDIGREE)}, "A = 1 (in the data 1 to 1."),
    "matrix": ("y ~ x + known(1 + x | g, K)", {"K": structured.K_LEVELS}, "K = 1 (in the data 0."),
    "tree": ("y ~ x + known(1 | g, T)", {"T": hl.phylogeny("(((g0:1,g1:1):1,g2:2):1,(g3:2,g4:2):1);")}, "T = 1\n"),
}


@pytest.mark.parametrize("name", RELATED)
def test_related_levels(name: str) -> None:
    """The level that is meant is related to no other and has K = 1; its effects have the covariance V."""
    formula, matrices, words = RELATED[name]
    made, x = of_points(formula, matrices), 0.6
    post = made.posterior
    b, sd = post["b"].to_numpy().reshape(-1, 2), post["sd_g"].to_numpy().reshape(4, -1)
    variance = sd[:, 0] ** 2
    if name == "matrix":
        rho = post["cor_g"].to_numpy().reshape(-1, 2, 2)[:, 0, 1]
        variance = variance + 2 * x * rho * sd[:, 0] * sd[:, 1] + x**2 * sd[:, 1] ** 2
    found = predictions(made, grid={"x": [x]}, target="population")  # no column says which level
    np.testing.assert_allclose(found.draws.to_numpy().ravel(), bernoulli(b[:, 0] + x * b[:, 1], variance), atol=2e-6)
    assert f"A level of g related to no other, {words}" in repr(found)
    rows = structured.table().assign(x=x)
    for new in (rows, rows.assign(g="a stranger")):  # whoever the rows belong to
        same = predictions(made, new, by=True).draws.to_numpy()
        np.testing.assert_allclose(same, found.draws.to_numpy(), rtol=1e-6)
    with pytest.raises(hl.PredictionError, match="does not say how"):
        predictions(made, rows.assign(g="a stranger"), target="given")
    with pytest.raises(hl.PredictionError, match="does not say how"):
        predict(made, rows.assign(g="a stranger"))
    assert "related" not in repr(predictions(made, grid={"x": [x]}, target="typical"))


def test_members_that_are_numbers_are_two_new_levels() -> None:
    data = structured.table()
    numbers = {level: i for i, level in enumerate(structured.LEVELS)}
    data = data.assign(g=data["g"].map(numbers), h=data["h"].map(numbers), c=np.random.default_rng(1).poisson(3, 60))
    made = synthetic_fit(hl.Model("c ~ x + (1 | mm(g, h))", data, "poisson"), chains=1, draws=5)
    found = predictions(made, grid={"x": [0.0]}).draws.to_numpy().ravel()
    sd = made.posterior[next(v for v in made.posterior if str(v).startswith("sd_"))].to_numpy().ravel()
    np.testing.assert_allclose(found, np.exp(made.posterior["b"].to_numpy()[0, :, 0] + sd**2 / 4), rtol=1e-5)


def test_a_variance_function_of_the_fitted_mean_is_not_averaged_over() -> None:
    """Group effects enter σ through the mean there, beside the mean itself."""
    made = synthetic_fit(hl.Model(["p ~ x + (1 | g)", "sigma ~ varPower(fitted)"], frame(), "lognormal"), draws=5)
    with pytest.raises(hl.PredictionError, match="variance function of the fitted mean"):
        predictions(made)
    assert np.isfinite(predictions(made, grid={"x": [0.0]}, target="typical").table["mean"]).all()
    made = synthetic_fit(hl.Model(["p ~ x + (1 | g)", "sigma ~ varPower(fitted)"], frame()), draws=5)
    assert "whose mean is zero" in repr(predictions(made))
    with pytest.raises(hl.PredictionError, match="variance function of the fitted mean"):
        predictions(made, scale="link", parameter="sigma")


def test_standard_deviations_with_a_formula() -> None:
    """The population of groups like the row's own: brute force, and a closed form over the data."""
    data = frame().assign(z=np.repeat(np.linspace(-1, 1, 8), 6))
    formulas = ["c ~ x + (1 | g)", "sd(g) ~ z"]
    made = synthetic_fit(hl.Model(formulas, data, family="poisson"), chains=1, draws=6, values={"sd_g": 0.5})
    new = data.iloc[[7]].drop(columns="g").assign(z=0.7)
    agree(made, new, {"g": [f"new {i}" for i in range(MANY)]})
    post = made.posterior
    sd = 0.5 * np.exp(post["b_sd_g"].to_numpy().reshape(-1, 1) * data["z"].to_numpy())
    eta = post["b"].to_numpy().reshape(-1, 2) @ np.stack([np.ones(len(data)), data["x"]])
    exact = np.exp(eta + sd**2 / 2)
    np.testing.assert_allclose(predictions(made, by=False).draws.to_numpy()[0], exact, rtol=1e-5)
    np.testing.assert_allclose(predictions(made).draws.to_numpy()[0, :, 0], exact.mean(axis=1), rtol=1e-5)
    change = comparisons(made, {"z": (-1, 1)}, grid={"x": [0.0]})
    b, g = post["b"].to_numpy().reshape(-1, 2)[:, 0], post["b_sd_g"].to_numpy().reshape(-1)
    steep = np.exp(b + 0.125 * np.exp(2 * g)) - np.exp(b + 0.125 * np.exp(-2 * g))
    np.testing.assert_allclose(change.draws.to_numpy()[0, :, 0], steep, rtol=1e-5, atol=1e-7)
    with pytest.raises(hl.PredictionError, match="does not depend on 'z'"):
        comparisons(made, {"z": (-1, 1)}, target="typical")
    linear = synthetic_fit(hl.Model(["y ~ x + (1 | g)", "sd(g) ~ z"], data), draws=5)
    found = predictions(linear, grid={"x": [0.0]})
    np.testing.assert_allclose(found.draws.to_numpy(), linear.posterior["b"].sel(coef=["Intercept"]).to_numpy())


@pytest.mark.parametrize("same", [False, True])
def test_multi_membership(same: bool) -> None:
    """Weights count squared, and together where a level is named twice."""
    made = of_points("y ~ x + (1 | mm(g, h, weights=cbind(w1, w2)))", None)
    new = structured.table().iloc[[3]].drop(columns=["g", "h"])
    names = [f"new {i}" for i in range(MANY)]
    others = names if same else [f"other {i}" for i in range(MANY)]
    rows = pd.concat([new] * MANY, ignore_index=True).assign(g=names, h=others)
    drawn = predict(made, rows, seed=3).draws.to_numpy().reshape(-1, MANY)
    asked = rows.iloc[[0]] if same else new
    found = predictions(made, asked, target="population").draws.to_numpy().reshape(-1)
    assert np.abs((drawn.mean(axis=1) - found) / (drawn.std(axis=1) / np.sqrt(MANY))).max() < 5.0
    over = predictions(made, by=False).draws.to_numpy().mean(axis=-1)
    np.testing.assert_allclose(predictions(made).draws.to_numpy()[..., 0], over, rtol=1e-6)
