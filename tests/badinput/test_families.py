"""Responses that cannot come from their family are refused, with column, rows and remedy."""

from __future__ import annotations

import re

import numpy as np
import pytest

from hierlm.errors import DataError, DataWarning
from hierlm.families import FAMILIES

GOOD = np.array([1.0, 2.0, 3.0, 4.0])
SHARES = np.array([0.2, 0.3, 0.4, 0.5])
TRIALS = {"trials": np.full(4, 9.0)}


def prepare(name, values, *, levels=None, success=None, **additions):
    values = np.asarray(values, dtype=float)
    return FAMILIES[name].prepare("y", values, levels, success, {k: np.asarray(v, float) for k, v in additions.items()})


def refused(name, values, **rest):
    with pytest.raises(DataError) as caught:
        prepare(name, values, **rest)
    assert caught.value.hint, "no remedy"
    return caught.value


NUMERIC = [n for n, f in FAMILIES.items() if n != "bernoulli" and not f.ordinal]
COUNTS = ["poisson", "negbinomial", "negbinomial1", "zero_inflated_poisson", "zero_inflated_negbinomial"]
POSITIVE = ["gamma", "lognormal", "inverse_gaussian", "exponential"]
SUCCESSES = ["binomial", "beta_binomial", "zero_inflated_binomial"]


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize(
    ("bad", "word"), [(-1.0, "negative"), (1.5, "fractions"), (np.nan, "missing"), (np.inf, "infinite")]
)
def test_counts(name, bad, word):
    error = refused(name, [1, bad, 3, bad])
    assert error.rows == (1, 3)
    assert error.column == "y"
    assert word in str(error)
    assert "rows 1, 3" in str(error)


@pytest.mark.parametrize("name", POSITIVE)
@pytest.mark.parametrize("bad", [0.0, -2.0, np.nan])
def test_positive(name, bad):
    error = refused(name, [1, 2, bad, 4])
    assert error.rows == (2,)
    assert error.column == "y"


@pytest.mark.parametrize("bad", [0.0, 1.0, -0.1, 45.0])
def test_beta(bad):
    error = refused("beta", [0.2, 0.4, 0.6, bad])
    assert error.rows == (3,)
    assert "divide by 100" in str(error)


@pytest.mark.parametrize("name", SUCCESSES)
class TestSuccesses:
    def test_more_than_trials(self, name):
        error = refused(name, [1, 10, 3, 4], **TRIALS)
        assert error.rows == (1,)
        assert "larger than its trials" in str(error)

    def test_without_trials(self, name):
        error = refused(name, [0, 1, 1, 0])
        assert "y | trials(n)" in str(error)
        assert "bernoulli" in str(error)

    def test_proportions(self, name):
        error = refused(name, SHARES, **TRIALS)
        assert "proportions" in str(error)
        assert "p(y, n)" in str(error)

    @pytest.mark.parametrize("bad", [0.0, -1.0, 2.5, np.nan])
    def test_trials(self, name, bad):
        error = refused(name, [0, 1, 1, 0], trials=[5, bad, 5, 5])
        assert error.column == "trials"
        assert error.rows == (1,)

    def test_negative_and_fractions(self, name):
        assert refused(name, [1, -1, 2, 3], **TRIALS).rows == (1,)
        assert refused(name, [1, 1.5, 2, 3], **TRIALS).rows == (1,)

    def test_all_or_nothing(self, name):
        assert "all 4 rows" in str(refused(name, np.full(4, 9), **TRIALS))
        with pytest.warns(DataWarning, match="0 in all 4 rows"):
            prepare(name, np.zeros(4), **TRIALS)

    @pytest.mark.filterwarnings("ignore:The response 'y' has no zeros")
    def test_equal_numbers_of_successes_are_data(self, name):
        np.testing.assert_array_equal(prepare(name, [3, 3, 3, 3], **TRIALS), [3, 3, 3, 3])


@pytest.mark.parametrize("name", NUMERIC)
def test_categories_where_numbers_are_needed(name):
    error = refused(name, [0, 1, 0, 1], levels=("no", "yes"), **(TRIALS if name in SUCCESSES else {}))
    assert "'no', 'yes'" in str(error)
    assert "bernoulli" in str(error)


@pytest.mark.parametrize("name", NUMERIC)
def test_a_picked_category_is_never_dropped(name):
    assert "picks a category" in str(refused(name, GOOD, success="yes", **(TRIALS if name in SUCCESSES else {})))


@pytest.mark.parametrize("name", [n for n in NUMERIC if n not in SUCCESSES])
def test_constant_response(name):
    error = refused(name, np.full(4, 0.5 if "beta" in name else 2.0))
    assert "all 4 rows" in str(error)


@pytest.mark.parametrize("name", COUNTS)
def test_all_zero_counts_warn(name):
    with pytest.warns(DataWarning, match="0 in all 3 rows"):
        prepare(name, np.zeros(3))


@pytest.mark.parametrize("name", FAMILIES)
def test_weights(name):
    family = FAMILIES[name]
    zeros = [0.0, 2.0, 3.0, 0.0] if name.startswith(("zero_inflated", "hurdle")) else GOOD
    y = {"beta": SHARES, "bernoulli": [0, 1, 1, 0], "zero_one_inflated_beta": [0, 0.4, 0.6, 1]}.get(name, zeros)
    additions = TRIALS if family.requires else {}
    assert "weights" in family.accepts
    error = refused(name, y, weights=[1, -1, 1, np.nan], **additions)
    assert (error.column, error.rows) == ("weights", (1, 3))
    assert "all zero" in str(refused(name, y, weights=np.zeros(4), **additions))
    prepare(name, y, weights=[1, 0, 2.5, 1], **additions)


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan])
def test_standard_errors(bad):
    error = refused("gaussian", GOOD, se=[1, bad, 1, 1])
    assert (error.column, error.rows) == ("se", (1,))


