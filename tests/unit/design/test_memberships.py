"""Rows that belong to several levels: which, with what weights, and what new data may bring."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hierlm.design import build
from hierlm.errors import DataError, PredictionError
from hierlm.formula import parse

DATA = pd.DataFrame(
    {
        "y": [1.0, 2.0, 0.5, 1.5, 3.0, 2.5],
        "a": ["s2", "s1", "s3", "s1", "s2", "s1"],
        "b": ["s1", "s1", "s2", "s4", "s3", "s2"],
        "w": [1.0, 2.0, 0.0, 1.0, 3.0, 1.0],
        "v": [3.0, 2.0, 1.0, 1.0, 0.0, 1.0],
    }
)


def designed(term, data=DATA):
    return build(parse(f"y ~ 1 + (1 | {term})"), data)


def groups(term, data=DATA):
    return designed(term, data).predictors["y", "mu"].groups[0]


def test_levels_are_those_of_all_columns():
    found = groups("mm(a, b)")
    assert found.levels == ("s1", "s2", "s3", "s4")
    assert [[found.levels[c] for c in row] for row in found.members.codes] == DATA[["a", "b"]].to_numpy().tolist()


def test_numbers_are_levels_in_their_order():
    d = DATA.assign(a=[10, 9, 2, 9, 10, 9], b=[9, 9, 10, 30, 2, 10])
    found = groups("mm(a, b)", d)
    assert found.levels == ("2", "9", "10", "30")
    assert [[found.levels[c] for c in row] for row in found.members.codes] == d[["a", "b"]].astype(
        str
    ).to_numpy().tolist()


def test_categories_that_all_columns_share_keep_their_order():
    order = ["s3", "s1", "s2"]
    d = DATA.assign(a=pd.Categorical(DATA["a"], order), b=pd.Categorical(DATA["a"].to_numpy()[::-1], order))
    assert groups("mm(a, b)", d).levels == tuple(order)


@pytest.mark.parametrize(
    ("term", "weights"),
    [
        ("mm(a, b)", np.full((6, 2), 0.5)),
        ("mm(a, b, scale=False)", np.ones((6, 2))),
        ("mm(a, b, weights=cbind(w, v), scale=False)", DATA[["w", "v"]].to_numpy()),
        (
            "mm(a, b, weights=cbind(w, v))",
            DATA[["w", "v"]].to_numpy() / DATA[["w", "v"]].sum(axis=1).to_numpy()[:, None],
        ),
    ],
)
def test_weights(term, weights):
    """A weight of zero is one: a row may have one level only."""
    np.testing.assert_allclose(groups(term).members.weights, weights, rtol=1e-15)


@pytest.mark.parametrize(
    ("change", "says", "rows"),
    [
        ({"w": [1.0, -2.0, 1.0, 1.0, -3.0, 1.0]}, "'w' of mm\\(a,b\\) is negative", [1, 4]),
        ({"w": [0.0] * 6, "v": [0.0, 1.0, 1.0, 1.0, 1.0, 0.0]}, "All weights of mm\\(a,b\\) are zero", [0, 5]),
        ({"v": list("pqpqpq")}, "The weight 'v' of mm\\(a,b\\) is no number", None),
        ({"b": [1, 1, 2, 4, 3, 2]}, "some hold numbers and others text", None),
    ],
)
def test_refused(change, says, rows):
    with pytest.raises(DataError, match=says) as found:
        groups("mm(a, b, weights=cbind(w, v))", DATA.assign(**change))
    if rows is not None:
        assert list(found.value.rows) == rows


def test_new_levels_are_marked_and_listed_once():
    new = pd.DataFrame({"a": ["s1", "new", "other"], "b": ["new", "s4", "new"]})
    (found,) = designed("mm(a, b)").schema.apply(new).predictors["y", "mu"].groups
    assert found.unseen == ("new", "other")
    np.testing.assert_array_equal(found.members.codes, [[0, -1], [-1, 3], [-1, -1]])
    np.testing.assert_array_equal(found.members.unseen, [[-1, 0], [0, -1], [1, 0]])


def test_new_data_need_all_columns():
    with pytest.raises(PredictionError, match="'b'"):
        designed("mm(a, b)").schema.apply(pd.DataFrame({"a": ["s1"]}))
