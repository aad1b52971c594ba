"""Levels with sub-populations, relations and contrasts: what is learnt, and what of it new data have to keep to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from hierlm.design import build
from hierlm.errors import DataError, PredictionError
from hierlm.formula import parse

N = 24
X = np.random.default_rng(2).normal(size=N)
DATA = pd.DataFrame(
    {
        "y": np.arange(N) / 10,
        "x": X,
        "g": np.tile([f"g{i}" for i in range(6)], 4),
        "f": np.tile(list("abaabb"), 4),
        "c": np.tile(list("uvw"), 8),
    }
)


def designed(right: str, **more: Any) -> Any:
    return build(parse(f"y ~ {right}"), DATA, **more)


def groups(design: Any) -> Any:
    return design.predictors["y", "mu"].groups[0]


def test_a_population_has_effects_of_its_own() -> None:
    found = groups(designed("1 + (x | gr(g, by=f))"))
    assert found.effects == ("Intercept:f[a]", "x:f[a]", "Intercept:f[b]", "x:f[b]")
    assert found.populations == ("a", "a", "b", "b")
    assert found.home.tolist() == [0, 1, 0, 0, 1, 1]
    a = (DATA["f"] == "a").to_numpy()
    np.testing.assert_array_equal(found.Z, np.column_stack([a, X * a, ~a, X * ~a]))


def test_a_known_level_stays_in_its_population() -> None:
    schema = designed("1 + (1 | gr(g, by=f))").schema
    new = groups(schema.apply({"g": ["g0", "new"], "f": ["a", "b"]}))
    assert new.codes.tolist() == [0, -1]
    np.testing.assert_array_equal(new.Z, [[1.0, 0.0], [0.0, 1.0]])
    with pytest.raises(PredictionError, match=r"'g' is in another level of 'f' .* \(row 1, counted") as raised:
        schema.apply({"g": ["g0", "g1", "new"], "f": ["a", "a", "a"]})
    assert "another label" in str(raised.value)


def test_levels_of_a_relation_are_those_it_names_and_no_others() -> None:
    labels = tuple(f"g{i}" for i in range(8))
    schema = designed("1 + (1 | gr(g, cov=K))", related={"K": labels}).schema
    assert groups(schema.apply({"g": ["g7"]})).levels == labels
    with pytest.raises(PredictionError, match="'K' does not say how 'g8' is related to the levels of 'g'") as raised:
        schema.apply({"g": ["g0", "g8"]})
    assert "Fit with a 'K' that has it" in str(raised.value)


@pytest.mark.parametrize(
    ("term", "labels", "columns"),
    [
        ("T(c)", ("v", "w"), [[0, 0], [1, 0], [0, 1]]),
        ("T(c, ref='v')", ("u", "w"), [[1, 0], [0, 0], [0, 1]]),
        ("S(c)", ("u", "v"), [[1, 0], [0, 1], [-1, -1]]),
        ("S(c, omit='u')", ("v", "w"), [[-1, -1], [1, 0], [0, 1]]),
    ],
)
def test_contrasts_by_their_letters(term: str, labels: tuple[str, ...], columns: list[list[int]]) -> None:
    common = designed(term).predictors["y", "mu"].common
    assert common.labels == ("Intercept", *(f"{term}[{label}]" for label in labels))
    np.testing.assert_array_equal(common.X[:3, 1:], columns)


@pytest.mark.parametrize(
    ("values", "says", "rows"),
    [
        (np.where(X > 1, 1e200, X), r"values beyond 1e\+100", np.flatnonzero(X > 1)),
        (np.where(X > 1, 0.0, X * 1e-200), "values all below 1e-100", np.flatnonzero(X <= 1)),
    ],
)
def test_numbers_that_cannot_be_computed_with_are_refused_by_row(values: Any, says: str, rows: Any) -> None:
    with pytest.raises(DataError, match=says) as raised:
        build(parse("y ~ x"), DATA.assign(x=values))
    assert raised.value.rows == tuple(rows)
