"""Prior as a value, its densities against SciPy, and the variables it builds."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pymc as pm
import pytest
from hypothesis import given, strategies as st
from pymc.distributions.distribution import support_point
from pytensor.compile.mode import Mode
from scipy import stats

from hierlm.errors import PriorError
from hierlm.priors import LKJ, Fixed, Prior, positive_part, prior_from_json, stack
from hierlm.priors.distributions import DISTRIBUTIONS

PYTHON = Mode(linker="py", optimizer="fast_compile")

SCIPY = [
    (Prior("AsymmetricLaplace", kappa=2, mu=0.5, b=1.5), stats.laplace_asymmetric(2, 0.5, 1 / 1.5)),
    (Prior("Beta", alpha=2, beta=3), stats.beta(2, 3)),
    (Prior("Beta", mu=0.4, nu=5), stats.beta(2, 3)),
    (Prior("Beta", mu=0.4, sigma=0.2), stats.beta(2, 3)),
    (Prior("Cauchy", alpha=1, beta=2.5), stats.cauchy(1, 2.5)),
    (Prior("ChiSquared", nu=3), stats.chi2(3)),
    (Prior("ExGaussian", mu=0.3, sigma=0.7, nu=2), stats.exponnorm(2 / 0.7, 0.3, 0.7)),
    (Prior("Exponential", lam=0.4), stats.expon(scale=2.5)),
    (Prior("Exponential", scale=2.5), stats.expon(scale=2.5)),
    (Prior("Gamma", alpha=2, beta=0.1), stats.gamma(2, scale=10)),
    (Prior("Gamma", mu=4, sigma=2), stats.gamma(4, scale=1)),
    (Prior("Gumbel", mu=1, beta=2), stats.gumbel_r(1, 2)),
    (Prior("HalfCauchy", beta=2.5), stats.halfcauchy(scale=2.5)),
    (Prior("HalfNormal", sigma=2.5), stats.halfnorm(scale=2.5)),
    (Prior("HalfNormal", tau=4), stats.halfnorm(scale=0.5)),
    (Prior("InverseGamma", alpha=3, beta=2), stats.invgamma(3, scale=2)),
    (Prior("InverseGamma", mu=1, sigma=1), stats.invgamma(3, scale=2)),
    (Prior("Laplace", mu=1, b=2), stats.laplace(1, 2)),
    (Prior("LogNormal", mu=0.5, sigma=0.8), stats.lognorm(0.8, scale=np.exp(0.5))),
    (Prior("Logistic", mu=1, s=0.5), stats.logistic(1, 0.5)),
    (Prior("Moyal", mu=1, sigma=0.5), stats.moyal(1, 0.5)),
    (Prior("Normal", mu=1, sigma=2.5), stats.norm(1, 2.5)),
    (Prior("Normal", tau=0.25), stats.norm(0, 2)),
    (Prior("Pareto", alpha=3, m=0.5), stats.pareto(3, scale=0.5)),
    (Prior("Rice", nu=1, sigma=2), stats.rice(0.5, scale=2)),
    (Prior("SkewNormal", alpha=3, mu=1, sigma=2), stats.skewnorm(3, 1, 2)),
    (Prior("SkewStudentT", a=2, b=3, mu=1, sigma=2), stats.jf_skew_t(2, 3, 1, 2)),
    (Prior("StudentT", nu=3, mu=1, sigma=2.5), stats.t(3, 1, 2.5)),
    (Prior("StudentT", nu=3, lam=4), stats.t(3, 0, 0.5)),
    (Prior("Triangular", lower=-1, c=0.5, upper=2), stats.triang(0.5, -1, 3)),
    (Prior("TruncatedNormal", mu=1, sigma=2, lower=0), stats.truncnorm(-0.5, np.inf, 1, 2)),
    (Prior("TruncatedNormal", mu=1, sigma=2, lower=0, upper=3), stats.truncnorm(-0.5, 1, 1, 2)),
    (Prior("Uniform", lower=0, upper=100), stats.uniform(0, 100)),
    (Prior("VonMises", mu=0.5, kappa=2), stats.vonmises(2, 0.5)),
    (Prior("Wald", mu=2, lam=3), stats.invgauss(2 / 3, scale=3)),
    (Prior("Weibull", alpha=1.5, beta=2), stats.weibull_min(1.5, scale=2)),
]


@pytest.mark.parametrize(("prior", "reference"), SCIPY, ids=[repr(p) for p, _ in SCIPY])
def test_density_is_scipys(prior, reference):
    x = reference.ppf([0.01, 0.2, 0.5, 0.7, 0.99])
    np.testing.assert_allclose(prior.log_density(x), reference.logpdf(x), rtol=1e-7, atol=1e-7)
    lower, upper = prior.support
    if prior.name != "VonMises":  # SciPy's goes round and round
        assert (lower, upper) == pytest.approx(reference.support())
    outside = [e for e in (lower - 1, upper + 1) if np.isfinite(e)]
    assert (prior.log_density(np.array(outside)) == -np.inf).all()


def test_half_student_t_is_twice_the_student_t():
    x = np.array([0.1, 1.0, 20.0])
    expected = np.log(2) + stats.t(3, 0, 2.5).logpdf(x)
    np.testing.assert_allclose(Prior("HalfStudentT", nu=3, sigma=2.5).log_density(x), expected, rtol=1e-7)


def example(name: str, form: tuple[str, ...]) -> Prior:
    typical = {"real": 0.3, "positive": 0.7, "nonnegative": 0.5, "unit": 0.4}
    special = {"lower": -1.0, "c": 0.5, "upper": 2.0} | ({"sigma": 0.2} if name == "Beta" else {})
    domains = DISTRIBUTIONS[name].domains
    return Prior(name, **{a: special.get(a, typical[domains[a]]) for a in form})


EXAMPLES = [example(name, form) for name, d in DISTRIBUTIONS.items() for form in d.forms]


def total_mass(prior: Prior) -> float:
    """∫ p(x) dx by the trapezium rule in t, with x = sinh t, ±eᵗ from an end, or logistic between two ends."""
    lower, upper = prior.support
    t = np.linspace(-45, 45, 6001)
    if np.isinf(lower) and np.isinf(upper):
        x, jacobian = np.sinh(t), np.cosh(t)
    elif np.isinf(upper):
        x, jacobian = lower + np.exp(t), np.exp(t)
    elif np.isinf(lower):
        x, jacobian = upper - np.exp(t), np.exp(t)
    else:
        u = stats.logistic.cdf(t)
        x, jacobian = lower + (upper - lower) * u, (upper - lower) * stats.logistic.pdf(t)
    density = np.exp(prior.log_density(x))
    density[~np.isfinite(density)] = 0.0  # an integrable pole at an end that x has rounded to
    return float(np.trapezoid(density * jacobian, t))


@pytest.mark.parametrize("prior", EXAMPLES, ids=repr)
def test_proper_priors_integrate_to_one(prior):
    if prior.proper:
        assert total_mass(prior) == pytest.approx(1, abs=1e-4)
    else:
        np.testing.assert_array_equal(prior.log_density(np.array([0.5, 3.0])), 0.0)


@pytest.mark.parametrize("prior", EXAMPLES, ids=repr)
def test_the_typical_value_is_where_pymc_starts(prior):
    """Written out for the usual distributions, since PyMC takes milliseconds to say so."""
    (described,) = np.atleast_1d(support_point(prior.dist()).eval(mode=PYTHON))
    assert prior.typical() == pytest.approx(float(described), rel=1e-6)


def test_forms_whose_typical_value_is_written_out_exist():
    for distribution in DISTRIBUTIONS.values():
        assert set(distribution.typical) <= set(distribution.forms)


@pytest.mark.parametrize("prior", EXAMPLES, ids=repr)
def test_density_is_never_nan(prior):
    x = np.array([*prior.support, -np.inf, -1e300, -1.0, 0.0, 1e-300, 1.0, 1e300, np.inf])
    assert not np.isnan(prior.log_density(x)).any()


@pytest.mark.parametrize("prior", EXAMPLES, ids=repr)
def test_built_variables_cover_the_support_and_no_more(prior):
    """Bounded supports are sampled through a transform, else NUTS would step outside."""
    with pm.Model() as model:
        prior.build("x")
    transform = model.rvs_to_transforms[model["x"]]
    assert (transform is None) == prior.unbounded
    (value,) = model.value_vars
    logp = model.compile_logp(mode=PYTHON)
    for unconstrained in (-2.0, 0.0, 2.0):
        assert np.isfinite(logp({value.name: np.array(unconstrained)}))


def test_every_continuous_univariate_distribution_of_pymc_is_there_but_two():
    from pymc.distributions import continuous

    assert set(continuous.__all__) - set(DISTRIBUTIONS) == {"Interpolated", "PolyaGamma"}
    assert all(hasattr(pm, name) for name in DISTRIBUTIONS)


# ------------------------------------------------------------------------------------ variance and precision


@pytest.mark.parametrize(
    ("prior", "reference"),
    [
        (Prior("Gamma", alpha=2, beta=0.5, on="precision"), lambda s: stats.gamma(2, scale=2).pdf(s**-2) * 2 * s**-3),
        (
            Prior("InverseGamma", alpha=2, beta=0.5, on="variance"),
            lambda s: stats.invgamma(2, scale=0.5).pdf(s**2) * 2 * s,
        ),
        (Prior("Uniform", lower=0, upper=9, on="variance"), lambda s: 2 * s / 9),
        (Prior("Uniform", lower=1, upper=4, on="precision"), lambda s: 2 * s**-3 / 3),
    ],
    ids=lambda value: repr(value) if isinstance(value, Prior) else "density",
)
def test_density_of_the_standard_deviation(prior, reference):
    """p(sd) = p(sd²) 2 sd and p(sd⁻²) 2 sd⁻³; both integrate to one over the support in sd."""
    x = np.array([0.55, 0.7, 0.95])
    np.testing.assert_allclose(prior.log_density(x), np.log(reference(x)), rtol=1e-7)
    assert total_mass(prior) == pytest.approx(1, abs=1e-4)


def test_gamma_on_precision_is_inverse_gamma_on_variance():
    x = np.array([0.2, 1.0, 3.0])
    a = Prior("Gamma", alpha=2, beta=3, on="precision").log_density(x)
    b = Prior("InverseGamma", alpha=2, beta=3, on="variance").log_density(x)
    np.testing.assert_allclose(a, b, rtol=1e-7)


@pytest.mark.parametrize(
    ("on", "support"), [("value", (1.0, 4.0)), ("variance", (1.0, 2.0)), ("precision", (0.5, 1.0))]
)
def test_support_is_that_of_the_value(on, support):
    assert Prior("Uniform", lower=1, upper=4, on=on).support == support


@pytest.mark.parametrize(("on", "value"), [("variance", 2.0), ("precision", 0.5)])
def test_build_on_variance_and_precision(on, value):
    """The free variable is internal, and ``sd`` its Deterministic."""
    with pm.Model(coords={"g": ["a", "b"]}) as model:
        sd = Prior("Uniform", lower=1, upper=9, on=on).build("sd", dims="g")
    assert [v.name for v in model.free_RVs] == [f"sd__{on}"]
    assert [v.name for v in model.deterministics] == ["sd"]
    assert model.named_vars_to_dims["sd"] == ("g",)
    np.testing.assert_allclose(sd.eval({model[f"sd__{on}"]: [4.0, 4.0]}, mode=PYTHON), value)


# -------------------------------------------------------------------------------------------------- building


def test_build_vector_with_different_arguments():
    priors = [Prior("Normal", mu=m, sigma=s) for m, s in ((0, 1), (5, 2.5), (-1, 0.3))]
    template, arrays = stack(priors)
    with pm.Model(coords={"coef": list("abc")}) as model:
        template.build("b", dims="coef", **arrays)
    x = np.array([0.2, 4.0, -2.0])
    total = sum(float(p.log_density(v)) for p, v in zip(priors, x, strict=True))
    assert model.compile_logp(mode=PYTHON)({"b": x}) == pytest.approx(total, abs=1e-10)


def test_build_bounded_vector_keeps_each_bound():
    template, arrays = stack([Prior("Uniform", lower=0, upper=u) for u in (1, 10)])
    with pm.Model() as model:
        variable = template.build("sd", **arrays)
    (value,) = model.value_vars
    (natural,) = model.replace_rvs_by_values([variable])
    np.testing.assert_allclose(natural.eval({value: [0.0, 0.0]}, mode=PYTHON), [0.5, 5.0])


def test_build_can_leave_a_variable_untransformed():
    with pm.Model() as model:
        Prior("Gamma", alpha=2, beta=1).build("sigma", default_transform=None)
    assert model.rvs_to_transforms[model["sigma"]] is None


def test_build_refuses_arrays_of_arguments_it_has_not():
    with pm.Model(), pytest.raises(PriorError, match="no argument 'tau'"):
        Prior("Normal", sigma=1).build("b", tau=np.ones(2))


def test_densities_are_built_in_double_precision():
    """PyTensor would fold the logarithm of a Python 2.5 in single precision, 3e-8 off."""
    with pm.Model() as model:
        Prior("Normal", sigma=2.5).build("b")
    assert model.compile_logp(mode=PYTHON)({"b": 0.3}) == pytest.approx(stats.norm(0, 2.5).logpdf(0.3), abs=1e-14)


# ---------------------------------------------------------------------------------------------------- values


def test_equal_priors_are_one_value():
    same = [Prior("Normal", sigma=1), Prior("gaussian", sigma=np.float64(1), mu=0), Prior("NORMAL", mu=0.0, sigma=1)]
    assert len(set(same)) == 1
    assert len({*same, Prior("Normal", tau=1), Prior("Normal", sigma=2), Prior("HalfNormal", sigma=1)}) == 4
    assert Prior("Gamma", alpha=1, beta=1) != Prior("Gamma", alpha=1, beta=1, on="precision")


def test_order_of_arguments_does_not_matter():
    assert Prior("Gamma", beta=2, alpha=1) == Prior("Gamma", alpha=1, beta=2)


def test_a_prior_cannot_be_changed():
    prior = Prior("Normal", sigma=1)
    with pytest.raises(AttributeError):
        prior.name = "Flat"
    with pytest.raises(TypeError):
        prior.arguments["sigma"] = 2
    assert pickle.loads(pickle.dumps(prior)) == prior


@pytest.mark.parametrize("alias", ["half_student_t", "HalfStudentT", "half-t", "Half Student", "HALFSTUDENTT"])
def test_aliases(alias):
    assert Prior(alias, nu=3, sigma=1).name == "HalfStudentT"


@pytest.mark.parametrize(
    ("prior", "positive", "unbounded", "proper"),
    [
        (Prior("Normal", sigma=1), False, True, True),
        (Prior("Flat"), False, True, False),
        (Prior("HalfFlat"), True, False, False),
        (Prior("HalfCauchy", beta=1), True, False, True),
        (Prior("Uniform", lower=0, upper=1), True, False, True),
        (Prior("Uniform", lower=-1, upper=1), False, False, True),
        (Prior("TruncatedNormal", sigma=1, lower=0), True, False, True),
        (Prior("TruncatedNormal", sigma=1, upper=0), False, False, True),
        (Prior("Gamma", alpha=1, beta=1, on="precision"), True, False, True),
    ],
    ids=repr,
)
def test_what_a_prior_says_of_itself(prior, positive, unbounded, proper):
    assert (prior.positive, prior.unbounded, prior.bounded, prior.proper) == (
        positive,
        unbounded,
        not unbounded,
        proper,
    )


def test_repr_makes_the_same_prior_again():
    def again(text):
        name, rest = text.split("(", 1)
        pairs = [p.split("=") for p in rest.rstrip(")").split(", ") if p]
        return Prior(name, **{k: v.strip("'") if k == "on" else float(v) for k, v in pairs})

    for prior in [*EXAMPLES, Prior("Gamma", alpha=0.1, beta=1 / 3, on="precision")]:
        found = again(repr(prior))
        assert (found.name, found.on) == (prior.name, prior.on)
        assert dict(found.arguments) == pytest.approx(dict(prior.arguments), rel=1e-14)


def test_str_is_short():
    assert str(Prior("Normal", mu=251.40510484, sigma=140.9)) == "Normal(251.4, 140.9)"
    assert str(Prior("Gamma", alpha=2, beta=1, on="precision")) == "Gamma(2, 1) on precision"
    assert (str(LKJ(2)), repr(LKJ(2.5))) == ("LKJ(2)", "LKJ(eta=2.5)")


# ------------------------------------------------------------------------------------------------------ JSON


finite = st.floats(-1e6, 1e6)
scale = st.floats(1e-6, 1e6)
PRIORS = st.one_of(
    st.builds(lambda m, s: Prior("Normal", mu=m, sigma=s), finite, scale),
    st.builds(lambda n, s: Prior("HalfStudentT", nu=n, sigma=s), scale, scale),
    st.builds(
        lambda a, b, on: Prior("Gamma", alpha=a, beta=b, on=on),
        scale,
        scale,
        st.sampled_from(["value", "variance", "precision"]),
    ),
    st.builds(lambda a, b: Prior("Uniform", lower=a, upper=a + b), st.floats(-100, 100), st.floats(0.1, 1e6)),
    st.just(Prior("Flat")),
    st.builds(LKJ, scale),
    st.builds(Fixed, finite),
)


@given(PRIORS)
def test_json_round_trip(prior):
    assert prior_from_json(json.loads(json.dumps(prior.to_json()))) == prior


@given(st.lists(PRIORS.filter(lambda p: isinstance(p, Prior)), max_size=4))
def test_stack_gives_back_its_priors(priors):
    stacked = stack(priors)
    kinds = {(p.name, p.on, tuple(p.arguments)) for p in priors}
    assert (stacked is None) == (len(kinds) != 1)
    if stacked is not None:
        template, arrays = stacked
        rebuilt = [
            Prior(template.name, on=template.on, **{k: float(v[i]) for k, v in arrays.items()})
            for i in range(len(priors))
        ]
        assert rebuilt == priors


# --------------------------------------------------------------------------------------------- positive part


@pytest.mark.parametrize(
    "prior",
    [Prior("Normal", sigma=50), Prior("Normal", tau=4), Prior("StudentT", nu=3, sigma=2.5), Prior("Cauchy", beta=2)],
    ids=repr,
)
def test_positive_part_is_twice_the_density(prior):
    x = np.array([0.1, 1.0, 30.0])
    half = positive_part(prior)
    np.testing.assert_allclose(half.log_density(x), prior.log_density(x) + np.log(2), rtol=1e-7)
    assert half.positive


def test_positive_part_of_flat_and_of_positive_priors():
    assert positive_part(Prior("Flat")) == Prior("HalfFlat")
    gamma = Prior("Gamma", alpha=2, beta=1, on="precision")
    assert positive_part(gamma) is gamma
