"""For random formulas: predicting the training data gives the fitted values, and rows do not depend on each other."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from hypothesis import given, settings, strategies as st

import hierlm as hl
from hierlm.posterior import predict
from tests.synthetic import synthetic_fit

N = 48
COMMON = ["x", "u", "f", "k", "x:f", "f:k", "x:u", "C(t)", "offset(u)"]
COMMON += ["poly(u, 2)", "bs(x, df=4)", "scale(u)", "np.exp(u)", "I(x * u)"]
EFFECTS = ["1", "x", "0 + x", "f", "0 + f", "x + u", "0 + f:x", "poly(x, 2)", "0 + scale(u)"]
GROUPS = ["g", "h", "g:h", "g/h", "k"]
RESPONSES = [
    ("y", "gaussian"),
    ("y", "student_t"),
    ("c", "poisson"),
    ("c", "negbinomial"),
    ("b", "bernoulli"),
    ("s | trials(n)", "binomial"),
    ("p", "beta"),
    ("e", "gamma"),
    ("e", "lognormal"),
]


def table() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    count = rng.integers(3, 9, N)
    return pd.DataFrame(
        {
            "x": rng.normal(size=N),
            "u": rng.uniform(-1, 1, N),
            "t": rng.permuted(np.resize([1, 2, 4], N)),
            "f": pd.Categorical(rng.permuted(np.resize(["b", "c", "a"], N)), categories=["c", "a", "b"]),
            "k": rng.permuted(np.resize(["no", "yes"], N)),
            "g": rng.permuted(np.resize(list("vwxyz"), N)),
            "h": rng.permuted(np.resize([10, 2, 33], N)),
            "n": count,
            "y": rng.normal(size=N),
            "c": rng.poisson(4, N),
            "b": rng.permuted(np.resize([0, 1], N)),
            "s": rng.binomial(count, 0.5),
            "p": rng.uniform(0.1, 0.9, N),
            "e": rng.gamma(2, size=N),
        }
    )


@st.composite
def models(draw: st.DrawFn) -> tuple[str, str]:
    response, family = draw(st.sampled_from(RESPONSES))
    terms = draw(st.lists(st.sampled_from(COMMON), max_size=3, unique=True))
    intercept = draw(st.sampled_from(["1", "1", "0"]))
    groups = draw(st.lists(st.sampled_from(GROUPS), max_size=2, unique=True))
    bars = [f"({draw(st.sampled_from(EFFECTS))} {draw(st.sampled_from(['|', '||']))} {g})" for g in groups]
    return f"{response} ~ {' + '.join([intercept, *terms, *bars])}", family


@settings(max_examples=200)
@given(models(), st.integers(0, 2**32 - 1))
def test_fitted_values_and_permuted_subsets(model: tuple[str, str], seed: int):
    data, rng = table(), np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", hl.DataWarning)
        try:
            made = hl.Model(model[0], data, model[1])
        except (hl.FormulaError, hl.ModelError, hl.DataError):
            return  # an effect given twice, a predictor with nothing in it: refused with a reason
    fit = synthetic_fit(made, seed=seed % 1000, chains=1, draws=5)
    fitted = predict(fit, kind="linear").draws.to_numpy()
    np.testing.assert_array_equal(predict(fit, data, kind="linear").draws, fitted)
    some = rng.choice(N, rng.integers(1, N), replace=False)
    part = data.iloc[some, rng.permutation(data.shape[1])].reset_index(drop=True)
    part["f"] = part["f"].astype(str)  # categories lost, as after a round trip through a file
    np.testing.assert_array_equal(predict(fit, part, kind="linear").draws, fitted[..., some])