class TestBernoulli:
    def test_other_coding(self):
        error = refused("bernoulli", [1, 2, 1, 2])
        assert error.rows == (1, 3)
        assert "coded 1 and 2" in str(error)
        assert 'y["2"] ~' in str(error)

    def test_more_than_two_values(self):
        error = refused("bernoulli", [0, 1, 2, 3])
        assert error.rows == (2, 3)
        assert "trials" in str(error)

    def test_more_than_two_levels(self):
        error = refused("bernoulli", [0, 1, 2], levels=("a", "b", "c"))
        assert "3 levels" in str(error)
        assert 'y["c"] ~' in str(error)

    def test_one_level(self):
        assert "one level" in str(refused("bernoulli", [0, 0], levels=("a",)))

    def test_unknown_success(self):
        assert "Did you mean 'yes'" in str(refused("bernoulli", [0, 1], levels=("no", "yes"), success="Yes!"))
        assert "is numeric" in str(refused("bernoulli", [0, 1], success="yes"))

    def test_missing_category(self):
        assert refused("bernoulli", [0, -1, 1], levels=("no", "yes")).rows == (1,)

    def test_always_the_same(self):
        assert "all 3 rows" in str(refused("bernoulli", [1, 1, 1]))
        with pytest.warns(DataWarning, match="0 in all 3 rows"):
            prepare("bernoulli", [0, 0, 0])

    @pytest.mark.parametrize("levels", [("no", "yes"), ("False", "True"), ("0", "1"), ("N", "Y")])
    def test_plain_levels(self, levels):
        np.testing.assert_array_equal(prepare("bernoulli", [0, 1, 1], levels=levels), [0, 1, 1])

    @pytest.mark.parametrize("levels", [("alive", "dead"), ("yes", "no"), ("control", "treated")])
    def test_the_level_that_counts_as_one_is_said(self, levels):
        with pytest.warns(DataWarning, match=f"'{levels[1]}' counts as 1"):
            found = prepare("bernoulli", [0, 1, 1], levels=levels)
        np.testing.assert_array_equal(found, [0, 1, 1])

    @pytest.mark.parametrize(("success", "found"), [("alive", [1, 0, 0]), ("dead", [0, 1, 1])])
    def test_a_chosen_level(self, success, found):
        np.testing.assert_array_equal(prepare("bernoulli", [0, 1, 1], levels=("alive", "dead"), success=success), found)

    def test_a_chosen_level_of_three(self):
        found = prepare("bernoulli", [0, 1, 2, 1], levels=("a", "b", "c"), success="b")
        np.testing.assert_array_equal(found, [0, 1, 0, 1])

    def test_a_chosen_number(self):
        np.testing.assert_array_equal(prepare("bernoulli", [1, 2, 1], success="2"), [0, 1, 0])


@pytest.mark.parametrize(
    ("name", "values", "says"),
    [
        ("hurdle_poisson", [0, 0, 0, 0], "0 in all 4 rows: there is nothing above the hurdle"),
        ("hurdle_gamma", [0, 0, 2.5, 2.5], "where it is above 0"),
        ("hurdle_negbinomial", [0, 1.5, 2, 3], "fractions"),
        ("hurdle_lognormal", [0, -1, 2, 3], "must be 0 or more"),
        ("zero_one_inflated_beta", [0, 1, 0, 1], 'nothing between to model(.|\n)*family="bernoulli"'),
        ("zero_one_inflated_beta", [0, 1, 0.5, 0.5], "where it is between 0 and 1"),
        ("cumulative", [1, 1.5, 2, 3], "no category of cumulative"),
        ("cumulative", [0, 1, 2, 3], "no category of cumulative"),
        ("sratio", [2, 2, 2, 2], "'2' in all 4 rows: there is nothing to model"),
        ("acat", [1, 2, 3, 4000], "has 4,000 categories, which is no ordinal response"),
    ],
)
def test_parts_that_nothing_can_be_learnt_of(name, values, says):
    error = refused(name, values)
    assert re.search(says, str(error)), str(error)
    assert error.column == "y"


def test_one_category_is_not_picked_of_an_ordinal_response():
    error = refused("cumulative", [0, 1, 1, 0], levels=("low", "high"), success="high")
    assert 'family="bernoulli"' in error.hint


@pytest.mark.parametrize(
    ("name", "values", "says"),
    [
        ("hurdle_poisson", [0, 1, 1, 0], 'Every count .* above 0 is 1(.|\n)*family="bernoulli"'),
        ("hurdle_gamma", [1.5, 2.5, 1.0, 3.0], "has no zeros, so there is no hurdle"),
        ("zero_one_inflated_beta", [0.5, 0.25, 0.75, 0.1], "is never 0 or 1: 'coi' is what its prior says"),
        ("cumulative", [1, 1, 4, 4], "No row of 'y' is in the categories '2', '3'"),
        ("cratio", [1, 3, 1, 3], "No row of 'y' is in category '2'"),
    ],
)
def test_parts_that_only_the_prior_decides_are_said(name, values, says):
    with pytest.warns(DataWarning, match=says):
        prepare(name, values)
