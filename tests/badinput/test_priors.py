"""Whatever is not a prior is refused where it is written, and the message says what to write."""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytest
from hypothesis import given, strategies as st

from hierlm.errors import PriorError
from hierlm.priors import LKJ, Prior, positive_part, prior_from_json
from hierlm.priors.defaults import coefficient_priors, group_sd_prior

REFUSED = [
    ("Norml", {"sigma": 1}, "no distribution 'Norml'.\nDid you mean 'Normal'"),
    ("Wishart", {"nu": 3}, "no distribution 'Wishart'"),
    ("Poisson", {"mu": 3}, "no distribution 'Poisson'"),
    ("", {}, "no distribution ''"),
    ("Normal", {"sd": 1}, "no argument 'sd'.\n.*mu .0 unless given. and sigma"),
    ("Normal", {"mu": 0, "sgma": 1}, "no argument 'sgma'.\nDid you mean 'sigma'"),
    ("Normal", {"sigma": 1, "dims": "g"}, "no argument 'dims'"),
    ("Normal", {"sigma": 1, "name": 2}, "no argument 'name'"),
    ("Normal", {}, "Normal needs arguments.\nArguments of Normal: mu"),
    ("Normal", {"mu": 0}, "not defined by mu.\nArguments of Normal"),
    ("Normal", {"sigma": 1, "tau": 1}, "not defined by sigma, tau"),
    ("StudentT", {"mu": 0, "sigma": 1}, "not defined by mu, sigma.\nArguments of StudentT: nu"),
    ("TruncatedNormal", {"sigma": 1}, "not defined by sigma.\n.*lower"),
    ("Gamma", {"alpha": 1, "sigma": 1}, "not defined by alpha, sigma"),
    ("Flat", {"sigma": 1}, "no argument 'sigma'.\nFlat takes no arguments"),
    ("Normal", {"sigma": 0}, "sigma must be greater than 0, not 0"),
    ("Normal", {"sigma": -2.5}, "sigma must be greater than 0, not -2.5"),
    ("Normal", {"tau": -1}, "tau must be greater than 0"),
    ("Beta", {"mu": 1.5, "nu": 2}, "mu must be between 0 and 1"),
    ("Beta", {"mu": 0.5, "sigma": 0.6}, "Beta needs sigma² < mu"),
    ("Uniform", {"lower": 1, "upper": 1}, "lower < upper; got lower=1, upper=1"),
    ("Uniform", {"lower": 2, "upper": 1}, "lower < upper"),
    ("Triangular", {"lower": 0, "c": 3, "upper": 2}, "lower ≤ c ≤ upper"),
    ("Rice", {"nu": -1, "sigma": 1}, "nu must be at least 0"),
    ("Normal", {"sigma": "1"}, "sigma must be a number, not '1'"),
    ("Normal", {"sigma": None}, "sigma must be a number"),
    ("Normal", {"sigma": True}, "sigma must be a number"),
    ("Normal", {"sigma": np.True_}, "sigma must be a number"),
    ("Normal", {"sigma": 1j}, "sigma must be a number"),
    ("Normal", {"sigma": np.ones(2)}, "sigma must be a number"),
    ("Normal", {"sigma": [1, 2]}, "sigma must be a number"),
    ("Normal", {"sigma": float("nan")}, "sigma must be a finite number, not nan"),
    ("Normal", {"mu": float("inf"), "sigma": 1}, "mu must be a finite number"),
    ("Normal", {"sigma": 1, "on": "sd"}, "cannot be on 'sd'"),
    ("Normal", {"sigma": 1, "on": None}, "cannot be on None"),
    ("Normal", {"sigma": 1, "on": "variance"}, "allows a negative variance"),
    ("Uniform", {"lower": -1, "upper": 1, "on": "precision"}, "allows a negative precision"),
]


@pytest.mark.parametrize(("name", "arguments", "message"), REFUSED, ids=[f"{n}-{a}" for n, a, _ in REFUSED])
def test_refused_at_once(name, arguments, message):
    with pytest.raises(PriorError, match=message):
        Prior(name, **arguments)


def test_arguments_by_position():
    with pytest.raises(PriorError, match="by name.\nArguments of Normal"):
        Prior("Normal", 0, 1)


