"""Data that cannot be modelled as asked are refused in under a second: column, rows and remedy are named."""

from __future__ import annotations

import datetime
import decimal
import re
import time

import numpy as np
import pandas as pd
import polars as pl
import pytest

from hierlm.design import build
from hierlm.errors import DataError, DataWarning, FormulaError
from hierlm.formula import parse

N = 40
RNG = np.random.default_rng(5)
GOOD = pd.DataFrame(
    {
        "y": RNG.normal(size=N),
        "x": RNG.normal(size=N),
        "f": RNG.choice(["a", "b"], size=N),
        "g": RNG.choice(["u", "v", "w"], size=N),
    }
)


def with_cell(column: str, row: int, value: object) -> pd.DataFrame:
    return GOOD.assign(**{column: [value if i == row else v for i, v in enumerate(GOOD[column])]})


def with_column(column: str, values: object) -> pd.DataFrame:
    return GOOD.assign(**{column: values})


# ruff: noqa: E501
REFUSED = {
    "NaN in y": ("y ~ x", with_cell("y", 7, np.nan), "y", (7,), "1 missing value", 'missing="drop"'),
    "NaN in x": ("y ~ x", with_cell("x", 3, np.nan), "x", (3,), "1 missing value", 'missing="drop"'),
    "None in a factor": ("y ~ f", with_cell("f", 3, None), "f", (3,), "1 missing value", 'missing="drop"'),
    "None in a group": ("y ~ 1 + (1 | g)", with_cell("g", 9, None), "g", (9,), "1 missing value", 'missing="drop"'),
    "inf in y": ("y ~ x", with_cell("y", 2, np.inf), "y", (2,), "1 infinite value", 'missing="drop"'),
    "-inf in x": ("y ~ x", with_cell("x", 2, -np.inf), "x", (2,), "1 infinite value", 'missing="drop"'),
    "NaN in weights": ("y | weights(x) ~ 1", with_cell("x", 2, np.nan), "x", (2,), "missing", 'missing="drop"'),
    "NaN in an offset": ("y ~ offset(x)", with_cell("x", 2, np.nan), "x", (2,), "missing", 'missing="drop"'),
    "log of zero": ("y ~ log(x)", with_column("x", np.arange(N)), "log(x)", (0,), "infinite", "positive"),
    "log of negative response": ("log(y) ~ x", with_column("y", np.arange(N) - 1.0), "log(y)", (0, 1), "infinite", "positive"),
    "division by zero": ("y ~ I(1 / x)", with_cell("x", 5, 0.0), "I(1 / x)", (5,), "infinite", "denominator"),
    "one-level factor": ("y ~ f", with_column("f", "a"), "f", (), "only the level 'a'", "filter"),
    "one-level boolean": ("y ~ f", with_column("f", True), "f", (), "only the level 'True'", "filter"),
    "one-level slope": ("y ~ 1 + (f | g)", with_column("f", "a"), "f", (), "only the level 'a'", "filter"),
    "one-level group": ("y ~ 1 + (1 | g)", with_column("g", "u"), "g", (), "only the level 'u'", "filter"),
    "fractional group": ("y ~ 1 + (1 | x)", GOOD, "x", tuple(range(N)), "fractional", "slope"),
    "fractional cells": ("y ~ 1 + (1 | g:x)", GOOD, "x", tuple(range(N)), "fractional", "slope"),
    "dates": ("y ~ x", with_column("x", pd.date_range("2020", periods=N)), "x", (), "dates", "days since"),
    "durations": ("y ~ x", with_column("x", pd.to_timedelta(range(N), unit="D")), "x", (), "dates or times", "days"),
    "dates in objects": (
        "y ~ x", with_cell("x", 4, datetime.date(2020, 1, 1)).astype({"x": object}), "x", (4,), "date objects", "One value",
    ),
    "complex": ("y ~ x", with_column("x", np.full(N, 1j)), "x", (), "complex", "real part"),
    "lists": ("y ~ x", with_cell("x", 6, [1, 2]), "x", (6,), "list objects", "One value a cell"),
    "decimals": ("y ~ x", with_column("x", [decimal.Decimal(i) for i in range(N)]), "x", tuple(range(N)), "Decimal", "numbers"),
    "mixed": ("y ~ x", with_cell("x", 8, "missing"), "x", (8,), "mixes numbers and text", "pd.to_numeric"),
    "large integers": ("y ~ x", with_column("x", np.arange(N) + 2**60), "x", (), "2^53", "astype(str)"),
    "large identifiers": ("y ~ 1 + (1 | g)", with_column("g", np.arange(N) // 9 + 2**60), "g", (), "2^53", "astype(str)"),
    "text in arithmetic": ("y ~ log(f)", GOOD, "f", (), "not numeric", "numeric column"),
    "text as weights": ("y | weights(f) ~ 1", GOOD, "f", (), "not numeric", "numeric column"),
    "level that is not there": ("y ~ I(f == 'c')", GOOD, "f", (), "no level 'c'", "Known: a, b"),
    "base that is not there": ("y ~ C(f, Treatment('c'))", GOOD, "C(f, Treatment('c'))", (), "no level 'c'", "Known: a, b"),
    "poly of two values": ("y ~ poly(x, 2)", with_column("x", np.arange(N) % 2), None, (), "different values", "lower degree"),
    "scale of a constant": ("y ~ scale(x)", with_column("x", 1.0), None, (), "divides by zero", "Leave"),
    "spline of a constant": ("y ~ bs(x, df=4)", with_column("x", 1.0), None, (), "no range", "Leave"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*redundant")
@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    formula, data, column, rows, says, remedy = REFUSED[case]
    start = time.perf_counter()
    with pytest.raises(DataError) as caught:
        build(parse(formula), data)
    assert time.perf_counter() - start < 1
    error = caught.value
    assert error.column == column
    assert error.rows == rows
    assert says in str(error)
    assert remedy in str(error)
    if column:
        assert repr(column) in str(error) or column in str(error)
    if rows:
        assert f"{'row' if len(rows) == 1 else 'rows'} {rows[0]}" in str(error)


def test_an_unknown_column_is_shown_with_a_caret_and_the_nearest_name():
    with pytest.raises(FormulaError, match=r"'Dys'[\s\S]*y ~ x \+ Dys\n +\^\^\^\nDid you mean 'Days'") as caught:
        build(parse("y ~ x + Dys"), GOOD.assign(Days=1.0))
    assert caught.value.start == 8


@pytest.mark.parametrize(
    "text",
    ["y ~ q", "q ~ x", "y ~ 1 + (1 | q)", "y ~ 1 + (q | g)", "y | weights(q) ~ 1", "y ~ offset(q)", "y ~ log(q)"],
)
def test_unknown_columns_are_found_wherever_they_stand(text):
    with pytest.raises(FormulaError, match="'q'") as caught:
        build(parse(text), GOOD)
    assert text[caught.value.start] == "q"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (GOOD.iloc[:0], "no rows"),
        (pl.DataFrame(GOOD.to_dict("list")).lazy(), r"\.collect\(\)"),
        ([1, 2, 3], "Cannot read data from a 'list'"),
        (None, "Cannot read data"),
        ("data.csv", "Cannot read data from a 'str'"),
        (GOOD["y"], "Cannot read data"),
        ({"y": [1.0, 2.0], "x": [1.0]}, "'x' has 1 rows where others have 2"),
        ({"y": 1.0, "x": [1.0]}, "'y' is not one value a row"),
        ({"y": np.zeros((2, 2)), "x": [1.0, 2.0]}, "'y' is not one value a row"),
        (pd.concat([GOOD, GOOD[["x"]]], axis=1), r"2 columns called 'x'\.\nRename or drop"),
    ],
)
def test_data_that_are_no_table_are_refused(data, says):
    with pytest.raises(DataError, match=says):
        build(parse("y ~ x"), data)


def test_a_repeated_column_that_is_not_used_does_not_matter():
    build(parse("y ~ x"), pd.concat([GOOD, GOOD[["f"]]], axis=1))


def test_missing_rows_are_dropped_with_counts_when_asked():
    data = with_cell("x", 3, np.nan)
    data.loc[5, "y"] = np.inf
    data.loc[5, "g"] = None
    with pytest.warns(
        DataWarning,
        match=re.escape(
            "Dropped 2 of 40 rows with missing or infinite values: y (1 infinite), x (1 missing), g (1 missing)."
        ),
    ):
        design = build(parse("y ~ x + (1 | g)"), data, missing="drop")
    assert design.n == N - 2
    assert not set(design.rows) & {3, 5}


def test_rows_are_those_of_the_users_data_even_after_dropping():
    data = with_cell("y", 0, np.nan).assign(x=np.where(np.arange(N) == 9, -1.0, 1.0 + np.arange(N)))
    with pytest.warns(DataWarning), pytest.raises(DataError) as caught:
        build(parse("y ~ log(x)"), data, missing="drop")
    assert caught.value.rows == (9,)


def test_nothing_left_is_an_error():
    with pytest.raises(DataError, match=r"No complete row is left: x \(40 missing\)"):
        build(parse("y ~ x"), GOOD.assign(x=np.nan), missing="drop")
    with pytest.raises(DataError, match="missing='ignore'"):
        build(parse("y ~ x"), GOOD, missing="ignore")


def test_a_numeric_column_read_as_text_is_suspected():
    text = [f"{v:.4f}" for v in GOOD["x"]]
    text[3] = "n/a"
    with pytest.warns(
        DataWarning, match=r"'x' is text with 40 levels in 40 rows, among them 'n/a'[\s\S]*pd\.to_numeric"
    ):
        build(parse("y ~ x"), GOOD.assign(x=text))
    with pytest.warns(DataWarning, match="look like measurements"):
        build(parse("y ~ 1 + (1 | x)"), GOOD.assign(x=[f"{v:.4f}" for v in GOOD["x"]]))


@pytest.mark.filterwarnings("error")
def test_identifiers_with_a_level_a_row_are_not_suspected():
    build(parse("y ~ x + (1 | obs)"), GOOD.assign(obs=[str(i) for i in range(N)]))


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda v: v - v.mean(), "gives a row another value when other rows are left out"),
        (lambda v: np.arange(len(v))[::-1], "gives a row another value"),
        (lambda v: v[:3], "one a row"),
        (lambda v: 1.0, "one a row"),
        (lambda v: ["a"] * len(v), "must return numbers"),
        (lambda v, w: v, "Cannot compute"),
    ],
)
def test_functions_of_ones_own_must_treat_rows_by_themselves(function, says):
    with pytest.raises(DataError, match=says):
        build(parse("y ~ own(x)", functions=["own"]), GOOD, extra={"own": function})


@pytest.mark.parametrize("right", ["I(x - mean(x))", "I(x - np.mean(x))", "I(x / max(x))", "cumsum(x)"])
def test_summaries_of_a_column_are_refused(right):
    with pytest.raises(FormulaError):
        build(parse(f"y ~ {right}"), GOOD)


def test_the_callers_frame_is_never_searched():
    hidden = np.ones(N)
    with pytest.raises(FormulaError, match="'hidden'"):
        build(parse("y ~ x + hidden"), GOOD)
    assert hidden.sum() == N
