"""Columns and calls that a design cannot be made of, and values that look as if they meant something else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import hierlm as hl
from hierlm.design import build, read_table
from hierlm.errors import DataError, DataWarning, FormulaError, HierlmError, PredictionError
from hierlm.formula import parse

N = 12
DATA = pd.DataFrame(
    {
        "y": np.sin(np.arange(N)),
        "x": np.linspace(0.5, 3.0, N),
        "f": np.resize(list("abc"), N),
        "g": np.repeat(list("pqr"), 4),
        "same": 1.0,
    }
)


def designed(right: str, data: Any = DATA, **more: Any) -> Any:
    return build(parse(f"y ~ {right}", **more), data)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (np.arange(N) * 1j, "complex numbers(.|\n)*real part"),
        (pd.date_range("2026-01-01", periods=N), "dates or times(.|\n)*dt.days"),
        ([[1, 2]] * N, "list objects(.|\n)*One value a cell"),
        ([{"a": 1}] * N, "dict objects|several values"),
        ([2**60, *range(N - 1)], "beyond 2"),
        (pd.Series([2**60, *range(N - 1)], dtype=object), "beyond 2"),
        (pd.Categorical(np.resize([1.0, 1.0 + 1e-17, 2.0], N)), ""),
    ],
)
def test_columns_of_other_kinds(values: Any, says: str) -> None:
    data = {c: DATA[c].to_numpy() for c in DATA} | {"x": values}
    if says:
        with pytest.raises(DataError, match=says) as raised:
            read_table(data, ["x"])
        assert raised.value.column == "x"
    else:
        read_table(data, ["x"])


def test_categories_that_read_the_same_are_refused() -> None:
    categories = pd.Index(["1", 1], dtype=object)
    column = pd.Categorical.from_codes(np.resize([0, 1], N), categories=categories)
    with pytest.raises(DataError, match="different categories that read the same"):
        read_table(DATA.assign(x=column), ["x"])


def test_a_table_that_was_read_is_read_again_as_it_is() -> None:
    table = read_table(DATA, ["y", "f"])
    again = read_table(table, ["f"])
    assert again.columns["f"] is table.columns["f"]


@pytest.mark.parametrize(
    ("right", "says"),
    [
        ("I(-f)", "'f' is not numeric"),
        ("I(-x) + I(+x)", ""),
        ("log(1)", "names no column"),
        ("log(f)", "'f' is not numeric"),
        ("frobnicate(x)", "not a function that a formula may call"),
        ("mean(x)", "depends on all rows, so new data would be coded differently"),
        ("bs(same, df=4)", "constant column has no range"),
        ("bs(x, df=60)", "cannot make 60 columns of 12 different values"),
        ("bs(x, df=2)", "df to be a whole number ≥ 3"),
        ("bs(x, degree=True)", "'degree' must be a whole number"),
        ("bs(x, knots=1.5)", "no argument 'knots' here"),
        ("C(x, 'b')", "Treatment"),
        ("offset(poly(x, 2))", "not one number a row"),
        ("(0 | g)", "No effect is left to vary by group"),
    ],
)
@pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")
def test_calls_that_mean_nothing(right: str, says: str) -> None:
    if says:
        with pytest.raises(HierlmError, match=says):
            designed(right)
    else:
        designed(right)


def test_the_columns_of_a_spline_add_up_to_one() -> None:
    """With its intercept; without, to what the first column lacks."""
    whole = designed("0 + bs(x, df=5, intercept=True)").predictors["y", "mu"].common.X
    rest = designed("0 + bs(x, df=5, degree=3)").predictors["y", "mu"].common.X
    assert whole.shape == rest.shape == (N, 5)
    np.testing.assert_allclose(whole.sum(axis=1), 1.0)
    assert (rest.sum(axis=1) <= 1 + 1e-12).all()
    assert rest.sum(axis=1).min() < 0.5


def test_numbers_become_levels_in_their_order() -> None:
    numbers = designed("C(t)", DATA.assign(t=np.resize([10, 2, 3.5], N))).predictors["y", "mu"].common
    assert numbers.labels[1:] == ("C(t)[3.5]", "C(t)[10]")


def test_cells_that_read_the_same_are_refused() -> None:
    data = DATA.assign(a=np.resize(["p:q", "p"], N), b=np.resize(["r", "q:r"], N))
    with pytest.raises(DataError, match="Different cells of 'a:b' have the same label"):
        designed("1 + (1 | a:b)", data)


@pytest.mark.parametrize("code", [-99.0, 999.0])
def test_a_number_far_from_all_others_may_stand_for_nothing(code: float) -> None:
    x = DATA["x"].to_numpy().copy()
    x[[2, 5]] = code
    with pytest.warns(DataWarning, match=rf"'x' is {code:g} in 2 rows \(rows 2, 5, .* stand for a missing value"):
        designed("x", DATA.assign(x=x))
    designed("1 + (1 | x)", DATA.assign(x=np.resize([1, 2, 3, 999], N)))  # a label means nothing


@pytest.mark.parametrize(
    ("levels", "says"), [(["a", "a ", "b"], "'a' and 'a ' of 'f' differ in blanks"), (["a", "", "b"], "an empty text")]
)
def test_levels_that_differ_in_blanks_are_said(levels: list[str], says: str) -> None:
    with pytest.warns(DataWarning, match=says):
        designed("f", DATA.assign(f=np.resize(levels, N)))


def test_columns_without_names_and_an_index() -> None:
    with pytest.raises(HierlmError, match="no column whose name is text"):
        build(parse("y ~ x"), pd.DataFrame(np.eye(3)))
    with pytest.raises(HierlmError, match=r"'x' is the index of the data: use .reset_index"):
        build(parse("y ~ x"), DATA.set_index("x"))


def test_tables_that_are_elsewhere_say_how_to_get_them() -> None:
    class Lazy:
        def collect(self) -> None: ...

    class Query:
        def to_dataframe(self) -> None: ...

    for value, says in ((Lazy(), r"\.collect\(\)"), (Query(), r"\.to_dataframe\(\)"), (7, "pandas, polars or pyarrow")):
        with pytest.raises(DataError, match=says):
            build(parse("y ~ x"), value)


def test_a_relation_of_cells_is_refused() -> None:
    K = pd.DataFrame(np.eye(3), index=list("pqr"), columns=list("pqr"))
    with pytest.raises((FormulaError, DataError), match="between the levels of a single column"):
        hl.Model("y ~ 1 + known(1 | g:f, K)", DATA, matrices={"K": K})


def test_predictions_that_need_what_is_left_out() -> None:
    schema = designed("x + (1 | g)").schema
    with pytest.raises(PredictionError):
        schema.apply({"x": ["a"], "g": ["p"]})


def test_many_places_in_few_rows_are_said() -> None:
    rng = np.random.default_rng(1)
    data = {"k": np.arange(40) % 3, "g": np.repeat(np.arange(20), 2).astype(str), "t": rng.uniform(size=40)}
    with pytest.warns(DataWarning, match="40 positions in all × 20 blocks are 800 values"):
        hl.Model("k ~ 1", data, "poisson", residual="car1(t | g)")
    with pytest.raises(DataError, match="no level of 'g' has two rows"):
        hl.Model("k ~ 1", data | {"g": np.arange(40).astype(str)}, "poisson", residual="car1(t | g)")


def test_lists_of_polars_are_several_values_a_cell() -> None:
    with pytest.raises(DataError, match=r"several values a cell(.|\n)*One value a cell"):
        read_table({"x": pl.Series([[1, 2]] * N)}, ["x"])


def test_sparse_numbers_and_booleans_among_objects_are_read() -> None:
    sparse = read_table(DATA.assign(x=pd.arrays.SparseArray(np.resize([0.0, 0, 2], N))), ["x"]).columns["x"]
    np.testing.assert_array_equal(sparse.values, np.resize([0, 0, 2], N))
    flags = read_table({"x": np.resize(np.array([True, False, None], dtype=object), N)}, ["x"]).columns["x"]
    assert flags.values.tolist() == [1, 0, -1] * 4
    assert flags.levels == ("False", "True")


@pytest.mark.parametrize("values", [[1.0, 2, 999], [-99.0, -98, -97, -96], [0.0, 500, 998, 999]])
def test_numbers_that_may_mean_themselves_are_not_suspected(values: list[float]) -> None:
    designed("x", DATA.assign(x=np.resize(values, N)))
