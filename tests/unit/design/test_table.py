"""Whatever frame the data come in, the same columns come out."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from hierlm.design import Table, build, read_table
from hierlm.errors import DataError
from hierlm.formula import parse

PLAIN = pd.DataFrame(
    {
        "y": [1.5, 2.0, -1.0, 4.0, 2.5, 3.5],
        "n": [3, 1, 2, 5, 4, 6],
        "text": ["b", "a", "c", "a", "b", "c"],
        "flag": [True, False, True, True, False, False],
        "id": [10, 9, 308, 9, 10, 308],
    }
)


def frames():
    yield "pandas", PLAIN
    yield "pandas object", PLAIN.astype({"text": object})
    yield "pandas nullable", PLAIN.convert_dtypes()
    yield "pandas on pyarrow", PLAIN.convert_dtypes(dtype_backend="pyarrow")
    yield "polars", pl.DataFrame(PLAIN.to_dict("list"))
    yield "pyarrow", pa.table(PLAIN.to_dict("list"))
    yield (
        "pyarrow chunked",
        pa.concat_tables([pa.table(PLAIN[:2].to_dict("list")), pa.table(PLAIN[2:].to_dict("list"))]),
    )
    yield "dict of lists", PLAIN.to_dict("list")
    yield "dict of arrays", {c: PLAIN[c].to_numpy() for c in PLAIN}
    yield "dict of series", {c: pl.Series(PLAIN[c].to_list()) for c in PLAIN}


@pytest.mark.parametrize("frame", [pytest.param(f, id=i) for i, f in frames()])
def test_all_frames_give_the_same_design(frame):
    formula = parse("y ~ n + text + flag + (1 + n | id) + (1 | text)")
    got, want = build(formula, frame), build(formula, PLAIN)
    for key, predictor in want.predictors.items():
        assert got.predictors[key].common.labels == predictor.common.labels
        np.testing.assert_array_equal(got.predictors[key].common.X, predictor.common.X)
        for mine, theirs in zip(got.predictors[key].groups, predictor.groups, strict=True):
            assert mine.levels == theirs.levels
            np.testing.assert_array_equal(mine.codes, theirs.codes)
            np.testing.assert_array_equal(mine.Z, theirs.Z)
    np.testing.assert_array_equal(got.responses[0].values, PLAIN["y"])


DECLARED = ["w", "v", "u"]
VALUES = ["u", "v", "u", "w"]


def test_category_order_is_the_one_declared():
    categorical = pd.Categorical(VALUES, categories=DECLARED)
    for native in (
        categorical,
        pd.CategoricalIndex(categorical),
        pa.array(categorical),
        pd.Series(categorical),
        pd.Series(pd.Categorical(VALUES, categories=DECLARED, ordered=True)),
        pl.Series(VALUES, dtype=pl.Enum(DECLARED)),
        pa.chunked_array([pa.array(categorical)]),
    ):
        column = read_table({"f": native}, ["f"])["f"]
        assert column.levels == tuple(DECLARED)
        assert [column.levels[c] for c in column.values] == VALUES


def test_a_polars_categorical_has_no_order_of_its_own_and_is_sorted():
    column = read_table({"f": pl.Series(VALUES, dtype=pl.Categorical)}, ["f"])["f"]
    assert column.levels == ("u", "v", "w")


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        (pd.Categorical([10, 9, 10]), ("9", "10")),
        (pd.Categorical([1.5, 0.5, 1.5]), ("0.5", "1.5")),
        (np.array([True, False, True]), ("False", "True")),
        (np.array([True, None, False], dtype=object), ("False", "True")),
        (["b", None, "A"], ("A", "b")),
        (["10", "9", "b"], ("10", "9", "b")),
    ],
)
def test_levels(values, levels):
    assert read_table({"f": values}, ["f"])["f"].levels == levels


@pytest.mark.parametrize(
    "values",
    [
        [1, None, 3],
        pd.Series([1, None, 3], dtype="Int64"),
        pd.Series([1.0, np.nan, 3.0]),
        pd.Series([1, None, 3], dtype=object),
        pl.Series([1, None, 3]),
        pa.chunked_array([[1, None, 3]]),
        np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0]).filled(np.nan),
    ],
)
def test_missing_numbers_are_nan(values):
    column = read_table({"x": values}, ["x"])["x"]
    np.testing.assert_array_equal(column.values, [1, np.nan, 3])
    np.testing.assert_array_equal(column.missing, [False, True, False])


@pytest.mark.parametrize(
    "values",
    [
        pd.Series(["a", None, "b"]),
        pd.Series(["a", np.nan, "b"], dtype=object),
        pd.Categorical(["a", None, "b"]),
        pl.Series(["a", None, "b"]),
        pa.chunked_array([["a", None, "b"]]),
        pa.chunked_array([pa.array(["a", None, "b"]).dictionary_encode()]),
    ],
)
def test_missing_text_has_code_minus_one(values):
    column = read_table({"f": values}, ["f"])["f"]
    assert column.levels == ("a", "b")
    np.testing.assert_array_equal(column.values, [0, -1, 1])


def test_only_the_needed_columns_are_looked_at_and_they_are_copied():
    data = {
        "y": np.array([1.0, 2.0, 4.0]),
        "x": np.array([1.0, 0.0, 1.0]),
        "odd": object(),
        "dates": pd.date_range("2020", periods=2),
    }
    design = build(parse("y ~ x"), data)
    data["x"][:] = 9
    np.testing.assert_array_equal(design.predictors["y", "mu"].common.X[:, 1], [1, 0, 1])
    with pytest.raises(ValueError, match="read-only"):
        design.schema.table["x"].values[0] = 1


def test_index_and_column_order_are_ignored():
    shuffled = PLAIN[PLAIN.columns[::-1]].set_index(pd.Index([5, 5, 1, 1, 0, 0]))
    formula = parse("y ~ n + (1 | id)")
    np.testing.assert_array_equal(
        build(formula, shuffled).predictors["y", "mu"].common.X, build(formula, PLAIN).predictors["y", "mu"].common.X
    )


def test_a_table_can_be_stored_in_parts_and_read_again():
    table = read_table(
        PLAIN.assign(f=pd.Categorical(PLAIN["text"], categories=list("cab"), ordered=True)), ["y", "text", "flag", "f"]
    )
    again = Table.from_parts(json.loads(json.dumps(table.describe())), table.arrays(), table.rows)
    assert again.same_as(table)
    assert table.same_as(again)
    assert again["f"].ordered
    assert [c.levels for c in again.columns.values()] == [c.levels for c in table.columns.values()]


def test_a_damaged_table_is_refused():
    table = read_table(PLAIN, ["text"])
    with pytest.raises(DataError, match="outside its levels"):
        Table.from_parts(table.describe(), {"text": np.array([0, 1, 2, 3, 1, 1])}, table.rows)
    with pytest.raises(DataError, match="has 1 rows"):
        Table.from_parts(table.describe(), {"text": np.array([0])}, table.rows)


def test_a_repeated_name_that_nobody_needs_is_no_hindrance():
    table = pa.Table.from_pandas(PLAIN).append_column("n", pa.array([0] * 6))
    np.testing.assert_array_equal(build(parse("y ~ id"), table).responses[0].values, PLAIN["y"])
    with pytest.raises(DataError, match="2 columns called 'n'"):
        build(parse("y ~ n"), table)
