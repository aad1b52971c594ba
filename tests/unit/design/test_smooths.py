"""Smooths on data: constraints, scale, levels, products, new data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hierlm.design import build
from hierlm.design.smooths import SmoothCoding
from hierlm.design.splines import Natural
from hierlm.design.tensor import tensor
from hierlm.design.values import Design, PredictorDesign
from hierlm.errors import DataError, DataWarning, FormulaError, PredictionError
from hierlm.formula import parse

KEY = ("y", "mu")


def frame(n: int = 90, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {
        "y": rng.normal(size=n),
        "x": rng.uniform(2.0, 9.0, n),
        "z": rng.normal(10.0, 3.0, n),
        "w": rng.normal(size=n),
        "h": rng.uniform(0.0, 24.0, n),
        "f": np.array(list("abc"))[rng.integers(0, 3, n)],
        "ok": rng.random(n) < 0.4,
    }


def designed(right: str, data: dict[str, Any] | None = None) -> Design:
    return build(parse(f"y ~ {right}"), frame() if data is None else data)


def predictor(right: str, data: dict[str, Any] | None = None) -> PredictorDesign:
    return designed(right, data).predictors[KEY]


def coding(design: Design) -> SmoothCoding:
    return design.schema.smooths[KEY][0]


def test_free_columns_join_the_common_effects_in_the_units_of_x() -> None:
    p = predictor("w + s(x)")
    assert p.common.labels == ("Intercept", "w", "s(x):x")
    np.testing.assert_allclose(p.common.X[:, 2], frame()["x"] - frame()["x"].mean(), atol=1e-12)
    (part,) = p.smooths
    assert part.label == "s(x)" and part.Z.shape == (90, 8) and not part.Z.flags.writeable


@pytest.mark.parametrize(
    "right", ["s(x)", 's(x, bs="ps", k=15)', 's(h, bs="cc")', "t2(x, z)", "t2(x, z, w, k=4)", 's(x, bs="cr")']
)
def test_it_sums_to_zero_and_its_sd_is_that_of_its_contribution(right: str) -> None:
    """Columns sum to zero and are orthogonal to the free ones; a row's sum of squares is 1 on average."""
    p = predictor(right)
    N = p.common.X - np.append(0.0, p.common.X[:, 1:].mean(axis=0))
    np.testing.assert_allclose(p.common.X[:, 1:].mean(axis=0), 0.0, atol=1e-12)
    for part in p.smooths:
        np.testing.assert_allclose(N.T @ part.Z / np.linalg.norm(N, axis=0)[:, None], 0.0, atol=1e-9)
        assert np.mean(np.sum(part.Z**2, axis=1)) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("right", ["s(x)", 's(x, bs="ps")', 's(x, bs="cc")', "t2(x, z)", "s(x, by=f) + f"])
def test_shift_and_scale_of_x_change_nothing(right: str) -> None:
    data = frame()
    moved = {**data, "x": 1000.0 - 0.01 * data["x"], "z": 7.0 * data["z"]}
    here, there = predictor(right, data), predictor(right, moved)
    for a, b in zip(here.smooths, there.smooths, strict=True):
        np.testing.assert_allclose(b.Z @ b.Z.T, a.Z @ a.Z.T, atol=1e-7)


def test_a_factor_gives_each_level_its_own_curve() -> None:
    """What a level gets is what its rows alone would give, on the knots of all rows."""
    data = frame()
    p = predictor("f + s(x, by=f, k=6)", data)
    assert [s.label for s in p.smooths] == ["s(x, by=f):a", "s(x, by=f):b", "s(x, by=f):c"]
    spline = Natural.fit(data["x"], 6, None, None)
    for level, part in zip("abc", p.smooths, strict=True):
        own = data["f"] == level
        x = data["x"][own]
        column = p.common.X[:, p.common.labels.index(f"s(x, by=f):{level}:x")]
        np.testing.assert_allclose(column, np.where(own, data["x"] - x.mean(), 0.0), atol=1e-12)
        N = np.column_stack([np.ones(len(x)), x])
        bent = spline.wiggly(x) - N @ np.linalg.lstsq(N, spline.wiggly(x), rcond=None)[0]
        assert not part.Z[~own].any()
        np.testing.assert_allclose(part.Z[own], bent / np.sqrt(np.mean(np.sum(bent**2, axis=1))), atol=1e-9)


