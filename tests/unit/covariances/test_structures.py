"""What the structures say of themselves: names, numbers of parameters, parts."""

from __future__ import annotations

import pytest

from hierlm.covariances import COVARIANCES, STRUCTURES, get_covariance
from hierlm.errors import ModelError

K = 3


@pytest.mark.parametrize(
    ("name", "parameters"), [("us", 6), ("idh", 3), ("idv", 1), ("corh", 4), ("corv", 2), ("cor", 3)]
)
def test_number_of_parameters_of_a_factor_of_three_levels(name, parameters):
    """Hadfield (2010), course notes: sex with three levels."""
    assert get_covariance(name).n_parameters(K) == parameters


def test_hadfield_table_of_sums():
    """(1|dam) 1; (1|sex:dam) 1; (1|dam) + (1|sex:dam) 2: one effect a level each, whatever the structure's name."""
    one = {name: get_covariance(name).n_parameters(1) for name in ("us", "idh", "idv", "corh", "corv")}
    assert set(one.values()) == {1}


@pytest.mark.parametrize("name", ["us", "idh", "idv", "corh", "corv"])
def test_one_effect_is_the_same_value_in_every_structure(name):
    ((part, effects),) = get_covariance(name).parts(1)
    assert (part.name, effects) == ("idh", (0,))


def test_idh_is_single_effects():
    assert [(p.name, e) for p, e in get_covariance("idh").parts(3)] == [("idh", (0,)), ("idh", (1,)), ("idh", (2,))]


@pytest.mark.parametrize("name", ["us", "idv", "corh", "corv", "cor"])
def test_coupled_effects_stay_together(name):
    assert [(p.name, e) for p, e in get_covariance(name).parts(3)] == [(name, (0, 1, 2))]


def test_cor_of_one_has_no_parameter_at_all():
    cor = get_covariance("cor")
    assert (cor.n_parameters(1), cor.sd_groups(1), cor.correlated(1)) == (0, (), False)
    assert cor.correlation_factor(None, 1) == [[1.0]]


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("us", ((0,), (1,), (2,))),
        ("idh", ((0,), (1,), (2,))),
        ("idv", ((0, 1, 2),)),
        ("corh", ((0,), (1,), (2,))),
        ("corv", ((0, 1, 2),)),
        ("cor", ()),
    ],
)
def test_shared_standard_deviations(name, groups):
    assert get_covariance(name).sd_groups(K) == groups


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("unstructured", "us"),
        ("pdSymm", "us"),
        ("diag", "idh"),
        ("pdDiag", "idh"),
        ("homdiag", "idv"),
        ("pdIdent", "idv"),
        ("cs", "corh"),
        ("homcs", "corv"),
        ("pdCompSymm", "corv"),
        ("corg", "cor"),
        ("US", "us"),
    ],
)
def test_aliases(alias, name):
    assert get_covariance(alias).name == STRUCTURES[alias.lower()] == name


def test_names_are_told_apart():
    names = [n.lower() for c in COVARIANCES.values() for n in (c.name, *c.aliases)]
    assert len(names) == len(set(names)) == len(STRUCTURES)


def test_unknown_structure_suggests_the_nearest():
    with pytest.raises(ModelError, match="idhh.*\n.*'idh'"):
        get_covariance("idhh")


def test_structure_states_its_covariance_first():
    for cls in COVARIANCES.values():
        assert cls.__doc__.startswith("V"), cls