@pytest.mark.parametrize("name", [pm.Normal, None, 3, ("Normal",)])
def test_not_a_name(name):
    with pytest.raises(PriorError, match="takes the name of a distribution"):
        Prior(name, mu=0, sigma=1)


@pytest.mark.parametrize("eta", [0, -1, float("nan"), float("inf"), "2", None, True, [2]])
def test_lkj(eta):
    with pytest.raises(PriorError, match="eta must be"):
        LKJ(eta)


@pytest.mark.parametrize(
    "prior",
    [
        Prior("Normal", mu=1, sigma=1),
        Prior("Cauchy", alpha=-1, beta=1),
        Prior("Laplace", b=1),
        Prior("Uniform", lower=-1, upper=1),
        Prior("TruncatedNormal", sigma=1, lower=-1),
    ],
    ids=repr,
)
def test_a_positive_parameter_refuses_negative_values(prior):
    with pytest.raises(PriorError, match="allows negative values.*\n.*TruncatedNormal"):
        positive_part(prior)


def test_density_at_nan():
    with pytest.raises(PriorError, match="NaN"):
        Prior("Normal", sigma=1).log_density(float("nan"))


STORED = {"prior": "Normal", "arguments": {"mu": 0.0, "sigma": 1.0}, "on": "value"}


@pytest.mark.parametrize(
    "obj",
    [
        None,
        [],
        "Normal",
        {},
        {**STORED, "more": 1},
        {k: v for k, v in STORED.items() if k != "on"},
        {**STORED, "prior": "Nrmal"},
        {**STORED, "prior": 3},
        {**STORED, "prior": ["LKJ"]},
        {**STORED, "arguments": {"mu": 0.0, "sigma": -1.0}},
        {**STORED, "arguments": {"mu": 0.0, "sigma": "__import__('os')"}},
        {**STORED, "arguments": {"mu": 0.0, "sigma": 1.0, "on": "value"}},
        {**STORED, "arguments": [0.0, 1.0]},
        {**STORED, "arguments": {1: 2}},
        {**STORED, "on": "sd"},
        {"prior": "LKJ", "arguments": {"eta": -1.0}},
        {"prior": "LKJ", "arguments": {}},
        {"prior": "LKJ", "arguments": {"eta": 1.0}, "on": "value"},
        {"prior": "LKJ", "arguments": 2.0},
        {"fixed": "2"},
        {"fixed": True},
        {"fixed": float("nan")},
    ],
    ids=repr,
)
def test_json_that_is_no_prior(obj):
    with pytest.raises(PriorError):
        prior_from_json(obj)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["prior", "arguments", "on", "sigma"]), inner)
    ),
    max_leaves=6,
)


@given(JSON)
def test_random_json_gives_a_prior_error_and_nothing_else(obj):
    with pytest.raises(PriorError):
        prior_from_json(obj)


@given(st.text(max_size=12), st.dictionaries(st.sampled_from(["mu", "sigma", "beta", "on"]), JSON, max_size=3))
def test_random_arguments_give_a_prior_error_and_nothing_else(name, arguments):
    try:
        prior = Prior(name, **arguments)
    except PriorError:
        return
    assert Prior.from_json(prior.to_json()) == prior


# ---------------------------------------------------------------------------------------------- the defaults


@pytest.mark.parametrize(("centre", "spread"), [(0.0, 0.0), (0.0, -1.0), (0.0, np.nan), (np.inf, 1.0), (np.nan, 1.0)])
def test_defaults_need_a_yardstick(centre, spread):
    with pytest.raises(PriorError, match="finite centre and a positive spread"):
        coefficient_priors(np.ones((3, 1)), ("Intercept",), 0, centre, spread)


def test_group_default_needs_a_yardstick():
    with pytest.raises(PriorError, match="positive spread"):
        group_sd_prior(1.0, 0.0)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e200])
def test_defaults_name_the_column_they_cannot_use(value):
    X = np.column_stack([np.ones(3), [0.0, 1.0, value]])
    with pytest.raises(PriorError, match="'dose'"):
        coefficient_priors(X, ("Intercept", "dose"), 0, 0.0, 1.0)


def test_defaults_need_a_label_for_each_column():
    with pytest.raises(PriorError, match="2 columns, but 1 labels"):
        coefficient_priors(np.ones((3, 2)), ("Intercept",), 0, 0.0, 1.0)
