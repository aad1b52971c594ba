"""Functions of the user's own: what they get, and what they have to give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hierlm.design import build
from hierlm.errors import DataError
from hierlm.formula import parse

DATA = {"y": np.arange(6.0), "x": np.array([1.0, np.e, 2.0, 5.0, 4.0, 3.0]), "f": np.array(list("abcabc"))}


def designed(text: str, **functions: Any) -> Any:
    parsed = parse(f"y ~ {text}", functions=tuple(functions))
    return build(parsed, DATA, extra=functions).predictors["y", "mu"].common


def test_numbers_and_labels_are_handed_over() -> None:
    np.testing.assert_array_equal(designed("twice(x)", twice=lambda x: 2 * x).X[:, 1], 2 * DATA["x"])
    np.testing.assert_array_equal(designed("is_a(f)", is_a=lambda f: f == "a").X[:, 1], [1, 0, 0, 1, 0, 0])
    assert designed("both(x)", both=lambda x: np.column_stack([x, x**2])).X.shape == (6, 3)
    gaps = designed("gaps(x)", gaps=lambda x: np.where(x > 4.5, 0.0, np.log(x)))
    np.testing.assert_allclose(gaps.X[:, 1], np.where(DATA["x"] > 4.5, 0.0, np.log(DATA["x"])))


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda x: None, "it returned None"),
        (lambda x: x[:3], r"it returned float64 of shape \(3,\)"),
        (lambda x: x.astype(str), "it returned <U32 of shape"),
        (lambda x: np.array(7, dtype=object), r"it returned object of shape \(\)"),
        (lambda x: x.reshape(6, 1, 1), r"shape \(6, 1, 1\)"),
        (lambda x: x - x.mean(), "another value when other rows are left out"),
        (lambda x: np.outer(x, np.ones(len(x))), "another value when other rows are left out"),
    ],
)
def test_what_is_no_number_a_row_is_refused(function: Any, says: str) -> None:
    with pytest.raises(DataError, match=says):
        designed("own(x)", own=function)
