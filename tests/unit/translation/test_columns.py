"""model.code(): the columns, codes and levels that a script makes of a table are those of the model's design."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from tests.unit.translation.test_code import frame

pytestmark = pytest.mark.filterwarnings("ignore::hierlm.DataWarning")


def made(model: hl.Model, data: pd.DataFrame) -> dict[str, Any]:
    """The variables of a script before its PyMC model begins."""
    text = model.code()
    start = text.index("    coords = ")
    assert text.index("def build(data)") < start
    space: dict[str, Any] = {"__name__": "script"}
    exec(compile(f"{text[:start]}    return locals()\n", "script", "exec"), space)
    return space["build"](data)


@pytest.mark.parametrize(
    "right",
    [
        "I(-x) + I(+z) + I(x**2) + I(2**z) + I((x + z) / (w - 3))",
        "I('low' == f) + I(x <= z)",
        "I(f != 'low') + I(x > 0)",
        "binary(f, 'low') + binary(f, success='mid')",
        "expit(x) + logit(s) + log(w) + round(x, decimals=1)",
        "standardize(x) + scale(w, center=False) + center(z)",
        "C(I(x > 0)) + C(round(z))",
        "T(f, 'mid') + S(x > 0)",
        "I(f) + x",
        "C(I(f), Sum)",
        "0 + x:f",
        "where(x > 0, z, w) + maximum(x, z)",
    ],
)
def test_common_effects(right: str) -> None:
    data = frame()
    model = hl.Model(f"y ~ {right} + (1 | g)", data)
    np.testing.assert_allclose(made(model, data)["X"], model.predictors[0].X, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("grouping", ["g", "h", "many", "unlike", "units", "g:units", "h:f", "number"])
def test_codes_and_levels(grouping: str) -> None:
    """Many levels are sorted by the script, and written down where they stand in another order."""
    data = frame()
    data["many"] = [f"m{i % 25}" for i in range(len(data))]
    data["unlike"] = pd.Categorical(data["many"], categories=[f"m{i}" for i in range(25)])
    data["number"] = np.arange(len(data)) % 30 * 5.0
    model = hl.Model(f"y ~ x + (1 | {grouping})", data)
    found, block = made(model, data), model.groups[grouping][0]
    name = grouping.replace(":", "_")
    assert list(found[f"levels_{name}"]) == list(block.levels)
    np.testing.assert_array_equal(found[f"code_{name}"], block.codes)


def test_no_common_effects() -> None:
    data = frame()
    found = made(hl.Model("y ~ 0 + (1 | g)", data), data)
    assert "X" not in found
    text = hl.Model("y ~ 0 + (1 | g)", data).code()
    assert "eta_mu = r_g[code_g, 0]\n" in text
    assert "eta_sigma = pt.zeros(n)" in hl.Model(["y ~ x", "sigma ~ 0"], data).code()


def test_rows_that_are_dropped() -> None:
    data = frame()
    data.loc[[3, 59], "x"] = np.nan
    model = hl.Model("y ~ x + (1 | g)", data, missing="drop")
    assert "dropna(subset=['y', 'x', 'g'])" in model.code()
    np.testing.assert_array_equal(made(model, data)["X"], model.predictors[0].X)


@pytest.mark.parametrize(
    ("formula", "options", "message"),
    [
        ("count ~ x + (1 | g)", {"family": "zero_inflated_poisson"}, "the family 'zero_inflated_poisson'"),
        ("y ~ x + cor(0 + f | g)", {"priors": {"cor_g": hl.Prior("Normal", mu=0, sigma=1)}}, "prior"),
        ("y ~ x + z + w + (1 | g)", {"priors": {"b": hl.Horseshoe()}}, "does not write"),
        ("y ~ x + hetar1(0 + f | g)", {}, "does not write"),
    ],
)
def test_what_is_not_written(formula: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises((hl.TranslationError, hl.PriorError), match=message) as caught:
        hl.Model(formula, frame(), **options).code()
    assert caught.value.hint


def test_one_correlation_with_a_prior_of_its_own() -> None:
    """Within the bounds of a positive definite matrix as it is, and cut off at them otherwise."""
    inside = hl.Model("y ~ x + (x | g)", frame(), priors={"cor_g": hl.Prior("Uniform", lower=-1, upper=1)}).code()
    assert "pm.Uniform('cor_g__0', lower=np.array(-1.0), upper=np.array(1.0))" in inside
    wide = hl.Prior("Normal", mu=0, sigma=0.5)
    cut = hl.Model("y ~ x + corh(0 + f | g)", frame(), priors={"cor_g": wide}).code()
    assert "pm.Truncated('cor_g__0'" in cut
    assert "lower=np.array(-0.5), upper=np.array(1.0)" in cut
