"""Densities at limits: huge shapes, predictors out of range, PyMC's own path."""

from __future__ import annotations

import warnings

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import special, stats

from hierlm.families import FAMILIES, Predicted
from hierlm.links import LINKS
from hierlm.testing.numbers import PYTHON, draws, value_and_gradient, values

N = {"trials": np.full(5, 12)}
COUNTS = np.array([0.0, 1.0, 3.0, 7.0, 12.0])
Y = {
    **dict.fromkeys(["poisson", "negbinomial", "negbinomial1", "binomial", "beta_binomial"], COUNTS),
    **dict.fromkeys(["gaussian", "student_t"], COUNTS - 4),
    **dict.fromkeys(["gamma", "inverse_gaussian", "exponential", "lognormal"], COUNTS + 0.5),
    "beta": (COUNTS + 1) / 14,
    "bernoulli": np.array([0.0, 1.0, 1.0, 0.0, 1.0]),
}


def natural(**parameters):
    return {name: Predicted(value, LINKS["identity"]) for name, value in parameters.items()}


def log_density(name, y, **parameters):
    family = FAMILIES[name]
    additions = N if family.requires else {}
    return values(lambda y: pm.logp(family.distribution(additions, **natural(**parameters)), y), y)


@pytest.mark.parametrize(
    ("name", "parameters", "limit"),
    [
        ("negbinomial", {"mu": 4.3, "shape": 1e14}, stats.poisson(4.3).logpmf),
        ("negbinomial1", {"mu": 4.3, "phi": 1e-14}, stats.poisson(4.3).logpmf),
        ("beta_binomial", {"mu": 0.3, "phi": 1e14}, stats.binom(12, 0.3).logpmf),
        ("student_t", {"mu": 1.0, "sigma": 3.0, "nu": 1e14}, stats.norm(1.0, 3.0).logpdf),
    ],
)
def test_a_huge_shape_is_the_simpler_family(name, parameters, limit):
    np.testing.assert_allclose(log_density(name, Y[name], **parameters), limit(Y[name]), rtol=1e-10)


def test_a_huge_shape_is_a_normal_density():
    shape, z = 1e14, np.array([-1.0, 0.0, 2.0])
    gamma = log_density("gamma", 5 * (1 + z / np.sqrt(shape)), mu=5.0, shape=shape)
    np.testing.assert_allclose(gamma, stats.norm.logpdf(z) + np.log(np.sqrt(shape) / 5), rtol=1e-6)
    sd = np.sqrt(0.3 * 0.7 / shape)
    beta = log_density("beta", 0.3 + z * sd, mu=0.3, phi=shape)
    np.testing.assert_allclose(beta, stats.norm.logpdf(z) - np.log(sd), rtol=1e-2)  # y itself has 1e-16/sd left


@pytest.mark.parametrize(
    ("name", "parameter"),
    [(n, p.name) for n, f in FAMILIES.items() for p in f.parameters[1:] if n not in ("gaussian", "lognormal")],
)
def test_shapes_and_precisions_at_the_end_of_the_world(name, parameter):
    family = FAMILIES[name]
    rest = {p.name: 0.4 if p.name == "mu" else 2.5 for p in family.parameters if p.name != parameter}
    additions = N if family.requires else {}

    def density(eta):
        given = {parameter: Predicted(eta[:, None], LINKS["log"])}
        return pm.logp(family.distribution(additions, **natural(**rest), **given), Y[name]).sum(axis=-1)

    value, slope = value_and_gradient(density, [-300.0, -100.0, 0.0, 100.0, 300.0])
    assert np.isfinite(value).all()
    assert np.isfinite(slope).all()


@pytest.mark.parametrize(
    ("name", "link", "eta"),
    [
        ("poisson", "identity", -0.5),
        ("poisson", "softplus", None),
        ("gamma", "inverse", -0.5),
        ("gamma", "identity", 0.0),
        ("inverse_gaussian", "inverse_squared", -0.5),
        ("exponential", "inverse", -2.0),
        ("binomial", "identity", 1.2),
        ("binomial", "identity", -0.2),
        ("bernoulli", "log", 0.3),
        ("beta", "identity", 1.5),
        ("beta_binomial", "log", 0.01),
        ("negbinomial", "identity", -1.0),
    ],
)
def test_a_predictor_out_of_range_has_density_zero(name, link, eta):
    family = FAMILIES[name]
    rest = natural(**{p.name: 2.0 for p in family.parameters[1:]})
    mu = Predicted(np.full(5, -3.0 if eta is None else eta), LINKS[link])
    additions = N if family.requires else {}
    found = values(lambda y: pm.logp(family.distribution(additions, mu=mu, **rest), y), Y[name])
    assert np.isfinite(found).all() if eta is None else (found == -np.inf).all()


