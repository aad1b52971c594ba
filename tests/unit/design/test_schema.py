"""New data are coded as the training data were, whatever their rows, order, columns and categories."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from hierlm.design import Design, build
from hierlm.errors import DataWarning, PredictionError
from hierlm.formula import parse

RNG = np.random.default_rng(4)
N = 90
DATA = pd.DataFrame(
    {
        "y": RNG.normal(size=N),
        "x": RNG.normal(size=N),
        "z": RNG.uniform(1, 2, size=N),
        "f": pd.Categorical(RNG.choice(list("abc"), size=N), categories=list("cab")),
        "h": RNG.choice(["no", "yes"], size=N),
        "flag": RNG.choice([True, False], size=N),
        "g": RNG.choice([1, 2, 10, 11], size=N),
        "k": RNG.choice(["p", "q", "r"], size=N),
    }
)
ATOMS = [
    "x",
    "z",
    "f",
    "h",
    "flag",
    "scale(x)",
    "center(z)",
    "poly(x, 2)",
    "bs(z, df=4)",
    "log(z)",
    "I(x**2)",
    "C(g)",
    "S(f)",
]
TERMS = st.one_of(
    st.sampled_from(ATOMS),
    st.tuples(st.sampled_from(ATOMS), st.sampled_from(["*", ":", "/"]), st.sampled_from(ATOMS))
    .filter(lambda t: t[0] != t[2])
    .map(" ".join),
)
SIDES = st.tuples(st.sampled_from(["0", "1"]), st.lists(TERMS, max_size=3)).map(lambda t: " + ".join([t[0], *t[1]]))
EFFECTS = st.sampled_from(["1", "x", "0 + f", "1 + x*h", "poly(x, 2)", "0 + scale(z)"])
BARS = st.lists(
    st.tuples(EFFECTS, st.sampled_from(["|", "||"]), st.sampled_from(["g", "k", "g/k", "f:k", "units"])).map(
        lambda t: f"({' '.join(t)})"
    ),
    max_size=2,
    unique=True,
)
FORMULAS = st.tuples(SIDES, BARS).map(lambda t: "y ~ " + " + ".join([t[0], *t[1]]))


def quietly(make, *arguments, **options) -> Design:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return make(*arguments, **options)


def fitted(text, data=DATA):
    return quietly(build, parse(text), data)


def assert_same(got, want, rows=slice(None), *, levels=True, units=True):
    """``got`` is ``want`` at ``rows``."""
    assert got.predictors.keys() == want.predictors.keys()
    for key, theirs in want.predictors.items():
        mine = got.predictors[key]
        assert mine.common.labels == theirs.common.labels
        np.testing.assert_allclose(mine.common.X, theirs.common.X[rows], rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(mine.common.offset, theirs.common.offset[rows])
        for g, t in zip(mine.groups, theirs.groups, strict=True):
            assert g.effects == t.effects
            np.testing.assert_allclose(g.Z, t.Z[rows], rtol=1e-12, atol=1e-12)
            if g.bar.group == "units" and not units:
                continue
            assert g.levels == t.levels
            np.testing.assert_array_equal(g.codes, t.codes[rows])
            assert g.unseen == ()


@settings(max_examples=150)
@given(FORMULAS)
def test_applied_to_the_training_data_it_is_the_training_design(text):
    design = fitted(text)
    assert_same(quietly(design.schema.apply, DATA), design)
    full = quietly(design.schema.apply, DATA, need_response=True)
    np.testing.assert_array_equal(full.responses[0].values, design.responses[0].values)


@settings(max_examples=80)
@given(FORMULAS, st.lists(st.integers(0, N - 1), min_size=1, max_size=N), st.randoms())
def test_a_row_is_coded_by_itself(text, rows, random):
    """Any rows in any order, columns and categories shuffled, the response absent."""
    design = fitted(text)
    new = DATA.iloc[rows].drop(columns="y")
    new = new[random.sample(list(new.columns), new.shape[1])]
    new["f"] = pd.Categorical(new["f"].astype(str), categories=random.sample(["a", "b", "c", "other"], 4))
    assert_same(quietly(design.schema.apply, new), design, rows, units=False)


@settings(max_examples=80)
@given(FORMULAS, st.permutations(range(N)), st.randoms())
def test_the_order_of_rows_and_columns_does_not_change_the_coding(text, order, random):
    design = fitted(text)
    columns = random.sample(list(DATA.columns), DATA.shape[1])
    assert_same(fitted(text, DATA.iloc[list(order)][columns]), design, list(order), units=False)


@settings(max_examples=60)
@given(FORMULAS)
def test_the_stored_table_rebuilds_the_design(text):
    design = fitted(text)
    again = fitted(text, design.schema.table)
    assert_same(again, design)
    for p, q in zip(again.predictors.values(), design.predictors.values(), strict=True):
        np.testing.assert_array_equal(p.common.X, q.common.X)
    np.testing.assert_array_equal(again.rows, design.rows)


def test_transforms_remember_the_training_data():
    design = fitted("y ~ scale(x) + poly(z, 2)")
    one = design.schema.apply(DATA[:1]).predictors["y", "mu"].common.X
    np.testing.assert_allclose(one, design.predictors["y", "mu"].common.X[:1])


def test_rows_dropped_in_training_do_not_shift_anything():
    holes = DATA.astype({"x": float}).copy()
    holes.loc[[0, 5], "x"] = np.nan
    holes.loc[7, "k"] = None
    design = quietly(build, parse("y ~ scale(x) + (1 | k)"), holes, missing="drop")
    kept = np.delete(np.arange(N), [0, 5, 7])
    np.testing.assert_array_equal(design.rows, kept)
    assert_same(design, fitted("y ~ scale(x) + (1 | k)", holes.iloc[kept]))


def test_splines_beyond_their_range_say_so():
    schema = fitted("y ~ bs(z, df=4)").schema
    with pytest.warns(DataWarning, match="1 values lie outside"):
        schema.apply(DATA[:2].assign(z=[1.5, 9.0]))


@pytest.mark.parametrize(
    ("right", "change", "says"),
    [
        ("f", {"f": "new"}, r"'f' has level 'new' .*\(rows 0, 1, counted from 0\)[\s\S]*levels are c, a, b"),
        ("C(g)", {"g": 99}, r"'C\(g\)' has level '99'"),
        ("h + (1 | g)", {"h": "maybe"}, "level 'maybe'"),
        ("1 + (h | g)", {"h": "maybe"}, "level 'maybe'"),
        ("I(h == 'yes')", {"h": "maybe"}, "level 'maybe'"),
        ("x", {"x": "3"}, r"'x' holds text, but held numbers .*[\s\S]*to_numeric"),
        ("f", {"f": 3}, r"'f' holds numbers, but held text .*[\s\S]*astype\(str\)"),
        ("1 + (1 | g)", {"g": "1"}, "'g' holds text, but held numbers"),
        ("flag", {"flag": 1}, r"'flag' holds numbers, but held booleans"),
        ("x", {"x": np.nan}, r"'x' has 2 missing values \(rows 0, 1"),
        ("x", {"x": np.inf}, "'x' has 2 infinite values"),
        ("1 + (1 | k)", {"k": None}, "'k' has 2 missing values"),
        ("log(z)", {"z": -1.0}, r"'log\(z\)' is missing or infinite \(rows 0, 1"),
    ],
)
def test_new_data_that_do_not_fit_are_refused(right, change, says):
    schema = fitted(f"y ~ {right}").schema
    new = DATA[:2].drop(columns=list(change)).assign(**change)
    with pytest.raises(PredictionError, match=says):
        schema.apply(new)


def test_new_data_without_a_column_are_refused_with_the_nearest_name():
    schema = fitted("y ~ x + z + (1 | g)").schema
    with pytest.raises(PredictionError, match=r"lack the columns 'z', 'g'[\s\S]*Did you mean 'zz'"):
        schema.apply(DATA[["x"]].assign(zz=1.0))
    with pytest.raises(PredictionError, match="Cannot read data from"):
        schema.apply("x")
    with pytest.raises(PredictionError, match="no rows"):
        schema.apply(DATA[:0])


def test_a_function_of_ones_own_is_used_for_new_data():
    schema = build(parse("y ~ half(x)", functions=["half"]), DATA, extra={"half": lambda v: v / 2}).schema
    got = schema.apply({"x": [4.0, 6.0]}).predictors["y", "mu"].common.X
    np.testing.assert_array_equal(got, [[1, 2], [1, 3]])


def test_several_predictors_are_all_coded():
    formula = parse(["y ~ x + (1 | g)", "sigma ~ f + (1 | g)"], parameters=["sigma"])
    design = build(formula, DATA)
    assert set(design.predictors) == {("y", "mu"), ("y", "sigma")}
    assert_same(design.schema.apply(DATA[3:9]), design, slice(3, 9))
