"""Redundant columns are found and named, in the order in which R would drop them."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from hierlm.design import build
from hierlm.design.rank import aliased
from hierlm.errors import DataWarning
from hierlm.formula import parse

RNG = np.random.default_rng(3)
DATA = pd.DataFrame(
    {
        "y": RNG.normal(size=30),
        "x": RNG.normal(size=30),
        "f": RNG.choice(list("abc"), size=30),
        "g": RNG.choice(list("uvw"), size=30),
    }
)
DATA["double"] = 2 * DATA["x"]
DATA["sum"] = DATA["x"] + DATA["f"].eq("b")
DATA["same"] = 7.0
DATA["big"] = 1e6 * RNG.normal(size=30)


@given(st.integers(1, 12), st.integers(1, 8), st.integers(0, 8), st.integers(0, 2**32 - 1))
def test_the_rank_is_that_of_the_singular_values(n, p, extra, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    X = np.column_stack([X, X @ rng.integers(-2, 3, size=(p, extra))])[:, rng.permutation(p + extra)]
    found = aliased(X)
    assert X.shape[1] - len(found) == np.linalg.matrix_rank(X)
    for j, others in found.items():
        assert all(k < j and k not in found for k in others)
        if others:
            rest = X[:, list(others)]
            np.testing.assert_allclose(rest @ np.linalg.lstsq(rest, X[:, j], rcond=None)[0], X[:, j], atol=1e-6)


@pytest.mark.parametrize(
    ("right", "says"),
    [
        ("x + double", "'double' is a combination of 'x'"),
        ("x + f + sum", r"'sum' is a combination of 'x', 'f\[b\]'"),
        ("x + same", "'same' is constant, like the intercept"),
        ("f:g", r"redundant: 'f\[c\]:g\[w\]' is a combination of 'Intercept'"),
        ("x + I(x > 99)", r"'I\(x > 99\)' is 0 in every row"),
        ("1 + (x + double | g)", r"In \(1 \+ x \+ double \| g\): 1 of 3 columns"),
        ("x + big", "standard deviations of 'big' and 'x'"),
        ("I(big * 10)", r"standard deviation of 'I.* Use other units, or scale\(\) as in scale\(I\(big \* 10\)\)"),
        ("x + I(big * 10)", r"of 'I\(big \* 10\)' and 'x' .* as in scale\(I\(big"),
        ("x + I(big / 1e12)", r"of 'x' and 'I\(big / .* as in scale\(I\(big /"),
        ("I(x / 1e7)", r"standard deviation of 'I\(x / .* is .*e-0[78];"),
    ],
)
def test_warnings_name_the_columns(right, says):
    with pytest.warns(DataWarning, match=says) as caught:
        build(parse(f"y ~ {right}"), DATA)
    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "right",
    ["x", "I(x * 1e5)", "I(x / 1e5)", "x*f", "f*g", "poly(x, 3) + f", "0 + f:g", "0 + same", "bs(x, df=5)", "(f | g)"],
)
def test_sound_designs_warn_of_nothing(right):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        build(parse(f"y ~ {right}"), DATA)
