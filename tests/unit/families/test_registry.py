"""How a family is written as text."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from hierlm.errors import HierlmError, ModelError
from hierlm.families import FAMILIES, Family, get_family


@pytest.mark.parametrize(
    ("text", "name", "links"),
    [
        ("gaussian", "gaussian", {}),
        ("normal", "gaussian", {}),
        ("Gamma", "gamma", {}),
        ("inverse.gaussian(1/mu^2)", "inverse_gaussian", {"mu": "inverse_squared"}),
        ("wald", "inverse_gaussian", {}),
        ("t", "student_t", {}),
        ("student", "student_t", {}),
        ("negativebinomial", "negbinomial", {}),
        ("nbinom2", "negbinomial", {}),
        ("nb", "negbinomial", {}),
        ("nbinom1", "negbinomial1", {}),
        ("betabinomial", "beta_binomial", {}),
        ("beta_family", "beta", {}),
        ('binomial("probit")', "binomial", {"mu": "probit"}),
        ("binomial(probit)", "binomial", {"mu": "probit"}),
        ("binomial(link = 'cloglog')", "binomial", {"mu": "cloglog"}),
        ("bernoulli()", "bernoulli", {}),
        ("negbinomial(log, link_shape=identity)", "negbinomial", {"mu": "log", "shape": "identity"}),
        ('Gamma(link_shape="softplus")', "gamma", {"shape": "softplus"}),
    ],
)
def test_reads(text, name, links):
    family, found = get_family(text)
    assert (family.name, found) == (name, links)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gausian", "'gaussian'"),
        ("poison", "'poisson'"),
        ("binomial(probti)", "'probit'"),
        ("poisson(logit)", "It can have: log, identity, sqrt, softplus"),
        ("poisson(link_shape=log)", "no parameter 'shape'"),
        ("gamma(log, link=log)", "two links"),
        ("binomial(probit", "cannot be read"),
        ("binomial(probit))", "cannot be read"),
        ("binomial(probit)(", "cannot be read"),
        ("binomial(a b)", "cannot be read"),
        ("binomial(,)", "cannot be read"),
        ("", "cannot be read"),
        ("__import__('os')", "cannot be read"),
        (None, "cannot be read"),
        (3, "cannot be read"),
    ],
)
def test_refuses(text, message):
    with pytest.raises(ModelError) as caught:
        get_family(text)
    assert message in str(caught.value)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        family, links = get_family(text)
    except HierlmError:
        return
    assert isinstance(family, Family)
    assert set(links) <= {p.name for p in family.parameters}


def test_names_are_unique():
    words = [w for family in FAMILIES.values() for w in (family.name, *family.aliases)]
    assert len(words) == len(set(words))
    assert all(get_family(w)[0].name == family.name for family in FAMILIES.values() for w in family.aliases)


def test_families_are_values():
    assert get_family("nb")[0] == FAMILIES["negbinomial"]
    assert hash(get_family("nb")[0]) == hash(FAMILIES["negbinomial"])
    assert FAMILIES["poisson"] != FAMILIES["gamma"]
    assert repr(FAMILIES["gamma"]) == "<family gamma>"
