"""Every registered link keeps the contract, agrees with scipy, and the contract notices one that does not."""

from __future__ import annotations

import numpy as np
import pytensor.tensor as pt
import pytest
from hypothesis import given, strategies as st
from scipy import special, stats

from hierlm.errors import ModelError
from hierlm.links import LINKS, get_link
from hierlm.testing.links import check_link
from hierlm.testing.numbers import values
from tests.trust.densities import INVERSE_LINKS

# log g⁻¹ and log(1 − g⁻¹) of links of probabilities, by other means
LOGS = {
    "logit": stats.logistic,
    "probit": stats.norm,
    "cloglog": stats.gumbel_l,
    "loglog": stats.gumbel_r,
    "cauchit": stats.cauchy,
}


@pytest.mark.parametrize("name", LINKS)
def test_contract(name):
    check_link(LINKS[name])


def test_every_link_has_a_reference():
    assert set(INVERSE_LINKS) == set(LINKS)


@pytest.mark.parametrize("name", INVERSE_LINKS)
def test_inverse_is_the_function_of_that_name(name):
    eta = np.array([0.1, 0.7, 1.0, 2.5, 5.0])  # link "inverse" was cloglog elsewhere (bambi 0.8)
    np.testing.assert_allclose(values(LINKS[name].inverse, eta), INVERSE_LINKS[name](eta), rtol=1e-12)
    if LINKS[name].eta_lower < 0:
        np.testing.assert_allclose(values(LINKS[name].inverse, -eta), INVERSE_LINKS[name](-eta), rtol=1e-12)


@pytest.mark.parametrize("name", LOGS)
def test_tails_of_probabilities(name):
    eta = np.array([-300.0, -30.0, -5.0, -1.0, 0.0, 1.0, 5.0, 30.0, 300.0])
    with np.errstate(all="ignore"):
        below, above = LOGS[name].logcdf(eta), LOGS[name].logsf(eta)
    for found, expected in ((LINKS[name].log_inverse, below), (LINKS[name].log_complement, above)):
        known = np.isfinite(expected) & (expected != 0)  # scipy itself gives up in some tails
        assert known.sum() >= 5
        np.testing.assert_allclose(values(found, eta)[known], expected[known], rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "left", "right"),
    [
        ("logit", (-300, 0), (0, -300)),
        ("probit", (special.log_ndtr(-300), 0), (0, special.log_ndtr(-300))),
        ("cloglog", (-300, 0), (0, -np.exp(300))),
        ("loglog", (-np.exp(300), 0), (0, -300)),
        ("cauchit", (-np.log(300 * np.pi), -1 / 300 / np.pi), (-1 / 300 / np.pi, -np.log(300 * np.pi))),
    ],
)
def test_far_tails(name, left, right):
    link = LINKS[name]
    for eta, (log, complement) in ((-300.0, left), (300.0, right)):
        assert values(link.log_inverse, eta) == pytest.approx(log, rel=1e-3, abs=1e-100)
        assert values(link.log_complement, eta) == pytest.approx(complement, rel=1e-3, abs=1e-100)


@pytest.mark.parametrize("name", LOGS)
def test_threshold_variance_is_that_of_the_error(name):
    variance = LINKS[name].threshold_variance
    assert variance == (np.inf if name == "cauchit" else pytest.approx(LOGS[name].var(), rel=1e-12))


def test_links_without_a_threshold_model():
    assert all(LINKS[name].threshold_variance is None for name in set(LINKS) - set(LOGS))


@given(eta=st.floats(-30, 30))
def test_probabilities_and_complements_add_up(eta):
    for name in LOGS:
        link = LINKS[name]
        total = np.exp(values(link.log_inverse, eta)) + np.exp(values(link.log_complement, eta))
        assert total == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "name"),
    [("Logit", "logit"), ("1/mu^2", "inverse_squared"), ("log-log", "loglog"), ("inverse-squared", "inverse_squared")],
)
def test_names_of_the_peers(text, name):
    assert get_link(text).name == name


def test_names_are_unique():
    words = [w for link in LINKS.values() for w in (link.name, *link.aliases)]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("text", "hint"), [("logti", "'logit'"), ("probti", "'probit'"), ("zzz", "identity"), ("", "")]
)
def test_unknown_link(text, hint):
    with pytest.raises(ModelError, match="Unknown link") as caught:
        get_link(text)
    assert hint in str(caught.value)


def test_a_link_is_given_by_name():
    with pytest.raises(ModelError, match="by its name"):
        get_link(3)


def _broken(**methods):
    return type("Broken", (type(LINKS["logit"]),), methods)()


@pytest.mark.parametrize(
    ("link", "message"),
    [
        (_broken(inverse=LINKS["probit"].inverse), "not μ"),
        (
            _broken(link=lambda self, mu: pt.log(mu) ** 2, inverse=lambda self, e: pt.exp(-pt.sqrt(e))),
            "is not η|monotone",
        ),
        (_broken(log_inverse=lambda self, e: -pt.exp(e)), "log_inverse"),
        (_broken(log_complement=lambda self, e: pt.log1p(-pt.sigmoid(e))), "not finite"),
        (_broken(derivative=lambda self, e: pt.sigmoid(e)), "derivative"),
        (_broken(log_mass=lambda self, e, s, f: s * e), "log_mass"),
        (_broken(upper=0.5), "range"),
    ],
)
def test_the_contract_notices(link, message):
    with pytest.raises(AssertionError, match=message):
        check_link(link)
