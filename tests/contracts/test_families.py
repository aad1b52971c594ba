"""Every registered family keeps the contract, with densities of scipy as the reference."""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
from scipy import stats

from hierlm.families import FAMILIES
from hierlm.testing.families import check_family
from tests.trust.densities import LOG_DENSITIES, needed

# where the usual points are not enough, or the fourth moment that errors of variances need is huge
POINTS = {
    "student_t": [{"mu": -1.0, "sigma": 0.5, "nu": 6.0}, {"mu": 2.0, "sigma": 3.0, "nu": 30.0}],
    "lognormal": [{"mu": -1.0, "sigma": 0.3}, {"mu": 2.0, "sigma": 0.7}],
    "gamma": [{"mu": 0.6, "shape": 0.7}, {"mu": 5.0, "shape": 3.0}, {"mu": 90.0, "shape": 40.0}],
    "inverse_gaussian": [{"mu": 0.6, "shape": 2.0}, {"mu": 5.0, "shape": 9.0}],
    "negbinomial": [{"mu": 0.6, "shape": 0.7}, {"mu": 7.0, "shape": 3.0}, {"mu": 7.0, "shape": 50.0}],
    "negbinomial1": [{"mu": 0.6, "phi": 0.3}, {"mu": 7.0, "phi": 3.0}, {"mu": 9.0, "phi": 0.05}],
    "zero_inflated_poisson": [{"mu": 0.6, "zi": 0.1}, {"mu": 4.0, "zi": 0.5}, {"mu": 9.0, "zi": 0.95}],
    "zero_inflated_negbinomial": [{"mu": 0.6, "shape": 0.7, "zi": 0.2}, {"mu": 7.0, "shape": 30.0, "zi": 0.7}],
    "zero_inflated_binomial": [{"mu": 0.3, "zi": 0.1}, {"mu": 0.8, "zi": 0.9}, {"mu": 0.02, "zi": 0.4}],
    "hurdle_poisson": [{"mu": 0.05, "hu": 0.3}, {"mu": 4.0, "hu": 0.1}, {"mu": 9.0, "hu": 0.9}],
    "hurdle_negbinomial": [{"mu": 0.6, "shape": 0.7, "hu": 0.2}, {"mu": 7.0, "shape": 30.0, "hu": 0.7}],
    "hurdle_gamma": [{"mu": 0.6, "shape": 0.7, "hu": 0.2}, {"mu": 90.0, "shape": 40.0, "hu": 0.8}],
    "hurdle_lognormal": [{"mu": -1.0, "sigma": 0.3, "hu": 0.2}, {"mu": 2.0, "sigma": 0.7, "hu": 0.7}],
    "zero_one_inflated_beta": [
        {"mu": 0.2, "phi": 2.0, "zoi": 0.1, "coi": 0.6},
        {"mu": 0.7, "phi": 30.0, "zoi": 0.8, "coi": 0.1},
    ],
    "truncated_poisson": [{"mu": 0.01}, {"mu": 1.0}, {"mu": 40.0}],
    "truncated_negbinomial": [
        {"mu": 0.05, "shape": 0.7},
        {"mu": 2.0, "shape": 0.5},
        {"mu": 7.0, "shape": 3.0},
        {"mu": 40.0, "shape": 500.0},
    ],
    "cumulative": [{"mu": -0.5, "disc": 1.0}, {"mu": 0.4, "disc": 0.6}, {"mu": 1.0, "disc": 2.0}],
    **dict.fromkeys(["sratio", "cratio", "acat"], [{"mu": -0.5, "disc": 1.0}, {"mu": 0.8, "disc": 0.6}]),
    "beta_binomial": [{"mu": 0.3, "phi": 0.8}, {"mu": 0.8, "phi": 6.0}, {"mu": 0.5, "phi": 60.0}],
}


@pytest.mark.parametrize("name", FAMILIES)
def test_contract(name):
    check_family(FAMILIES[name], reference=LOG_DENSITIES[name], points=POINTS.get(name))


def test_every_family_has_a_reference():
    assert set(needed(FAMILIES, LOG_DENSITIES, "log-density")) == set(LOG_DENSITIES)


def _broken(name, **methods):
    return type("Broken", (type(FAMILIES[name]),), methods)()


def _wrong_moments(self, additions, **parameters):
    return 2 * parameters["mu"].value


def _naive(self, y, additions, **parameters):
    p = parameters["mu"].value
    return y * pt.log(p) + (1 - y) * pt.log(1 - p)


def _unnormalised(self, y, additions, **parameters):
    return pt.switch(pt.ge(y, 0), -y / parameters["mu"].value, -np.inf)


def _one_parameter_for_all(self, size, additions, **parameters):
    return pm.Poisson.dist(mu=parameters["mu"].value.mean(axis=0), size=size)


@pytest.mark.parametrize(
    ("family", "message"),
    [
        (_broken("poisson", mean=_wrong_moments), "mean"),
        (_broken("poisson", variance=_wrong_moments), "variance"),
        (_broken("bernoulli", log_density=_naive), "not finite|not the same"),
        (_broken("exponential", log_density=_unnormalised), "adds up"),
        (_broken("poisson", draws=_one_parameter_for_all), "shape"),
        (_broken("gamma", default_priors=lambda self, y, additions: {}), "default priors"),
        (_broken("gamma", prepare=lambda self, name, values, *rest: values), "lets"),
        (_broken("gamma", link_scale=lambda self, *rest: (0.0, 0.0)), "spread"),
        (_broken("poisson", latent_variance=lambda self, a, mu: mu.value * 0), "latent"),
        (_broken("poisson", parameters=FAMILIES["gamma"].parameters[::-1]), "first parameter"),
    ],
)
def test_the_contract_notices(family, message):
    with pytest.raises(AssertionError, match=message):
        check_family(family, size=2000)


def test_the_contract_notices_another_density():
    with pytest.raises(AssertionError, match="reference"):
        check_family(FAMILIES["negbinomial"], reference=lambda y, mu, shape: stats.poisson.logpmf(y, mu), size=2000)
