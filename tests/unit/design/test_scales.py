"""Columns of levels: constant within them, and coded as in training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.design import build
from hierlm.errors import DataError, DataWarning, FormulaError, ModelError
from hierlm.formula import parse

LABELS = [f"g{i}" for i in range(5)]


def frame(**columns: Any) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    code = np.tile(np.arange(5), 8)
    return {
        "y": rng.normal(size=40),
        "x": rng.normal(size=40),
        "g": np.array([f"g{c}" for c in code]),
        "z": np.array([0.5, -1.0, 2.0, 0.0, 1.5])[code],
        "f": np.array(list("ababb"))[code],
        **columns,
    }


def design(scale: str = "sd(g) ~ z", data: dict[str, Any] | None = None, first: str = "y ~ x + (1 | g)") -> Any:
    return build(parse([first, scale]), frame() if data is None else data)


def test_one_row_a_level_and_no_intercept() -> None:
    scale = design("sd(g) ~ z * f").scales["g"]
    assert scale.labels == ("z", "f[b]", "z:f[b]")
    z, b = np.array([0.5, -1.0, 2.0, 0.0, 1.5]), np.array([0.0, 1.0, 0.0, 1.0, 1.0])
    np.testing.assert_array_equal(scale.X, np.column_stack([z, b, z * b]))
    assert not scale.X.flags.writeable


def test_transforms_are_those_of_training() -> None:
    made = design("sd(g) ~ scale(z)")
    new = made.schema.apply({"x": [0.0], "g": ["new"], "z": [3.0]}).predictors["y", "mu"].groups[0]
    z = frame()["z"]
    assert new.unseen_scale is not None
    np.testing.assert_allclose(new.unseen_scale, [[(3.0 - z.mean()) / z.std(ddof=1)]])


def test_every_row_is_a_level_of_units() -> None:
    made = design("sd(units) ~ x", first="y ~ (1 | units)")
    np.testing.assert_array_equal(made.scales["units"].X[:, 0], frame()["x"])


def test_columns_that_differ_within_levels_are_refused_by_level_and_row() -> None:
    z = frame()["z"].copy()
    z[[7, 13]] = 9.0
    with pytest.raises(DataError) as raised:
        design(data=frame(z=z))
    assert "'z' differs between rows of one level of 'g': of 'g2', 'g3'" in raised.value.message
    assert raised.value.rows == (7, 13) and raised.value.column == "z" and "level's mean" in str(raised.value.hint)


def test_zero_far_from_the_data_is_said() -> None:
    with pytest.warns(DataWarning, match=r"'sd_g' is the standard deviation where 'z' is 0, far.*center\(z\)"):
        design(data=frame(z=frame()["z"] + 2000))
    design("sd(g) ~ center(z)", data=frame(z=frame()["z"] + 2000))


def test_redundant_columns_are_said() -> None:
    with pytest.warns(DataWarning, match=r"In sd\(g\): 1 of 3 columns are redundant"):
        design("sd(g) ~ z + w", data=frame(w=2 * frame()["z"] + 1))


@pytest.mark.parametrize(("other", "says"), [([9.0, -1.0], "^1 row has"), ([9.0, 9.0], "^2 rows have")])
def test_a_known_level_with_other_values_is_said(other: list[float], says: str) -> None:
    schema = design().schema
    with pytest.warns(DataWarning, match=f"{says} other values of z than the level of 'g' had"):
        schema.apply({"x": [0.0, 0.0], "g": ["g0", "g1"], "z": other})
    schema.apply({"x": [0.0, 0.0], "g": ["g0", "new"], "z": [0.5, 9.0]})


def test_an_unknown_column_is_named_with_a_caret() -> None:
    with pytest.raises(FormulaError, match=r"no column 'zz'(.|\n)*\^\^"):
        design("sd(g) ~ zz")


def test_correlated_effects_are_not_centred() -> None:
    with pytest.raises(ModelError, match="correlated cannot be centred"):
        hl.Model(["y ~ x + (x | g)", "sd(g) ~ z"], frame(), parameterization="centered")
    model = hl.Model(["y ~ x + (x | g)", "sd(g) ~ z"], frame())
    assert not any(b.centred for b in model.blocks)


COUPLED: dict[str, dict[str, Any]] = {
    "known(1 | g, K)": {"matrices": {"K": pd.DataFrame(np.eye(5), index=LABELS, columns=LABELS)}},
    "(1 | gr(g, by=f))": {},
    "toep(0 + f | g)": {},
    "ar1(0 + f | g)": {},
}


@pytest.mark.parametrize("term", COUPLED)
def test_what_couples_levels_or_has_parameters_of_its_own_is_refused(term: str) -> None:
    with pytest.raises(FormulaError, match=r"cannot have a formula beside(.|\n)*\^"):
        hl.Model([f"y ~ x + {term}", "sd(g) ~ z"], frame(), **COUPLED[term])
