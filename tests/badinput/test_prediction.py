"""Predictions that cannot be made are refused, with the name, the rows and the remedy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.posterior import log_likelihood, posterior_predictive, predict, prior_predictive
from tests.synthetic import synthetic_fit

N = 40


def table() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    count = rng.integers(3, 9, N)
    return pd.DataFrame(
        {
            "x": rng.normal(size=N),
            "f": np.resize(["low", "top"], N),
            "g": rng.permuted(np.resize(list("abcd"), N)),
            "e": rng.uniform(1, 3, N),
            "n": count,
            "s": rng.binomial(count, 0.5),
            "y": rng.normal(size=N),
            "c": rng.poisson(3, N),
        }
    )


@pytest.fixture(scope="module")
def fit() -> hl.Fit:
    return synthetic_fit(hl.Model("y ~ x + f + (1 | g)", table()))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "men"}, "Did you mean 'mean'"),
        ({"kind": None}, "unknown"),
        ({"new_levels": "drawn"}, "Did you mean 'draw'"),
        ({"response": "Y"}, "Did you mean 'y'"),
        ({"parameter": "sigma"}, "kind='linear'"),
        ({"parameter": "sigma", "kind": "linear"}, "no formula of its own"),
        ({"parameter": "mo", "kind": "linear"}, "no parameter 'mo'"),
        ({"kind": ["mean"]}, "unknown"),
        ({"groups": "G"}, "Did you mean 'g'"),
        ({"groups": ["g", "h"]}, "no grouping 'h'"),
        ({"groups": ["all"]}, "no grouping 'all'"),
        ({"groups": 5}, "no grouping 5"),
        ({"groups": [["g"]]}, "no grouping"),
        ({"groups": None}, "no grouping None"),
        ({"level": 95}, "between 0 and 1"),
        ({"level": 0.0}, "between 0 and 1"),
        ({"level": float("nan")}, "between 0 and 1"),
        ({"level": True}, "between 0 and 1"),
        ({"level": "0.9"}, "between 0 and 1"),
        ({"seed": -1}, "seed=-1"),
        ({"seed": 1.5}, "seed=1.5"),
        ({"seed": True}, "seed=True"),
        ({"seed": 2**32}, "seed="),
        ({"draws": 0}, "draws=0"),
        ({"draws": 51}, "from 1 to 50"),
        ({"draws": 2.5}, "draws=2.5"),
        ({"draws": True}, "draws=True"),
    ],
)
def test_options(fit: hl.Fit, options: dict[str, Any], message: str):
    with pytest.raises(hl.PredictionError, match=message):
        predict(fit, **options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.drop(columns="x"), "lack the column 'x'"),
        (lambda d: d.rename(columns={"x": "X"}), "Did you mean 'X'"),
        (lambda d: d.drop(columns="g"), "'g'"),
        (lambda d: d.assign(x="text"), "'x' holds text"),
        (lambda d: d.assign(g=1.0), "'g' holds numbers"),
        (lambda d: d.assign(f="middle"), "middle"),
        (lambda d: d.assign(x=[np.nan] + [0.0] * (N - 1)), "row 0"),
        (lambda d: d.assign(x=[np.inf] + [0.0] * (N - 1)), "row 0"),
        (lambda d: d.assign(g=[None] + ["a"] * (N - 1)), "row 0"),
        (lambda d: "table", "Cannot read data"),
        (lambda d: 5, "Cannot read data"),
    ],
)
def test_new_data(fit: hl.Fit, change: Any, message: str):
    with pytest.raises(hl.PredictionError, match=message):
        predict(fit, change(table()))


def test_new_levels_are_named_with_their_rows(fit: hl.Fit):
    new = table().assign(g=["a"] * 37 + ["q", "a", "r"])
    with pytest.raises(hl.PredictionError, match="q, r in rows 37, 39") as caught:
        predict(fit, new, new_levels="error")
    assert "new_levels='draw'" in str(caught.value)
    predict(fit, new, new_levels="error", groups="none")  # nobody asks for them
    predict(fit, new.iloc[:30], new_levels="error")
    with pytest.raises(hl.PredictionError, match="q, r"):
        log_likelihood(fit, new, new_levels="error")


@pytest.mark.parametrize("missing", ["n", "e"])
def test_trials_and_offsets_are_needed(missing: str):
    fit = synthetic_fit(hl.Model("s | trials(n) ~ x + offset(log(e)) + (1 | g)", table(), "binomial"))
    with pytest.raises(hl.PredictionError, match=f"'{missing}'"):
        predict(fit, table().drop(columns=missing))


def test_several_responses_need_a_choice():
    fit = synthetic_fit(hl.Model(["y ~ x", "x ~ f"], table()))
    with pytest.raises(hl.PredictionError, match="response=, one of: y, x"):
        predict(fit)


def test_means_that_overflow_are_refused():
    fit = synthetic_fit(hl.Model("c ~ x + (1 | g)", table(), "poisson"))
    with pytest.raises(hl.PredictionError, match="not a finite number for some draws in row 0"):
        predict(fit, {"x": [1e6, 0.0], "g": ["a", "a"]})


def test_draws_of_another_model_are_refused(fit: hl.Fit):
    other = hl.Fit(hl.Model("y ~ e + (1 | g)", table()), fit.draws)
    with pytest.raises(hl.PosteriorError, match=r"b\[e\]"):
        predict(other)


def test_predictive_options(fit: hl.Fit):
    with pytest.raises(hl.PredictionError, match="draws=0"):
        posterior_predictive(fit, draws=0)
    with pytest.raises(hl.PredictionError, match="seed='1'"):
        posterior_predictive(fit, seed="1")  # type: ignore[arg-type]
    for draws in (0, 2.0, True, "many"):
        with pytest.raises(hl.PredictionError, match="draws="):
            prior_predictive(fit.model, draws)  # type: ignore[arg-type]
    with pytest.raises(hl.PredictionError, match="new_levels='x'"):
        log_likelihood(fit, new_levels="x")  # type: ignore[arg-type]