def test_a_boolean_by_is_a_factor() -> None:
    assert [s.label for s in predictor("ok + s(x, by=ok)").smooths] == ["s(x, by=ok):False", "s(x, by=ok):True"]


def test_numbers_multiply_the_curve_which_is_not_centred() -> None:
    data = frame()
    p, plain = predictor("s(x, by=w)", data), predictor("s(x)", data)
    assert p.common.labels == ("Intercept", "s(x, by=w):w", "s(x, by=w):x:w")
    np.testing.assert_allclose(p.common.X[:, 1], data["w"])
    np.testing.assert_allclose(p.common.X[:, 2], data["w"] * plain.common.X[:, 1], atol=1e-12)
    np.testing.assert_allclose(p.smooths[0].Z, data["w"][:, None] * plain.smooths[0].Z, atol=1e-12)


def test_products_fall_apart_as_their_margins_do() -> None:
    """Σ over the parts of ZZ' and NN' is the product of the margins' (N_jN_j' + Z_jZ_j')."""
    data = frame()
    margins = coding(designed("t2(x, z, h, k=5, bs=c('tp', 'ps', 'cc'))", data)).pieces[0].margins
    values = [data[v] for v in "xzh"]
    free, parts = tensor(margins, values)
    assert [Z.shape[1] for Z in parts] == [3 * 2, 2 * 3, 2 * 2 * 3, 3 * 3, 3 * 2 * 3, 2 * 3 * 3, 27]
    whole = np.ones((90, 90))
    for margin, x in zip(margins, values, strict=True):
        N, Z = margin.straight(x), margin.bent(x)
        whole *= N @ N.T + Z @ Z.T
    np.testing.assert_allclose(free @ free.T + sum(Z @ Z.T for Z in parts), whole, rtol=1e-9, atol=1e-9)


def test_a_surface_has_one_part_for_each_way_to_bend() -> None:
    p = predictor("t2(x, z)")
    assert p.common.labels == ("Intercept", "t2(x, z):x", "t2(x, z):z", "t2(x, z):x:z")
    assert [(s.label, s.Z.shape[1]) for s in p.smooths] == [("t2(x, z):x", 6), ("t2(x, z):z", 6), ("t2(x, z):x:z", 9)]


@pytest.mark.parametrize(
    "right",
    [
        "s(x)",
        "s(log(x), k=6)",
        "f + s(x, by=f)",
        "s(x, by=w)",
        "t2(x, scale(z))",
        's(h, bs="cc", lower_bound=0, upper_bound=24)',
    ],
)
def test_new_rows_are_coded_as_in_training(right: str) -> None:
    """A row's columns depend on that row alone, whatever its neighbours."""
    data = frame()
    design = designed(right, data)
    chosen = np.array([40, 3, 77])
    new = design.schema.apply({k: v[chosen] for k, v in data.items()}).predictors[KEY]
    np.testing.assert_allclose(new.common.X, design.predictors[KEY].common.X[chosen], atol=1e-12)
    for a, b in zip(new.smooths, design.predictors[KEY].smooths, strict=True):
        np.testing.assert_allclose(a.Z, b.Z[chosen], atol=1e-12)


def test_beyond_the_data_it_warns_with_rows_and_goes_straight_on() -> None:
    schema = designed("s(x)").schema
    with pytest.warns(DataWarning, match=r"s\(x\): 2 values of 'x' beyond \[2.\d+, 8.\d+\].*rows 1, 3.*straight line"):
        new = schema.apply({"x": [5.0, 12.0, 3.0, 13.0]}).predictors[KEY]
    with pytest.warns(DataWarning):
        more = schema.apply({"x": [12.0, 13.0, 14.0]}).predictors[KEY].smooths[0].Z
    np.testing.assert_allclose(more[2] - more[1], more[1] - more[0], atol=1e-9)
    np.testing.assert_allclose(new.smooths[0].Z[[1, 3]], more[:2], atol=1e-12)