@pytest.mark.parametrize(("link", "eta"), [("logit", 800.0), ("cloglog", 600.0), ("probit", 40.0)])
def test_a_certain_outcome_has_probability_one(link, eta):
    mu = Predicted(np.full(3, eta), LINKS[link])  # 0 · log 0 = 0
    found = values(lambda y: pm.logp(FAMILIES["bernoulli"].distribution({}, mu=mu), y), np.ones(3))
    assert found == pytest.approx(np.zeros(3), abs=1e-9)


def test_probit_far_out():
    mu = Predicted(np.array([-40.0]), LINKS["probit"])
    found = values(lambda y: pm.logp(FAMILIES["bernoulli"].distribution({}, mu=mu), y), [1.0])
    assert found == pytest.approx(special.log_ndtr(-40), rel=1e-12)


@pytest.mark.parametrize("dtype", ["int8", "int64", "float64", "bool"])
def test_the_type_of_the_data_does_not_matter(dtype):
    y = np.array([0, 1, 1, 0, 1], dtype=dtype)
    for name in ("bernoulli", "poisson", "binomial"):
        family = FAMILIES[name]
        additions = {"trials": np.array(3, dtype="int8")} if family.requires else {}
        variable = family.distribution(additions, **natural(mu=0.5))
        found = pytensor.function([], pm.logp(variable, pt.as_tensor(y)), mode=PYTHON)()
        exact = {"bernoulli": stats.bernoulli(0.5), "poisson": stats.poisson(0.5), "binomial": stats.binom(3, 0.5)}[
            name
        ]
        np.testing.assert_allclose(found, exact.logpmf(y.astype(int)), rtol=1e-12)


@pytest.mark.parametrize("name", FAMILIES)
def test_in_a_pymc_model(name):
    """Registered as an observed variable, the model's density is the sum of the family's."""
    family, y = FAMILIES[name], Y[name]
    x = np.linspace(-1, 1, 5)
    with pm.Model(coords={"obs": range(5)}) as model:
        slope = pm.Flat("slope")
        rest = natural(**{p.name: pm.Flat(p.name) for p in family.parameters[1:]})
        mu = Predicted(slope * x, LINKS[family.parameters[0].link])
        data = pm.Data("data", y.astype(int) if family.discrete else y, dims="obs")
        additions = {key: pm.Data(key, value, dims="obs") for key, value in N.items()} if family.requires else {}
        model.register_rv(family.distribution(additions, mu=mu, **rest), "y", observed=data, dims=("obs",))
    start = {"slope": np.array(0.3)} | {p.name: np.array(2.5) for p in family.parameters[1:]}
    found = model.compile_logp(mode="FAST_COMPILE")(start)
    value = values(LINKS[family.parameters[0].link].inverse, 0.3 * x)
    expected = log_density(name, y, mu=value, **{p.name: 2.5 for p in family.parameters[1:]}).sum()
    assert found == pytest.approx(expected, rel=1e-9)


def test_draws_follow_their_seed():
    family = FAMILIES["negbinomial"]
    first, again, other = (
        draws(lambda mu: family.distribution({}, **natural(mu=mu, shape=2.0)), np.full((3, 50), 6.0), seed=s)
        for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_beta_binomial_rows_have_a_probability_each():
    # one μ for all rows: the rows are overdispersed, not the whole table
    y = draws(
        lambda n: FAMILIES["beta_binomial"].distribution({"trials": n}, **natural(mu=0.5, phi=0.1)),
        np.full(400, 10.0),
        seed=1,
    )
    assert 3 < y.mean() < 7
    assert y.std() > 4


@pytest.mark.parametrize("name", ["poisson", "negbinomial", "negbinomial1"])
def test_huge_counts_are_drawn_without_an_error(name):
    family = FAMILIES[name]
    rest = natural(**{p.name: 2.0 for p in family.parameters[1:]})
    found = draws(lambda e: family.distribution({}, mu=Predicted(e, LINKS["log"]), **rest), [60.0, 1.0], seed=1)
    assert found[0] > 1e13
    assert 0 <= found[1] < 1000


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_numba_needs_no_python(name):
    """nutpie's backend: the same numbers, and no operation falls back to object mode."""
    family, y = FAMILIES[name], Y[name]
    eta = pt.vector("eta")
    rest = {p.name: pt.scalar(p.name) for p in family.parameters[1:]}
    mu = Predicted(eta, LINKS[family.parameters[0].link])
    variable = family.distribution(N if family.requires else {}, mu=mu, **natural(**rest))
    inputs = [eta, *rest.values()]
    value = pm.logp(variable, y.astype(int) if family.discrete else y).sum()
    at = [np.linspace(-1, 1, 5), *[np.array(1.7)] * len(rest)]
    results = []
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*object mode.*")
        for mode in ("NUMBA", PYTHON):
            results.append(pytensor.function(inputs, [value, *pytensor.grad(value, inputs)], mode=mode)(*at))
    for compiled, plain in zip(*results, strict=True):
        np.testing.assert_allclose(compiled, plain, rtol=1e-9)
