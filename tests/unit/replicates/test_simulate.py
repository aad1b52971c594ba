"""Data drawn at known values: moments by closed forms, everything that a model has, and refusals."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import hierlm as hl
from hierlm.errors import ModelError, PriorError
from hierlm.model.respond import picklable, with_responses
from hierlm.replicates.simulate import check_simulable, from_prior, seeds, simulate
from hierlm.replicates.values import known_values, parameter_names

J, M = 1500, 4


def long_table(seed: int = 0) -> dict:
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(J), M)
    x = np.tile([-1.0, 0.0, 1.0, 2.0], J)
    return {"y": rng.normal(size=J * M), "x": x, "g": np.array([f"g{i:04d}" for i in g])}


def test_moments_of_a_normal_model_are_those_of_the_equations():
    model = hl.Model("y ~ x + (x | g)", long_table())
    values = {
        "b[Intercept]": 3.0, "b[x]": -1.0, "sd_g[Intercept]": 2.0, "sd_g[x]": 0.5, "cor_g[Intercept, x]": -0.6, "sigma": 0.7,
    }  # fmt: skip
    made = simulate(model, known_values(model, values), seed=1)
    y = made.model.responses[0].y.reshape(J, M)
    Z = np.column_stack([np.ones(M), [-1.0, 0.0, 1.0, 2.0]])
    V = Z @ np.array([[4.0, -0.6], [-0.6, 0.25]]) @ Z.T + 0.49 * np.eye(M)
    # standard errors of means and of covariances of J normal vectors; 5 of them, 14 numbers: fails once in 10⁵
    assert np.all(np.abs(y.mean(axis=0) - (3 - Z[:, 1])) < 5 * np.sqrt(np.diag(V) / J))
    error = np.sqrt((V**2 + np.outer(np.diag(V), np.diag(V))) / J)
    assert np.all(np.abs(np.cov(y.T) - V) < 5 * error)
    r = made.truth.posterior["r_g"].to_numpy()[0, 0]
    left = y - (3 - Z[:, 1]) - r @ Z.T
    assert abs(left.std() - 0.7) < 5 * 0.7 / np.sqrt(2 * left.size)


def test_sds_with_a_formula_scale_the_effects_of_each_level():
    table = long_table() | {"z": np.repeat(np.arange(J) % 2, M).astype(float)}
    model = hl.Model(["y ~ 1 + (1 | g)", "sd(g) ~ z"], table)
    values = dict.fromkeys(parameter_names(model), 1.0)
    made = simulate(model, known_values(model, values), seed=2)
    r = made.truth.posterior["r_g"].to_numpy()[0, 0, :, 0]
    for z, sd in ((0, 1.0), (1, np.e)):
        own = r[np.arange(J) % 2 == z]
        assert abs(own.std() - sd) < 5 * sd / np.sqrt(2 * len(own))


def test_related_levels_have_related_effects():
    ped = hl.pedigree({"animal": ["a", "b", "c", "d"], "sire": [None, None, "a", "a"], "dam": [None, None, "b", "b"]})
    rng = np.random.default_rng(3)
    data = {"y": rng.normal(size=8), "animal": np.repeat(["a", "b", "c", "d"], 2)}
    model = hl.Model("y ~ 1 + known(1 | animal, A)", data, matrices={"A": ped})
    given = known_values(model, {"b[Intercept]": 0, "sd_animal[Intercept]": 2, "sigma": 1})
    r = np.array([
        simulate(model, given, s).truth.posterior["r_animal"].to_numpy()[0, 0, :, 0] for s in range(400)
    ])  # fmt: skip
    A = np.array([[1, 0, 0.5, 0.5], [0, 1, 0.5, 0.5], [0.5, 0.5, 1, 0.5], [0.5, 0.5, 0.5, 1]])
    assert np.all(np.abs(np.cov(r.T) / 4 - A) < 5 * np.sqrt((A**2 + 1) / 400))


CASES = {
    "binomial": ("y | trials(n) ~ x + (1 | g)", "binomial", lambda y: (y >= 0) & (y <= 10)),
    "ordinal": ("c ~ x + (1 | g)", "cumulative", lambda y: np.isin(y, [1, 2, 3])),
    "zeros": ("y ~ x + (1 | g)", "hurdle_poisson", lambda y: (y >= 0) & (y == np.round(y))),
    "smooth": ("u ~ s(x) + (1 | g)", "gaussian", np.isfinite),
    "two": ("mvbind(u, w) ~ x + (1 |p| g)", "gaussian", np.isfinite),
    "structure": ("u ~ 0 + t + ar1(0 + t | g)", "gaussian", np.isfinite),
    "sigma": (["u ~ x + (1 | g)", "sigma ~ x"], "gaussian", np.isfinite),
}


@pytest.mark.parametrize("case", CASES)
def test_every_kind_of_model_is_drawn_from_and_refitted_in_its_support(case: str):
    formula, family, inside = CASES[case]
    rng = np.random.default_rng(4)
    n = 60
    data = {
        "y": rng.integers(0, 6, n), "n": np.full(n, 10), "c": np.resize(["lo", "mid", "up"], n), "u": rng.normal(size=n),
        "w": rng.normal(size=n), "x": rng.normal(size=n), "g": np.repeat(list("abcdef"), 10),
        "t": np.tile(list("pqrst"), 12),
    }  # fmt: skip
    if case == "ordinal":
        import pandas as pd

        data["c"] = pd.Categorical(data["c"], categories=["lo", "mid", "up"], ordered=True)
        data = pd.DataFrame(data)
    priors = {"b": hl.Prior("Normal", mu=0, sigma=0.3)} if case == "zeros" else {}
    model = hl.Model(formula, data, family, priors=priors)
    made = simulate(model, from_prior(model, 5), 6)
    for old, new in zip(model.responses, made.model.responses, strict=True):
        assert inside(new.y).all()
        assert not np.array_equal(old.y, new.y)
    # all draws that a fit has are there, so that truths can be compared with any of them
    wanted = {a.variable for a in model.assignments} | {f"r_{g}" for g in model.batches}
    assert wanted <= {*made.truth.posterior.data_vars}
    assert np.isfinite(made.truth.log_likelihood().to_array()).all()


def test_the_same_seeds_give_the_same_data_and_others_do_not():
    model = hl.Model("Reaction ~ Days + (Days | Subject)", hl.load_data("sleepstudy"))
    one, two = (simulate(model, from_prior(model, 1), 2).model.responses[0].y for _ in range(2))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, simulate(model, from_prior(model, 1), 3).model.responses[0].y)
    assert len({*seeds(1, 0, 5), *seeds(1, 1, 5)}) == 10


def test_weights_and_improper_priors_are_refused():
    data = {"y": [1.0, 2.0, 4.0, 3.0], "w": [1.0, 2.0, 3.0, 4.0]}
    with pytest.raises(ModelError, match="weights"):
        check_simulable(hl.Model("y | weights(w) ~ 1", data))
    check_simulable(hl.Model("y ~ 1", data, residual="ar1(w)"))
    flat = hl.Model("y ~ 1", data, priors={"b[Intercept]": hl.Prior("Flat")})
    check_simulable(flat)
    with pytest.raises(PriorError, match=r"b\[Intercept\] is improper"):
        check_simulable(flat, prior=True)


def test_a_model_with_other_responses_keeps_priors_and_forgets_the_old_values():
    data = {"y": [1.0, 2.0, 4.0, 3.0], "z": [1.0, 2.0, 4.0, 8.0], "g": list("aabb")}
    model = hl.Model("y ~ z + (1 | g)", data)
    model.pymc  # noqa: B018  built, and not to be used again
    other = with_responses(model, {"y": np.array([9.0, 8.0, 7.0, 6.0])})
    assert other.priors().equals(model.priors())
    assert other.data["y"].values.tolist() == [9.0, 8.0, 7.0, 6.0]
    assert other.pymc["y"] is not model.pymc["y"]
    assert model.responses[0].y.tolist() == [1.0, 2.0, 4.0, 3.0]
    transformed = hl.Model("log(z) ~ y", data)
    assert "z" not in with_responses(transformed, {"log(z)": np.zeros(4)}).data.columns
    with pytest.raises(ModelError, match="4 values of 'y'"):
        with_responses(model, {"y": np.zeros(3)})
    with pytest.raises(ModelError, match="4 values of 'y'"):
        with_responses(model, {})


def test_models_can_be_sent_to_other_processes():
    model = hl.Model("Reaction ~ Days + (Days | Subject)", hl.load_data("sleepstudy"))
    model.pymc  # noqa: B018
    sent = pickle.loads(pickle.dumps(picklable(model)))
    assert sent.priors().equals(model.priors())
    assert "pymc" not in vars(sent)
