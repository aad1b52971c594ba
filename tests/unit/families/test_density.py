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
    **dict.fromkeys(["zero_inflated_poisson", "zero_inflated_negbinomial", "zero_inflated_binomial"], COUNTS),
    **dict.fromkeys(["hurdle_poisson", "hurdle_negbinomial", "hurdle_gamma", "hurdle_lognormal"], COUNTS),
    **dict.fromkeys(["truncated_poisson", "truncated_negbinomial"], COUNTS + 1),
    "zero_one_inflated_beta": np.array([0.0, 0.1, 0.5, 0.9, 1.0]),
    **dict.fromkeys(["cumulative", "sratio", "cratio", "acat"], np.array([1.0, 3.0, 2.0, 4.0, 4.0])),
    **dict.fromkeys(["gaussian", "student_t"], COUNTS - 4),
    **dict.fromkeys(["gamma", "inverse_gaussian", "exponential", "lognormal"], COUNTS + 0.5),
    "beta": (COUNTS + 1) / 14,
    "bernoulli": np.array([0.0, 1.0, 1.0, 0.0, 1.0]),
}


ELEMENTS = {"thresholds": np.array([-1.0, 0.2, 1.5])}


def natural(**parameters):
    return {name: Predicted(value, LINKS["identity"]) for name, value in parameters.items()}


def some(family, parameter):
    """A value inside the parameter's range."""
    return 2.5 if np.isinf(parameter.upper) else 0.3


def elements(family):
    return natural(**{vector.name: ELEMENTS[vector.name] for vector in family.vectors})


def latent(family, mu):
    """A latent mean with its link, any other as it is."""
    first = family.parameters[0]
    return {"mu": Predicted(mu, LINKS[first.link])} if first.latent else natural(mu=mu)


def log_density(name, y, **parameters):
    family = FAMILIES[name]
    additions = N if family.requires else {}
    mu = latent(family, parameters.pop("mu"))
    given = mu | natural(**parameters) | elements(family)
    return values(lambda y: pm.logp(family.distribution(additions, **given), y), y)


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
    [
        (n, p.name)
        for n, f in FAMILIES.items()
        for p in f.parameters[1:]
        if n not in ("gaussian", "lognormal", "hurdle_lognormal") and np.isinf(p.upper)
    ],
)
def test_shapes_and_precisions_at_the_end_of_the_world(name, parameter):
    family = FAMILIES[name]
    rest = {p.name: some(family, p) for p in family.parameters[1:] if p.name != parameter}
    additions = N if family.requires else {}

    def density(eta):
        given = (
            latent(family, 0.4)
            | natural(**rest)
            | elements(family)
            | {parameter: Predicted(eta[:, None], LINKS["log"])}
        )
        in_order = {p.name: given.pop(p.name) for p in family.parameters} | given
        return pm.logp(family.distribution(additions, **in_order), Y[name]).sum(axis=-1)

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
        rest = natural(**{p.name: pm.Flat(p.name) for p in family.parameters[1:]}) | elements(family)
        mu = Predicted(slope * x, LINKS[family.parameters[0].link])
        data = pm.Data("data", y.astype(int) if family.discrete else y, dims="obs")
        additions = {key: pm.Data(key, value, dims="obs") for key, value in N.items()} if family.requires else {}
        model.register_rv(family.distribution(additions, mu=mu, **rest), "y", observed=data, dims=("obs",))
    others = {p.name: some(family, p) for p in family.parameters[1:]}
    start = {"slope": np.array(0.3)} | {parameter: np.array(value) for parameter, value in others.items()}
    found = model.compile_logp(mode="FAST_COMPILE")(start)
    first = family.parameters[0]
    value = 0.3 * x if first.latent else values(LINKS[first.link].inverse, 0.3 * x)
    expected = log_density(name, y, mu=value, **others).sum()
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
    tau = {vector.name: pt.vector(vector.name) for vector in family.vectors}
    variable = family.distribution(N if family.requires else {}, mu=mu, **natural(**rest), **natural(**tau))
    inputs = [eta, *rest.values(), *tau.values()]
    value = pm.logp(variable, y.astype(int) if family.discrete else y).sum()
    at = [np.linspace(-1, 1, 5), *(np.array(some(family, p) - 0.2) for p in family.parameters[1:])]
    at += [ELEMENTS[vector] for vector in tau]
    results = []
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*object mode.*")
        for mode in ("NUMBA", PYTHON):
            results.append(pytensor.function(inputs, [value, *pytensor.grad(value, inputs)], mode=mode)(*at))
    for compiled, plain in zip(*results, strict=True):
        np.testing.assert_allclose(compiled, plain, rtol=1e-9)
