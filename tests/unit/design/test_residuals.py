"""Blocks of correlated residuals: which rows are together, where they lie, and what is asked of new data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hierlm.correlations import CORRELATIONS
from hierlm.design import build
from hierlm.errors import DataError, DataWarning, PredictionError
from hierlm.formula import parse

KNOWN = {name: (name, c.needs) for name, c in CORRELATIONS.items()}
DATA = pd.DataFrame(
    {
        "y": [1.0, 2.0, 0.5, 1.5, 3.0, 2.5],
        "g": ["b", "a", "b", "a", "b", "a"],
        "t": [3, 1, 1, 2, 2, 5],
        "u": [0.5, 1.0, 1.5, 2.0, 2.5, 3.0],
        "f": pd.Categorical(["p", "q", "r", "p", "q", "r"], ["r", "p", "q"]),
        "s": ["t1", "t2", "t10", "t10", "t2", "t1"],
        "q": ["1", "2", "5", "1", "2", "5"],
    }
)


def designed(term, data=DATA):
    return build(parse("y ~ 1", residual=term, correlations=KNOWN), data)


def test_blocks_are_the_levels_and_positions_the_column():
    found = designed("ar1(t | g)").correlated
    assert [found.levels[c] for c in found.codes] == DATA["g"].tolist()
    np.testing.assert_array_equal(found.positions[:, 0], DATA["t"])
    assert not found.codes.flags.writeable
    assert not found.positions.flags.writeable


def test_without_a_grouping_all_rows_are_one_block():
    found = designed("car1(u)").correlated
    assert (found.levels, found.codes.tolist()) == (("all rows",), [0] * 6)


def test_without_positions_rows_are_in_their_order():
    np.testing.assert_array_equal(designed("ar1(1 | g)").correlated.positions[:, 0], [0, 0, 1, 1, 2, 2])
    np.testing.assert_array_equal(designed("cs(1 | g)").correlated.positions[:, 0], np.zeros(6))


def test_of_a_factor_the_position_is_its_level():
    found = designed("us(f | g)").correlated
    np.testing.assert_array_equal(found.positions[:, 0], [1, 2, 0, 1, 2, 0])


def test_two_coordinates():
    found = designed("exp(t + u | g)").correlated
    np.testing.assert_array_equal(found.positions, DATA[["t", "u"]])


@pytest.mark.parametrize(
    ("term", "change", "says"),
    [
        ("car1(f | g)", {}, "takes times, and 'f' is a factor"),
        ("exp(f | g)", {}, "takes coordinates, and 'f' is a factor"),
        ("us(t | g)", {}, "takes the levels of a factor, and 't' is numeric"),
        ("ar1(u | g)", {}, "'u' is not whole .rows 0, 2, 4"),
        ("ar1(s | g)", {}, "in their order, which is that of their letters: t1, t10, t2"),
        ("ar1(t | g)", {"t": [1, 1, 1, 2, 3, 5]}, "2 rows of g 'b' are at the same position, t = 1 .rows 0, 2"),
        ("ar1(t | g)", {"g": list("abcdef")}, "no level of 'g' has two rows"),
    ],
)
def test_refused(term, change, says):
    with pytest.raises(DataError, match=says):
        designed(term, DATA.assign(**change))


def test_a_nugget_tells_rows_at_one_place_apart():
    found = designed("exp(t | g, nugget=True)", DATA.assign(t=1)).correlated
    np.testing.assert_array_equal(found.positions[:, 0], np.ones(6))


def test_levels_that_are_unequally_spaced_are_counted_with_a_warning():
    with pytest.warns(DataWarning, match="'q' are not equally spaced .1, 2, 5., and ar1"):
        designed("ar1(q | g)")


def test_text_whose_letters_are_in_order_is_one():
    """Only where the letters disagree with the numbers is text refused; a declared order is the user's."""
    ordered = pd.Categorical(DATA["s"], ["t1", "t2", "t10"])
    np.testing.assert_array_equal(
        designed("ar1(s | g)", DATA.assign(s=ordered)).correlated.positions[:, 0], [0, 1, 2, 2, 1, 0]
    )
    fine = DATA.assign(s=["t1", "t2", "t3", "t3", "t2", "t1"])
    np.testing.assert_array_equal(designed("ar1(s | g)", fine).correlated.positions[:, 0], [0, 1, 2, 2, 1, 0])


def test_new_blocks_follow_the_known_ones():
    new = pd.DataFrame({"g": ["new", "a", "new", "b"], "t": [1, 9, 2, 9]})
    found = designed("ar1(t | g)").schema.apply(new, need_positions=True).correlated
    assert [found.levels[c] for c in found.codes] == ["new", "a", "new", "b"]
    assert found.levels[-1] == "new"
    np.testing.assert_array_equal(found.positions[:, 0], new["t"])


def test_new_data_need_positions_only_where_they_matter():
    schema = designed("ar1(t | g)").schema
    assert schema.apply(pd.DataFrame({"z": [1.0]}), need_positions=False).correlated is None
    for lacks in ("g", "t"):
        with pytest.raises(PredictionError, match=f"'{lacks}'"):
            schema.apply(pd.DataFrame({"g": ["a"], "t": [1]}).drop(columns=lacks), need_positions=True)
