"""Where default priors take their scale from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays

from hierlm.families import FAMILIES
from hierlm.links import LINKS

Y = np.array([1.0, 4.0, 10.0])
SD = np.std(Y, ddof=1)


@pytest.mark.parametrize(
    ("name", "link", "centre", "spread"),
    [
        ("gaussian", "identity", 5.0, SD),
        ("gaussian", "inverse", 0.2, SD / 25),
        ("student_t", "identity", 5.0, SD),
        ("gamma", "log", np.log(5), np.std(np.log(Y), ddof=1)),
        ("poisson", "sqrt", np.sqrt(5), SD / (2 * np.sqrt(5))),
        ("poisson", "log", np.log(5), np.std(np.log(Y), ddof=1)),
        ("lognormal", "identity", np.mean(np.log(Y)), np.std(np.log(Y), ddof=1)),
        ("inverse_gaussian", "inverse_squared", 1 / 25, SD * 2 / 125),
    ],
)
def test_means(name, link, centre, spread):
    assert FAMILIES[name].link_scale(Y, LINKS[link], {}) == pytest.approx((centre, spread))


def test_a_logarithmic_spread_is_at_least_one():
    assert FAMILIES["gamma"].link_scale(np.array([9.9, 10.1]), LINKS["log"], {})[1] == 1.0


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog", "loglog", "cauchit", "log"])
def test_probabilities(link):
    y, trials = np.array([0.0, 2.0]), np.array([3.0, 7.0])
    centre, spread = FAMILIES["binomial"].link_scale(y, LINKS[link], {"trials": trials})
    assert spread == 1.0
    assert float(LINKS[link].inverse(centre).eval(mode="FAST_COMPILE")) == pytest.approx(2.5 / 11)


def test_all_zero_counts_have_a_finite_scale():
    for link in ("log", "sqrt", "identity", "softplus"):
        centre, spread = FAMILIES["poisson"].link_scale(np.zeros(4), LINKS[link], {})
        assert np.isfinite(centre)
        assert 0 < spread < np.inf


@given(arrays(float, st.integers(2, 8), elements=st.integers(0, 20)), st.sampled_from(["log", "sqrt", "identity"]))
def test_counts_always_have_a_finite_scale(y, link):
    for name in ("poisson", "negbinomial", "negbinomial1"):
        centre, spread = FAMILIES[name].link_scale(y, LINKS[link], {})
        assert np.isfinite(centre)
        assert 0 < spread < np.inf
        for prior in FAMILIES[name].default_priors(y, {}).values():
            assert all(np.isfinite(v) and v > 0 for v in prior.arguments.values())


@given(st.floats(1e-3, 1e3))
def test_default_priors_follow_the_unit_of_the_response(unit):
    """Measured in other units, scales change with the unit and dimensionless shapes do not."""
    y = np.array([0.5, 1.0, 1.2, 3.0])

    def scale(name, parameter, y):
        return FAMILIES[name].default_priors(y, {})[parameter].arguments["sigma"]

    for name, parameter, power in (
        ("gaussian", "sigma", 1),
        ("student_t", "sigma", 1),
        ("lognormal", "sigma", 0),
        ("gamma", "shape", 0),
        ("inverse_gaussian", "shape", 1),
    ):
        assert scale(name, parameter, unit * y) == pytest.approx(scale(name, parameter, y) * unit**power)


def test_priors_of_dispersion():
    y = np.array([0.0, 4.0, 8.0])  # mean 4, variance 16
    assert FAMILIES["negbinomial"].default_priors(y, {})["shape"].arguments["sigma"] == pytest.approx(10 / 0.75)
    assert FAMILIES["negbinomial1"].default_priors(y, {})["phi"].arguments["sigma"] == pytest.approx(3.0)
    share = np.array([0.4, 0.5, 0.6])  # mean ½, variance 0.01
    assert FAMILIES["beta"].default_priors(share, {})["phi"].arguments["sigma"] == pytest.approx(240)
    additions = {"trials": np.full(3, 10.0)}
    assert FAMILIES["beta_binomial"].default_priors(10 * share, additions)["phi"].arguments["sigma"] == pytest.approx(
        240
    )