def test_beyond_the_rows_of_its_level_counts_as_beyond() -> None:
    data = frame()
    data["x"] = np.where(data["f"] == "a", data["x"] / 2, data["x"])
    schema = designed("f + s(x, by=f)", data).schema
    with pytest.warns(DataWarning, match=r"s\(x, by=f\):a: 1 value.*\(row 0,"):
        schema.apply({"x": [8.0, 8.0], "f": ["a", "b"]})


def test_a_cyclic_smooth_has_no_beyond() -> None:
    schema = designed('s(h, bs="cc", lower_bound=0, upper_bound=24)').schema
    Z = schema.apply({"h": [1.0, 25.0, -23.0]}).predictors[KEY].smooths[0].Z
    np.testing.assert_allclose(Z[1:], Z[[0, 0]], atol=1e-9)


def test_sizes_follow_the_data_where_nothing_is_said() -> None:
    data = frame()
    data["x"] = np.round(data["x"])
    values = len(np.unique(data["x"]))
    assert values < 10 and predictor("s(x)", data).smooths[0].Z.shape[1] == values - 2
    assert predictor("s(z)", data).smooths[0].Z.shape[1] == 8


def test_curves_of_levels_that_nothing_tells_apart_are_warned_of() -> None:
    with pytest.warns(DataWarning, match=r"zero on average.*add f, or \(1 \| f\)"):
        designed("s(x, by=f)")
    designed("f + s(x, by=f)")
    designed("s(x, by=f) + (1 | f)")


def _with(**columns: Any) -> dict[str, Any]:
    return {**frame(), **columns}


REFUSED: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "three values": (
        "s(x)",
        _with(x=np.arange(90.0) % 3),
        "at least 4 different values of 'x', and there are 3",
        "C(x)",
    ),
    "k above the values": (
        "s(x, k=8)",
        _with(x=np.arange(90.0) % 6),
        "8, its k, different values of 'x', and there are 6",
        "k=6",
    ),
    "constant": ("s(x)", _with(x=np.ones(90)), "no range", "Leave"),
    "text": ("s(f)", frame(), "not numeric", "numeric column"),
    "one level": ("s(x, by=f)", _with(f=np.array(["a"] * 90)), "only the level 'a'", "Leave it out"),
    "no rows differ in a level": (
        "f + s(x, by=f)",
        _with(x=np.where(frame()["f"] == "a", 3.0, frame()["x"])),
        "one value only where f is 'a'",
        "Leave",
    ),
    "two values in a level": (
        "f + s(x, by=f)",
        _with(x=np.where(frame()["f"] == "a", np.where(frame()["w"] > 0, 3.0, 4.0), frame()["x"])),
        "cannot bend in x: there are too few different values where f is 'a'",
        "straight line",
    ),
    "by is zero": ("s(x, by=w)", _with(w=np.zeros(90)), "0 in every row", "Leave"),
    "bounds": ('s(h, bs="cc", lower_bound=30)', frame(), "no range for a curve", "bounds"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    right, data, what, remedy = REFUSED[name]
    with pytest.raises(DataError) as raised:
        designed(right, data)
    assert what in raised.value.message and remedy in str(raised.value.hint)


def test_missing_values_are_refused_by_column_and_row() -> None:
    data = frame()
    data["x"][7] = np.nan
    with pytest.raises(DataError, match=r"'x' has 1 missing value \(row 7"):
        designed("s(x)", data)


def test_a_level_that_training_did_not_have_is_refused() -> None:
    schema = designed("f + s(x, by=f)").schema
    with pytest.raises(PredictionError, match="'d'"):
        schema.apply({"x": [5.0], "f": ["d"]})


def test_an_unknown_column_is_named_with_a_caret() -> None:
    with pytest.raises(FormulaError, match=r"no column 'xx'(.|\n)*\^\^"):
        designed("s(xx)")
