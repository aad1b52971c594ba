"""Places of effects and of residual processes: what they are called, which row is where, and what new data may bring."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.design import build
from hierlm.errors import DataError, FormulaError, PredictionError
from hierlm.formula import parse

N = 24
DATA = pd.DataFrame(
    {
        "y": np.sin(np.arange(N)),
        "k": np.arange(N) % 5,
        "g": np.repeat(list("pqr"), 8),
        "lat": np.tile([0.0, 1.0, 2.0, 3.0], 6),
        "lon": np.tile(np.repeat([5.0, 6.0], 4), 3),
        "t": np.tile(np.arange(8), 3),
    }
)
DATA["place"] = [f"({a:g},{b:g})" for a, b in zip(DATA["lat"], DATA["lon"], strict=True)]
GRID = [[a, b] for a in range(4) for b in (5, 6)]
LARGE = pd.DataFrame({"k": np.arange(20_000) % 7, "g": np.tile(["a", "b"], 10_000), "lat": np.arange(20_000.0)})
COUNTS: dict[str, Any] = {"family": "poisson"}


def groups(model: hl.Model, new: Any = None) -> Any:
    design = model.design if new is None else model.design.schema.apply(new)
    return next(iter(design.predictors.values())).groups[0]


@pytest.mark.parametrize(("term", "name"), [("exp(lat + lon | g)", "lat:lon"), ("exp(0 + place | g)", "place")])
def test_places_are_numbers_or_labels_of_numbers(term: str, name: str) -> None:
    found = groups(hl.Model(f"y ~ 1 + {term}", DATA))
    assert found.positions.tolist() == GRID
    assert found.effects == tuple(f"{name}[{a}:{b}]" for a, b in GRID)
    np.testing.assert_array_equal(found.positions[found.Z.argmax(axis=1)], DATA[["lat", "lon"]])
    np.testing.assert_array_equal(found.Z.sum(axis=1), 1.0)
    assert not found.positions.flags.writeable


def test_new_rows_are_at_places_of_the_data_or_at_further_ones() -> None:
    model = hl.Model("y ~ 1 + exp(lat + lon | g)", DATA)
    new = groups(model, {"g": ["p", "new"], "lat": [1.0, 0.0], "lon": [6.0, 5.0]})
    assert new.positions[new.Z.argmax(axis=1)].tolist() == [[1, 6], [0, 5]]
    assert new.effects == groups(model).effects
    new = groups(model, {"g": ["p", "p", "p"], "lat": [1.0, 9.0, 4.5], "lon": [6.0, 6.0, 6.0]})
    assert new.positions[new.Z.argmax(axis=1)].tolist() == [[1, 6], [9, 6], [4.5, 6]]
    assert new.effects == (*groups(model).effects, "lat:lon[4.5:6]", "lat:lon[9:6]")
    labelled = groups(hl.Model("y ~ 1 + exp(0 + place | g)", DATA), {"g": ["p", "p"], "place": ["(9,6)", "(1,6)"]})
    assert labelled.positions[labelled.Z.argmax(axis=1)].tolist() == [[9, 6], [1, 6]]


def test_later_occasions_are_counted_in_steps_of_the_data() -> None:
    data = DATA.assign(year=2000 + 2 * DATA["t"])
    model = hl.Model("y ~ 1 + ar1(0 + C(year) | g)", data)
    assert groups(model).positions is None
    new = groups(model, {"g": ["p", "q", "r"], "year": [2020, 2004, 1998]})
    assert new.positions[new.Z.argmax(axis=1), 0].tolist() == [10, 2, -1]
    assert new.effects[-2:] == ("C(year)[1998]", "C(year)[2020]")
    with pytest.raises(PredictionError, match="how far '2005' is from the levels"):
        groups(model, {"g": ["p"], "year": [2005]})


def test_a_process_goes_on_behind_the_data() -> None:
    """With times new ones are added; without, rows of a known block come behind those that it has."""
    timed = hl.Model("k ~ 1", DATA, residual="ar1(t | g)", **COUNTS)
    assert not groups(timed).positions.flags.writeable
    assert groups(timed).positions[:, 0].tolist() == list(range(8))
    new = groups(timed, {"g": ["p", "p", "new", "new"], "t": [8, 3, 0, 9]})
    assert new.positions[new.Z.argmax(axis=1), 0].tolist() == [8, 3, 0, 9]
    assert new.codes.tolist() == [0, 0, -1, -1]
    ranked = hl.Model("k ~ 1", DATA, residual="ar1(1 | g)", **COUNTS)
    new = groups(ranked, {"g": ["p", "p", "new", "q"]})
    assert new.positions[new.Z.argmax(axis=1), 0].tolist() == [8, 9, 0, 8]
    assert new.effects == tuple(f"residual[{i}]" for i in range(1, 11))
    assert groups(ranked, DATA).positions[:, 0].tolist() == list(range(8))


@pytest.mark.parametrize(
    "arguments", [{"formula": "k ~ exp(lat | g)"}, {"formula": "k ~ 1", "residual": "exp(lat | g)"}]
)
def test_more_places_than_fit_are_refused_before_they_are_made(arguments: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=r"20,000 positions in 20,000 rows, more than fit(.|\n)*Round the"):
        hl.Model(data=LARGE, **COUNTS, **arguments)


@pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")  # text with so many levels
def test_terms_of_more_columns_than_fit_are_refused_before_they_are_made() -> None:
    """Few rows times many columns, and few rows of a factor whose coding alone is too large."""
    many = pd.DataFrame({"y": np.arange(20_000.0), "a": [f"l{i}" for i in range(20_000)]})
    with pytest.raises(DataError, match="'a' would be 20,000 columns in 20,000 rows"):
        build(parse("y ~ a"), many)
    crossed = pd.DataFrame({"y": np.arange(3000.0), "a": np.arange(3000) % 600, "b": np.arange(3000) % 601})
    with pytest.raises(DataError, match="'a:b' would be 360,600 columns in 3,000 rows"):
        build(parse("y ~ a:b"), crossed.astype({"a": str, "b": str}))


def test_one_place_is_none() -> None:
    with pytest.raises(DataError, match="All rows have the same position 'lat'"):
        hl.Model("y ~ 1 + exp(lat | g)", DATA.assign(lat=1.0))


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("lat == 'p'", FormulaError, "'p' is not a number"),
        ("g > 'p'", DataError, r"'g' is not numeric(.|\n)*I\(g == 'p'\)"),
        ("g == 1", DataError, "'g' is not numeric"),
    ],
)
def test_comparisons_that_mean_nothing_are_refused(text: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        build(parse(f"y ~ I({text})"), DATA)


def test_levels_are_compared_with_texts() -> None:
    for text, wanted in (
        ("g == 'p'", DATA["g"] == "p"),
        ("'q' != g", DATA["g"] != "q"),
        ("lat >= 2", DATA["lat"] >= 2),
    ):
        np.testing.assert_array_equal(build(parse(f"y ~ I({text})"), DATA).predictors["y", "mu"].common.X[:, 1], wanted)


@pytest.mark.parametrize(("structure", "counts"), [("ar1", True), ("toep", True), ("ante", False)])
def test_levels_that_are_counted_as_neighbours_are_equally_spaced(structure: str, counts: bool) -> None:
    data = DATA.assign(n=np.resize([1, 2, 4, 8], N))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        hl.Model(f"y ~ 1 + {structure}(0 + C(n) | g)", data)
    said = [str(w.message) for w in caught]
    assert said == [] if not counts else "not equally spaced (1, 2, 4, 8), and" in said[0]


def test_columns_in_backquotes_are_told_apart() -> None:
    data = DATA.assign(**{"a b": np.arange(N), "c d": np.arange(N) ** 2})
    common = build(parse("y ~ I(`a b` + 2 * `c d` - `a b`)"), data).predictors["y", "mu"].common
    np.testing.assert_array_equal(common.X[:, 1], 2 * np.arange(N) ** 2)
