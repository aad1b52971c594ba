"""Promises of designs that are seldom asked for: each is a line of a message, or a value that is easily lost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.design import build
from hierlm.design.column import read_column
from hierlm.errors import DataWarning, HierlmError, PredictionError
from hierlm.formula import parse

N = 12
DATA = pd.DataFrame(
    {
        "y": np.sin(np.arange(N)),
        "k": np.arange(N) % 3,
        "x": np.linspace(0.5, 3.0, N),
        "flag": np.resize([True, False], N),
        "f": np.resize(list("abc"), N),
        "g": np.repeat(list("pqr"), 4),
        "s": np.resize(["t1", "t2", "t3", "t4"], N),
    }
)
K = pd.DataFrame(np.eye(3), index=list("pqr"), columns=list("pqr"))


def X(right: str, data: Any = DATA) -> Any:
    return build(parse(f"y ~ 0 + {right}"), data).predictors["y", "mu"].common.X[:, 0]


def test_a_column_is_read_once() -> None:
    column = read_column("x", DATA["x"])
    assert read_column("x", column) is column
    empty = read_column("x", pd.Series([None] * N, dtype=object))
    assert len(empty.values) == N


def test_arithmetic_of_booleans_signs_and_calls_of_numpy() -> None:
    flag, x = DATA["flag"].to_numpy(float), DATA["x"].to_numpy()
    np.testing.assert_array_equal(X("I(2 * flag)"), 2 * flag)
    np.testing.assert_array_equal(X("I(+x)"), x)
    np.testing.assert_array_equal(X("I(-x)"), -x)
    np.testing.assert_array_equal(X("{x + 1}"), x + 1)
    np.testing.assert_allclose(X("np.log(x)"), np.log(x))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"formula": "y ~ ar1(0 + x | g)"}, r"needs the levels of one factor(.|\n)*ar1\(0 \+ C\(x\) \| g\)"),
        ({"formula": "y ~ ar1(1 + f | g)"}, r"needs the levels of one factor(.|\n)*ar1\(0 \+ f \| g\), f a factor"),
        ({"formula": "y ~ exp(1 + x | g)"}, "has coordinates on its left side"),
        ({"formula": "y ~ exp(x + f | g)"}, r"coordinate of exp\(\) is a number, and 'f' is none"),
        ({"formula": "y ~ known(1 | f, K)", "matrices": {"K": K}}, "'a', 'b', 'c'"),
        ({"formula": "y ~ 1 + (1 | gr(g, by=f))"}, r"has rows of several levels of 'f'"),
        ({"formula": "poly(x, 2) ~ 1"}, "one number a row|left side|response"),
        ({"formula": "y ~ 1", "residual": "car1(poly(x, 2) | g)"}, "poly"),
        ({"formula": "y ~ log()"}, "log"),
    ],
)
@pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")
def test_what_is_asked_of_columns(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(HierlmError, match=says):
        hl.Model(data=DATA, **arguments)


def test_text_that_counts_in_its_order_needs_no_declaration() -> None:
    """t1 … t4 are in order; levels that are no numbers have no distances to warn of."""
    model = hl.Model("y ~ 1 + ar1(0 + s | g)", DATA)
    assert model.groups["g"][0].effects == tuple(f"s[t{i}]" for i in range(1, 5))


def test_two_columns_of_one_name_are_refused() -> None:
    data = DATA.assign(**{"f[b]": 1.5 * DATA["x"]})
    with pytest.raises(HierlmError, match=r"f\[b\]"):
        build(parse("y ~ f + `f[b]`"), data)


def test_unseen_levels_are_refused_where_that_is_asked_for() -> None:
    schema = hl.Model("y ~ x + (1 | g)", DATA).design.schema
    new = {"x": [1.0], "g": ["never"]}
    assert schema.apply(new).predictors["y", "mu"].groups[0].unseen == ("never",)
    with pytest.raises(PredictionError, match="never"):
        schema.apply(new, new_levels_ok=False)


def test_a_mapping_of_which_nothing_is_needed_has_its_rows() -> None:
    schema = build(parse("y ~ 1"), DATA).schema
    assert schema.apply({"whatever": [1, 2, 3]}).n == 3


def test_categories_of_an_ordinal_response_that_no_row_has_stay() -> None:
    data = DATA.assign(k=pd.Categorical(np.resize(["lo", "hi"], N), ["lo", "mid", "hi"], ordered=True))
    with pytest.warns(DataWarning, match="No row of 'k' is in category 'mid'"):
        model = hl.Model("k ~ x", data, "cumulative")
    assert model.responses[0].categories == ("lo", "mid", "hi")
