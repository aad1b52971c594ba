"""hl.Model and predict as a careless user would call them: a clear error or warning within a second, never silence.

Every refusal is one of hierlm's own exceptions, names the place (a caret, a column, the rows), and says what to do.
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import hierlm as hl
from hierlm.families import FAMILIES
from hierlm.priors import Fixed
from tests.synthetic import synthetic_fit

N = 40


def table() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    count = rng.integers(5, 12, N)
    return pd.DataFrame(
        {
            "y": 10 + 3 * rng.normal(size=N),
            "z": rng.normal(size=N),
            "x": rng.normal(size=N),
            "f": np.resize(["lo", "mid", "top"], N),
            "g": np.repeat(list("abcdefgh"), 5),
            "h": np.resize(list("uvwx"), N),
            "n": count,
            "c": rng.poisson(3, N),
            "p": rng.uniform(0.1, 0.9, N),
            "b": rng.permuted(np.resize([0, 1], N)),
            "w": rng.uniform(0.5, 2, N),
            "e": rng.uniform(1, 3, N),
            "pos": rng.gamma(3, size=N),
            "s": rng.binomial(count, 0.4),
            "t": 1 + rng.poisson(2, N),
            "amount": np.where(np.arange(N) % 4, rng.gamma(3, size=N), 0.0),
            "share": np.where(np.arange(N) % 4, rng.uniform(0.1, 0.9, N), np.resize([0.0, 1.0, 1.0], N)),
            "o": rng.permuted(np.resize([1, 2, 3, 4], N)),
        }
    )


D = table()
FRAMES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda d: d,
    "polars": lambda d: pl.DataFrame({c: d[c].to_list() for c in d}),
    "pyarrow": lambda d: pa.table({c: pa.array(d[c].to_list()) for c in d}),
    "dict": lambda d: {c: d[c].to_list() for c in d},
}


def cell(column: str, row: int, value: object) -> pd.DataFrame:
    return D.assign(**{column: [value if i == row else v for i, v in enumerate(D[column])]})


def with_(**columns: object) -> pd.DataFrame:
    return D.assign(**columns)


def said(problem: hl.HierlmError) -> str:
    text = str(problem)
    assert problem.hint or "\n" in text, f"no remedy: {text}"
    return text


def refused(kind: type[hl.HierlmError], parts: tuple[str, ...], ask: Callable[[], object]) -> hl.HierlmError:
    """The error of ``ask()``: of hierlm's kind, with all parts, and quickly."""
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", hl.DataWarning)
        with pytest.raises(hl.HierlmError) as caught:
            ask()
    assert time.perf_counter() - start < 1
    assert type(caught.value) is kind
    text = said(caught.value)
    for part in parts:
        assert part in text, text
    return caught.value


# ------------------------------------------------------------------------------------------ the data, family by family
LEFT = {
    "gaussian": "y", "student_t": "y", "lognormal": "pos", "gamma": "pos", "inverse_gaussian": "pos",
    "exponential": "pos", "beta": "p", "poisson": "c", "negbinomial": "c", "negbinomial1": "c",
    "binomial": "s | trials(n)", "beta_binomial": "s | trials(n)", "bernoulli": "b",
    "zero_inflated_poisson": "c", "zero_inflated_negbinomial": "c", "zero_inflated_binomial": "s | trials(n)",
    "hurdle_poisson": "c", "hurdle_negbinomial": "c", "hurdle_gamma": "amount", "hurdle_lognormal": "amount",
    "zero_one_inflated_beta": "share", "truncated_poisson": "t", "truncated_negbinomial": "t", "cumulative": "o",
    "sratio": "o", "cratio": "o", "acat": "o",
}  # fmt: skip
REAL = ("gaussian", "student_t")
POSITIVE = ("lognormal", "gamma", "inverse_gaussian", "exponential")
COUNTS = ("poisson", "negbinomial", "negbinomial1", "zero_inflated_poisson", "zero_inflated_negbinomial")
SUCCESSES = ("binomial", "beta_binomial", "zero_inflated_binomial")
HURDLES, TRUNCATED = ("hurdle_poisson", "hurdle_negbinomial"), ("truncated_poisson", "truncated_negbinomial")
SEMICONTINUOUS, SHARES = ("hurdle_gamma", "hurdle_lognormal"), ("beta", "zero_one_inflated_beta")
ORDINAL = ("cumulative", "sratio", "cratio", "acat")
CATEGORIES = ("bernoulli", *ORDINAL)
BAD_CELLS = [
    *((f, np.nan, "missing value") for f in LEFT),
    *((f, np.inf, "infinite value") for f in LEFT),
    *((f, 1e200, "beyond 1e+100") for f in LEFT),
    *((f, -1.0, "above 0") for f in POSITIVE),
    *((f, 0.0, "above 0") for f in POSITIVE),
    *((f, -1, "negative") for f in (*COUNTS, *SUCCESSES, *HURDLES, *TRUNCATED)),
    *((f, 1.5, "fractions") for f in (*COUNTS, *SUCCESSES, *HURDLES, *TRUNCATED)),
    *((f, 0, 'family="hurdle_poisson"') for f in TRUNCATED),
    *((f, -0.5, "0 or more") for f in SEMICONTINUOUS),
    *(("zero_one_inflated_beta", v, "from 0 to 1") for v in (-0.1, 1.1, 45.0)),
    *((f, v, f"no category of {f}") for f in ORDINAL for v in (0, -1, 2.5)),
    *((f, 99, "larger than its trials") for f in SUCCESSES),
    *(("beta", v, "strictly between 0 and 1") for v in (0.0, 1.0, 45.0)),
    *(("bernoulli", v, "needs 0 and 1") for v in (-1, 2, 0.5)),
]


@pytest.mark.parametrize("frame", ["pandas", "polars", "pyarrow"])
@pytest.mark.parametrize(("family", "value", "says"), BAD_CELLS)
def test_a_value_that_the_family_cannot_have(frame: str, family: str, value: float, says: str):
    column = LEFT[family].split()[0]
    data = FRAMES[frame](cell(column, 4, value).astype({column: float}))
    error = refused(hl.DataError, (says, "row 4"), lambda: hl.Model(f"{LEFT[family]} ~ x + (1 | g)", data, family))
    assert error.column == column
    assert error.rows == (4,)


@pytest.mark.parametrize("family", LEFT)
def test_every_family_takes_its_data_without_a_word(family: str):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for frame in FRAMES.values():
            hl.Model(f"{LEFT[family]} ~ x + (1 | g)", frame(D), family)


@pytest.mark.parametrize("family", LEFT)
def test_a_response_that_does_not_vary(family: str):
    column = LEFT[family].split()[0]
    ask = lambda value: lambda: hl.Model(f"{LEFT[family]} ~ x", with_(**{column: value}), family)  # noqa: E731
    if family in SUCCESSES:
        refused(hl.DataError, ("all 40 rows",), ask(D["n"]))
    else:
        refused(hl.DataError, ("all 40 rows",), ask(0.5 if family in SHARES else 1))
    if family in (*COUNTS, *SUCCESSES, "bernoulli"):
        with pytest.warns(hl.DataWarning, match="0 in all 40 rows") as caught:
            ask(0)()
        assert caught[0].filename == __file__  # the user's line, not one of hierlm


def test_every_family_is_tried():
    assert set(LEFT) == set(FAMILIES)


@pytest.mark.parametrize("family", [*HURDLES, *SEMICONTINUOUS])
def test_nothing_above_a_hurdle(family: str):
    column = LEFT[family]
    refused(
        hl.DataError,
        ("0 in all 40 rows", "above the hurdle"),
        lambda: hl.Model(f"{column} ~ x", with_(**{column: 0}), family),
    )
    with pytest.warns(hl.DataWarning, match="has no zeros, so there is no hurdle"):
        hl.Model(f"{column} ~ x", with_(**{column: D["t"]}), family)


def test_values_between_the_ends_and_at_them():
    ends, inner = with_(share=np.resize([0.0, 1.0], N)), with_(share=D["p"])
    refused(hl.DataError, ("0 or 1 in all 40 rows", "bernoulli"), lambda: hl.Model("share ~ x", ends, "zoib"))
    with pytest.warns(hl.DataWarning, match="never 0 or 1"):
        hl.Model("share ~ x", inner, "zoib")
    same = with_(share=np.resize([0.0, 0.5], N))
    refused(
        hl.DataError, ("0.5 in all 20 rows where it is between 0 and 1",), lambda: hl.Model("share ~ x", same, "zoib")
    )


def test_no_zeros_to_inflate_and_no_counts_but_one():
    with pytest.warns(hl.DataWarning, match="has no zeros: nothing is inflated"):
        hl.Model("t ~ x", D, "zero_inflated_poisson")
    with pytest.warns(hl.DataWarning, match="above 0 is 1: only the prior"):
        hl.Model("b ~ x", D, "hurdle_poisson")


@pytest.mark.parametrize("family", [f for f in LEFT if f not in CATEGORIES])
def test_text_is_no_number(family: str):
    column = LEFT[family].split()[0]
    data = with_(**{column: np.resize(["no", "yes"], N)})
    refused(hl.DataError, ("'no', 'yes'", "needs numbers"), lambda: hl.Model(f"{LEFT[family]} ~ x", data, family))


@pytest.mark.parametrize("family", LEFT)
def test_additions_that_the_family_does_not_take(family: str):
    left = LEFT[family].split()[0]
    if family in SUCCESSES:
        refused(hl.ModelError, ("needs trials( )", 'family="bernoulli"'), lambda: hl.Model(f"{left} ~ x", D, family))
    else:
        ask = lambda: hl.Model(f"{left} | trials(n) ~ x", D, family)  # noqa: E731
        refused(hl.ModelError, ("takes no trials( )", "weights"), ask)
    bar = " +" if "|" in LEFT[family] else " |"
    data = cell("w", 7, -2.0)
    error = refused(
        hl.DataError,
        ("weights(w)", "row 7"),
        lambda: hl.Model(f"{LEFT[family]}{bar} weights(w) ~ x", data, family),
    )
    assert (error.column, error.rows) == ("w", (7,))


def test_rows_are_those_of_the_users_table_even_when_others_were_dropped():
    data = cell("x", 0, np.nan).assign(c=[3] * 10 + [-1] + [4] * 29)
    ask = lambda: hl.Model("c ~ x", data, "poisson", missing="drop")  # noqa: E731
    assert refused(hl.DataError, ("row 10",), ask).rows == (10,)


# ---------------------------------------------------------------------------------------------- everything else refused
P, LKJ = hl.Prior, hl.LKJ
F, M, DE, PE = hl.FormulaError, hl.ModelError, hl.DataError, hl.PriorError


def raising(kind: type[Exception]) -> Callable[[Any], Any]:
    def own(v: Any) -> Any:
        raise kind("boom")

    return own


def model(formula: Any, data: Any = D, family: Any = "gaussian", **options: Any) -> Callable[[], object]:
    return lambda: hl.Model(formula, data, family, **options)


def prior(**priors: object) -> Callable[[], object]:
    return lambda: hl.Model("y ~ x + (x | g)", D, priors=priors)


def named(key: Any, value: object = 1.0, formula: Any = "y ~ x + (x | g)") -> Callable[[], object]:
    return lambda: hl.Model(formula, D, priors={key: value})


# ruff: noqa: E501
CASES: dict[str, tuple[type[hl.HierlmError], tuple[str, ...], Callable[[], object]]] = {
    # parameters and links
    "sigma of poisson": (F, ("'sigma' is no parameter of poisson", "It has: mu", "^^^^^"), model(["c ~ x + (1 | g)", "sigma ~ x"], D, "poisson")),
    "shape of gaussian": (F, ("'shape' is no parameter of gaussian", "mu, sigma"), model("y ~ x\nshape ~ x")),
    "phi of binomial": (F, ("'phi' is no parameter of binomial",), model(["s | trials(n) ~ x", "phi ~ x"], D, "binomial")),
    "misspelt parameter": (F, ("'sgma' is neither a column", "Did you mean 'sigma'"), model(["y ~ x", "sgma ~ x"])),
    "parameter first": (F, ("'sigma' is a parameter of gaussian", "comes first"), model(["sigma ~ x", "y ~ x"])),
    "parameter twice": (F, ("has a formula already",), model(["y ~ x", "sigma ~ x", "sigma ~ z"])),
    "mu by name": (F, ("'mu' of 'y' has a formula already",), model(["y ~ x", "mu ~ z"])),
    "sigma beside se": (M, ("takes the place of 'sigma'",), model(["y | se(e) ~ x", "sigma ~ x"])),
    "sigma of the wrong response": (M, ("'sigma' is no parameter of poisson", "'c'", "stands before it"), model(["y ~ x", "c ~ x", "sigma ~ x"], D, ["gaussian", "poisson"])),
    "log(sigma)": (F, ("stands alone",), model(["y ~ x", "log(sigma) ~ x"])),
    "unknown link": (M, ("Unknown link 'lgo'", "'log'"), model("y ~ x", link="lgo")),
    "empty link": (M, ("Unknown link ''",), model("y ~ x", link="")),
    "link of another family": (M, ("cannot have the link 'logit'", "log, identity"), model("c ~ x", D, "poisson", link="logit")),
    "link of a free parameter": (M, ("no formula of its own", "sigma ~"), model("y ~ x", link={"sigma": "log"})),
    "link of no parameter": (M, ("'shape'", "Known: mu"), model("y ~ x", link={"shape": "log"})),
    "link by number": (M, ("link=3",), model("y ~ x", link=3)),
    "link in a list": (M, ("link=['log']",), model("y ~ x", link=["log"])),
    "link keyed by number": (M, ("link={3: 'log'}",), model("y ~ x", link={3: "log"})),
    "link that is no text": (M, ("not by 3",), model("y ~ x", link={"mu": 3})),
    "two links": (M, ("'log'", "'identity'", "once"), model("c ~ x", D, "poisson(log)", link="identity")),
    "link of a scale": (M, ("'sigma' of gaussian cannot have the link 'logit'",), model(["y ~ x", "sigma ~ x"], link={"sigma": "logit"})),
    # families
    "misspelt family": (M, ("Unknown family 'gausian'", "'gaussian'"), model("y ~ x", D, "gausian")),
    "family that comes later": (M, ("categorical", "exponential"), model("c ~ x", D, "categorical")),
    "family None": (M, ("None",), model("y ~ x", D, None)),
    "family by number": (M, ("3",), model("y ~ x", D, 3)),
    "family mapping": (M, ("mapping", "list"), model(["y ~ x", "c ~ x"], D, {"y": "gaussian"})),
    "no family": (M, ("empty",), model("y ~ x", D, [])),
    "too many families": (M, ("2 families for 1 response",), model("y ~ x", D, ["gaussian", "poisson"])),
    "half a family": (M, ("poisson(",), model("c ~ x", D, "poisson(")),
    "family of one response for both": (M, ("needs trials( )", "c | trials"), model(["s | trials(n) ~ x", "c ~ x"], D, "binomial")),
    # residual and random
    "residual of a number": (DE, ("'x' is numeric", "astype(str)", "sigma ~ x"), model("y ~ x", residual="idh(x):units")),
    "residual of a number in cells": (DE, ("'n' is numeric",), model("y ~ x", residual="idh(f:n):units")),
    "residual of one level": (DE, ("only the level 'a'",), model("y ~ x", with_(f="a"), residual="idh(f):units")),
    "residual us": (F, ("not available yet", "idh(f):units"), model("y ~ x", residual="us(f):units")),
    "residual by group": (F, ("not available yet",), model("y ~ x", residual="g")),
    "residual of poisson": (F, ("no residual standard deviation", "random='units'"), model("c ~ x", D, "poisson", residual="units")),
    "residuals of poisson": (F, ("no residual standard deviation",), model("c ~ x", D, "poisson", residual="idh(f):units")),
    "residual beside sigma": (F, ("has a formula already",), model(["y ~ x", "sigma ~ z"], residual="idh(f):units")),
    "residual beside se": (M, ("takes the place of 'sigma'",), model("y | se(e) ~ x", residual="idh(f):units")),
    "residual unknown column": (F, ("no column 'q'", "^"), model("y ~ x", residual="idh(q):units")),
    "residual empty": (F, ("residual is empty",), model("y ~ x", residual="")),
    "residual by number": (F, ("residual is text, not int", "ar1(time | g)"), model("y ~ x", residual=5)),
    "random in bars": (F, ("Bars are not read in random",), model("y ~ x", random="(1 | g)")),
    "random list": (F, ("random is text, not list",), model("y ~ x", random=["g"])),
    "random empty": (F, ("random is empty",), model("y ~ x", random=" ")),
    "random unknown": (F, ("no column 'G'", "'g'"), model("y ~ x", random="G")),
    "random by a slope": (DE, ("'x'", "fractional", "slope"), model("y ~ x", random="g:x")),
    "random twice": (F, ("given twice",), model("y ~ x + (1 | g)", random="g")),
    "random misspelt structure": (F, ("'uss'", "'us'"), model("y ~ x", random="uss(1 + x):g")),
    "random of two responses": (F, ("one response only",), model(["y ~ x", "z ~ x"], random="g")),
    "option of a structure": (F, ("us() has no option 'd'",), model("y ~ x + us(1 + x | g, d=2)")),
    "option of another structure": (F, ("idh() has no option 'foo'",), model("y ~ x + idh(1 + x | g, foo=2)")),
    "later structure": (F, ("not available yet", "idh"), model("y ~ x + arma(1 | g)")),
    "twins of a slash": (M, ("same name", "Rename"), model("y ~ 1 + (1 | `a/b`) + (1 | `a∕b`)", D.rename(columns={"g": "a/b", "h": "a∕b"}))),  # noqa: RUF001
    # priors
    "prior of a column that is not there": (PE, ("'b[Days]'", "b[x]"), named("b[Days]")),
    "prior of a column": (PE, ("'x'", "'b[x]'"), named("x")),
    "prior misspelt": (PE, ("'sd_G'", "'sd_g'"), named("sd_G")),
    "prior of group effects": (PE, ("'r_g'", "'sd_g'"), named("r_g")),
    "prior of one group effect": (PE, ("'r_g[a, x]'", "'sd_g'"), named("r_g[a, x]")),
    "prior of sampling variables": (PE, ("'z_g'",), named("z_g")),
    "prior of a correlation that is not": (PE, ("no correlation", "(… | g)"), named("cor_g", LKJ(2), "y ~ x + (x || g)")),
    "prior of a predicted sigma": (PE, ("formula of its own", "'b_sigma'"), named("sigma", 1.0, ["y ~ x", "sigma ~ x"])),
    "prior of slopes without any": (PE, ("there is none", "b[Intercept]"), named("b", 1.0, "y ~ 1 + (1 | g)")),
    "prior as text": (PE, ("'Normal(0, 1)'", "hl.Prior("), prior(b="Normal(0, 1)")),
    "prior as array": (PE, ("array([1., 2.])",), prior(b=np.array([1.0, 2.0]))),
    "prior as list": (PE, ("[1, 2]",), prior(b=[1, 2])),
    "prior None": (PE, ("None",), prior(b=None)),
    "prior True": (PE, ("True",), prior(b=True)),
    "prior NaN": (PE, ("nan",), prior(b=float("nan"))),
    "prior class": (PE, ("no prior",), prior(b=P)),
    "negative sd": (PE, ("positive", "-1"), prior(sd_g=-1.0)),
    "zero sd": (PE, ("positive", "leave the term out"), prior(sd_g=0)),
    "sd around one": (PE, ("negative values", "TruncatedNormal"), prior(sd_g=P("Normal", mu=1, sigma=1))),
    "LKJ of a coefficient": (PE, ("for correlations",), prior(b=LKJ(2))),
    "fixed correlation": (PE, ("cannot be fixed", "'||'"), prior(cor_g=0.5)),
    "variance of a coefficient": (PE, ("standard deviations",), prior(b=P("Gamma", alpha=1, beta=1, on="variance"))),
    "priors as list": (PE, ("list, not a mapping",), model("y ~ x", priors=[P("Normal", sigma=1)])),
    "one prior": (PE, ("not a mapping",), model("y ~ x", priors=P("Normal", sigma=1))),
    "prior by number": (PE, ("not by 3", "b[x]"), named(3)),
    "prior by tuple": (PE, ("('b', 'x')",), named(("b", "x"))),
    "one sd, two priors": (PE, ("one parameter",), lambda: hl.Model("y ~ x + idv(0 + f | g)", D, priors={"sd_g[f[lo]]": P("HalfNormal", sigma=1), "sd_g[f[mid]]": P("HalfNormal", sigma=2)})),
    # the other arguments
    "parameterization misspelt": (M, ("'center'", "'centered'"), model("y ~ x + (1 | g)", parameterization="center")),
    "parameterization misspelt without groups": (M, ("'center'",), model("y ~ x", parameterization="center")),
    "parameterization None": (M, ("None", "auto"), model("y ~ x + (1 | g)", parameterization=None)),
    "parameterization list": (M, ("['centered']",), model("y ~ x + (1 | g)", parameterization=["centered"])),
    "parameterization of no group": (M, ("'G'", "'g'"), model("y ~ x + (1 | g)", parameterization={"G": "centered"})),
    "parameterization of a group None": (M, ("None",), model("y ~ x + (1 | g)", parameterization={"g": None})),
    "parameterization by number": (M, ("'3'",), model("y ~ x + (1 | g)", parameterization={3: "centered"})),
    "missing misspelt": (DE, ("missing='remove'", "drop"), model("y ~ x", missing="remove")),
    "missing None": (DE, ("missing=None",), model("y ~ x", missing=None)),
    "extra as function": (M, ("not a mapping", "extra="), model("y ~ f2(x)", extra=abs)),
    "extra as list": (M, ("list, not a mapping",), model("y ~ f2(x)", extra=[abs])),
    "extra no function": (M, ("'f2'", "no function"), model("y ~ f2(x)", extra={"f2": 3})),
    "extra of a known name": (F, ("already a function",), model("y ~ log(x)", extra={"log": abs})),
    "extra with a blank": (F, ("plain name",), model("y ~ x", extra={"a b": abs})),
    "extra KeyError": (DE, ("f2()", "KeyError"), model("y ~ f2(x)", extra={"f2": raising(KeyError)})),
    "extra RuntimeError": (DE, ("f2()", "RuntimeError", "boom"), model("y ~ f2(x)", extra={"f2": raising(RuntimeError)})),
    "extra MemoryError": (DE, ("f2()", "MemoryError"), model("y ~ f2(x)", extra={"f2": raising(MemoryError)})),
    "extra gives None": (DE, ("must return numbers", "returned None"), model("y ~ f2(x)", extra={"f2": lambda v: None})),
    "extra gives NaN": (DE, ("missing or infinite", "rows 0, 1"), model("y ~ f2(x)", extra={"f2": lambda v: v * np.nan})),
    "extra not given": (F, ("'f2'", "extra="), model("y ~ f2(x)")),
    # several responses
    "response twice": (F, ("has a formula already",), model(["y ~ x", "y ~ z"])),
    "responses in a circle": (F, ("circle",), model(["y ~ z", "z ~ y"])),
    "id of two groupings": (F, ("'p'", "'g' and 'h'"), model(["y ~ x + (1 | p | g)", "z ~ x + (1 | p | h)"])),
    "id of two structures": (F, ("different structures",), model(["y ~ x + us(1 | p | g)", "z ~ x + idh(1 | p | g)"])),
    "missing in the second": (DE, ("'z' has 1 missing",), model(["y ~ x", "z ~ x"], cell("z", 3, np.nan))),
    "mvbind and sigma": (F, ("mvbind",), model(["mvbind(y, z) ~ x", "sigma ~ x"])),
    "response on its own right": (F, ("cannot predict itself",), model("log(y) ~ y", with_(y=D["pos"]))),
    "level of a number": (DE, ("no level 'a'", "bernoulli"), model('y["a"] ~ x')),
    # names and tables
    "Intercept as a column": (F, ("'Intercept' is not a column",), model("y ~ Intercept", D.rename(columns={"x": "Intercept"}))),
    "blank unquoted": (F, ("operator is missing", "^"), model("y ~ a b", D.rename(columns={"x": "a b"}))),
    "backquotes around nothing": (F, ("no column name",), model("y ~ ``")),
    "repeated column": (DE, ("2 columns called 'x'",), model("y ~ x", pd.concat([D, D[["x"]]], axis=1))),
    "repeated pyarrow column": (DE, ("2 columns called 'x'",), model("y ~ x", pa.Table.from_pandas(D).append_column("x", pa.array(D["z"])))),
    "group in the index": (F, ("reset_index()",), model("y ~ x + (1 | g)", D.set_index("g"))),
    "columns of numbers": (F, ("name their columns",), model("y ~ x", pd.DataFrame(np.zeros((5, 3))))),
    "cells that read the same": (DE, ("same label",), model("y ~ x + (1 | g:h)", with_(g=np.resize(["a", "a:b"], N), h=np.resize(["b:c", "c", "c"], N)))),
    "labels that read the same": (F, ("'f[mid]'",), model("y ~ `f[mid]` + f", D.rename(columns={"x": "f[mid]"}))),
    "polars structs": (DE, ("several values a cell",), model("y ~ x", FRAMES["polars"](D).with_columns(x=pl.struct("x", "z")))),
    "polars lists": (DE, ("several values a cell",), model("y ~ x", FRAMES["polars"](D).with_columns(x=pl.lit([1, 2])))),
    "polars lazy": (DE, (".collect()",), model("y ~ x", FRAMES["polars"](D).lazy())),
    "polars dates": (DE, ("dates or times",), model("y ~ x", FRAMES["polars"](D).with_columns(x=pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 2, 9))))),
    "pyarrow nulls": (DE, ("40 missing values",), model("y ~ x", pa.Table.from_pandas(D).set_column(2, "x", pa.nulls(N)))),
    "xarray": (DE, ("to_dataframe()",), model("y ~ x", D.to_xarray())),
    "data in one row": (DE, ("not one value a row",), model("y ~ x", {"y": 1.0, "x": 2.0})),
    "formula and data swapped": (F, ("text, not DataFrame",), model(D, "y ~ x")),
    "formula of bytes": (F, ("text, not bytes",), model(b"y ~ x")),
    "no rows": (DE, ("no rows",), model("y ~ x", D.iloc[:0])),
    "huge predictor": (DE, ("'x' has values beyond 1e+100",), model("y ~ x", with_(x=D["x"] * 1e200))),
    "tiny predictor": (DE, ("all below 1e-100",), model("y ~ x", with_(x=D["x"] * 1e-200))),
    "levels after dropping": (DE, ("only the level 'b'",), model("y ~ f + x", cell("x", 0, np.nan).assign(f=["a"] + ["b"] * 39), missing="drop")),
    "trials that are fractions": (DE, ("trials(e)", "whole numbers"), model("s | trials(e) ~ x", D, "binomial")),
    "proportions": (DE, ("looks like proportions", "p(p, n)"), model("p | trials(n) ~ x", D, "binomial")),
    "zero standard error": (DE, ("se(e)", "row 3"), model("y | se(e) ~ x", cell("e", 3, 0.0))),
    "zero weights": (DE, ("all zero",), model("y | weights(w) ~ x", with_(w=0.0))),
    "offset of text": (DE, ("'f' is not numeric",), model("y ~ offset(f)")),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_refused(case: str):
    refused(*CASES[case])


@pytest.mark.parametrize("value", ["a", None, True, [1.0], 1j])
def test_parameters_are_fixed_at_numbers(value: Any):
    with pytest.raises(hl.PriorError, match="fixed at a number"):
        Fixed(value)


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.float64(2), np.int64(2)])
def test_any_number_holds_a_parameter_fixed(value: Any):
    model = hl.Model("y ~ x", D, priors={"b[x]": value})
    assert [a.prior for a in model.assignments if a.label == "x"] == [Fixed(2.0)]


# ------------------------------------------------------------------------------------------------------ names that work
NAMES = ["mu", "sigma", "chain", "draw", "obs", "coef", "units", "level", "effect_g", "sd_g", "y_1", "observed_y", "X"]
NAMES += ["größe", "a b", "a:b", "a/b", "x[1]", "np", "log", "C", "True", "class", "__x", "a.b", "1x", "<script>", "x'"]


@pytest.mark.parametrize("name", NAMES)
def test_any_column_name_will_do(name: str):
    quoted = f"`{name}`"
    for old, formula in (("x", f"y ~ {quoted}"), ("g", f"y ~ x + (x | {quoted})"), ("y", f"{quoted} ~ x + (1 | g)")):
        model = hl.Model(formula, D.rename(columns={old: name}))
        fit = synthetic_fit(model, chains=1, draws=4)
        assert np.isfinite(fit.predict(D.rename(columns={old: name}).iloc[:3]).draws).all()
        for html in (model._repr_html_(), fit._repr_html_(), fit.summary()._repr_html_()):
            assert "<script>" not in html
        assert repr(model) and repr(fit)


# ------------------------------------------------------------------------------------------- what only the priors decide
WARNED: dict[str, tuple[str, Callable[[], object]]] = {
    "units in gaussian": ("'units' has one row per level", model("y ~ x + (1 | units)")),
    "labels of rows in gaussian": ("'id' has one row per level", model("y ~ x + (1 | id)", with_(id=[f"i{i}" for i in range(N)]))),
    "cells of one row": ("'g:k' has one row per level", model("y ~ x + (1 | g:k)", with_(k=np.resize(range(5), N)))),
    "units in lognormal": ("'sd_units' and 'sigma'", model("pos ~ x + (1 | units)", D, "lognormal")),
    "units in negbinomial": ("'sd_units' and 'shape'", model("c ~ x + (1 | units)", D, "negbinomial")),
    "units in bernoulli": ("says nothing about 'sd_units'", model("b ~ x + (1 | units)", D, "bernoulli")),
    "units beside a predicted sigma": ("'sd_units' and 'sigma'", model(["y ~ x + (1 | units)", "sigma ~ x"])),
    "as many effects as rows": ("20 × 2 effects for 40 rows", model("y ~ x + (x | id)", with_(id=np.repeat(range(20), 2)))),
    "fixed and random": ("give every level of 'g' a mean", model("y ~ g + (1 | g)")),
    "saturated": ("2 rows for 2 coefficients", model("y ~ x", D.iloc[:2])),
    "perfect separation": ("Separation: 'x' tells", model("b ~ x", with_(b=(D["x"] > 0).astype(int)), "bernoulli")),
    "separation by a level": ("Separation: 'f\\[mid\\]', 'f\\[top\\]' tell", model("b ~ f", with_(b=np.where(D["f"] == "lo", 1, D["b"])), "bernoulli")),
    "separation of successes": ("Separation", model("s | trials(n) ~ f", with_(s=np.where(D["f"] == "lo", D["n"], D["s"])), "binomial")),
    "a level without counts": ("Separation", model("c ~ f", with_(c=np.where(D["f"] == "lo", 0, D["c"] + 1)), "poisson")),
    "aliased columns": ("'I\\(2 \\* x\\)' is a combination of 'x'", model("y ~ x + I(2 * x)")),
    "aliased slopes": ("In \\(1 \\+ x", model("y ~ x + (x + I(2 * x) | g)")),
    "wild scales": ("'x' and 'z' are", model("y ~ x + z", with_(x=D["x"] * 1e7))),
    "wild slopes": ("'x' is", model("y ~ 1 + (x | g)", with_(x=D["x"] * 1e7))),
    "numbers as text": ("'x' is text with 40 levels", model("y ~ x", with_(x=[f"{v:.5f}" for v in D["x"]]))),
    "which level is 1": ("'bb' counts as 1", model("b ~ x", with_(b=np.where(D["b"] == 1, "aa", "bb")), "bernoulli")),
}  # fmt: skip


@pytest.mark.parametrize("case", WARNED)
def test_warned(case: str):
    says, ask = WARNED[case]
    start = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ask()
    assert time.perf_counter() - start < 1
    assert any(re.search(says, str(w.message)) for w in caught), [str(w.message) for w in caught]
    assert {w.category for w in caught} == {hl.DataWarning}  # no RuntimeWarning of NumPy's
    assert all(w.filename == __file__ for w in caught)


SILENT = {
    "units in poisson": model("c ~ x + (1 | units)", D, "poisson"),
    "units in binomial": model("s | trials(n) ~ x + (1 | units)", D, "binomial"),
    "units beside known errors": model("y | se(e) ~ x + (1 | units)"),
    "units with sigma fixed": model("y ~ x + (1 | units)", priors={"sigma": 1.0}),
    "units of sigma": model(["y ~ x", "sigma ~ 1 + (1 | units)"]),
    "slopes by row": model("y ~ x + (0 + x | id)", with_(id=[f"i{i}" for i in range(N)])),
    "nothing separated": model("b ~ x + f", D, "bernoulli"),
    "counts with zeros": model("c ~ x + f", D, "poisson"),
    "one response in another": model(["y ~ x", "z ~ y"]),
    "separated groups": model("b ~ 1 + (1 | g)", with_(b=(D["g"] < "d").astype(int)), "bernoulli"),
}


@pytest.mark.parametrize("case", SILENT)
def test_no_false_alarm(case: str):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SILENT[case]()


@pytest.mark.parametrize(
    ("formula", "table", "family"),
    [
        ("Reaction ~ Days + (Days | Subject)", "sleepstudy", "gaussian"),
        ("cbind(incidence, size - incidence) ~ period + (1 | herd) + (1 | units)", "cbpp", "binomial"),
        ("TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION)", "grouseticks", "poisson"),
        ("use ~ age + urban + (1 | district)", "Contraception", "bernoulli"),
        ("r2 ~ Anger + Gender + btype + (1 | id) + (1 | item)", "VerbAgg", "bernoulli"),
    ],
)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_real_data_raise_no_alarm(data: Callable[[str], Any], formula: str, table: str, family: str):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        hl.Model(formula, data(table), family)
    assert not [w for w in caught if "Separation" in str(w.message) or "one row per level" in str(w.message)]


# ------------------------------------------------------------------------------------------------------------ prediction
NEW = D.head(6)


@pytest.fixture(scope="module")
def fits() -> dict[str, hl.Fit]:
    return {
        "gaussian": synthetic_fit(hl.Model("y ~ x + f + (x | g) + (1 | h)", D)),
        "binomial": synthetic_fit(hl.Model("s | trials(n) ~ x + offset(e) + (1 | g)", D, "binomial")),
        "weighted": synthetic_fit(hl.Model("y | weights(w) ~ x", D)),
        "nothing": synthetic_fit(hl.Model("y ~ 1", D)),
    }


NEW_DATA: dict[str, tuple[str, Any, tuple[str, ...]]] = {
    "no column": ("gaussian", NEW.drop(columns="x"), ("lack the column 'x'", "They have y")),
    "no columns": ("gaussian", NEW[["y"]], ("'x', 'f', 'g', 'h'",)),
    "text for numbers": ("gaussian", NEW.assign(x="1.0"), ("'x' holds text", "pd.to_numeric")),
    "booleans for numbers": ("gaussian", NEW.assign(x=True), ("'x' holds booleans", "astype(float)")),
    "numbers for text": ("gaussian", NEW.assign(f=1), ("'f' holds numbers", "astype(str)")),
    "numbers for groups": ("gaussian", NEW.assign(g=1), ("'g' holds numbers", "astype(str)")),
    "dates": ("gaussian", NEW.assign(x=pd.Timestamp("2020")), ("dates or times",)),
    "missing": ("gaussian", NEW.assign(x=[np.nan, *NEW["x"][1:]]), ("row 0", "needs every value")),
    "missing group": ("gaussian", NEW.assign(g=None), ("'g' has 6 missing values",)),
    "huge": ("gaussian", NEW.assign(x=1e200), ("beyond 1e+100",)),
    "unseen common level": ("gaussian", NEW.assign(f="LO"), ("level 'LO'", "lo, mid, top")),
    "repeated": ("gaussian", pd.concat([NEW, NEW[["x"]]], axis=1), ("2 columns called 'x'",)),
    "repeated pyarrow": ("gaussian", pa.Table.from_pandas(NEW).append_column("x", pa.array(NEW["z"])), ("2 columns called 'x'",)),
    "no rows": ("gaussian", NEW.iloc[:0], ("no rows", "read or filtered")),
    "no rows at all": ("nothing", {}, ("no rows",)),
    "one row of scalars": ("gaussian", {"x": 1.0, "f": "lo", "g": "a", "h": "u"}, ("not one value a row", "in a list")),
    "a list": ("gaussian", [1, 2], ("Cannot read data",)),
    "no trials": ("binomial", NEW.drop(columns="n"), ("'n'",)),
    "no offset": ("binomial", NEW.drop(columns="e"), ("'e'",)),
    "negative trials": ("binomial", NEW.assign(n=-1), ("trials", "whole numbers", "rows 0, 1")),
    "fractional trials": ("binomial", NEW.assign(n=[1.5, *NEW["n"][1:]]), ("whole numbers", "row 0")),
    "trials as text": ("binomial", NEW.assign(n="5"), ("'n' holds text",)),
    "infinite offset": ("binomial", NEW.assign(e=np.inf), ("'e' has 6 infinite",)),
}  # fmt: skip


@pytest.mark.parametrize("frame", ["pandas", "polars", "pyarrow"])
@pytest.mark.parametrize("case", NEW_DATA)
def test_new_data_refused(fits: dict[str, hl.Fit], case: str, frame: str):
    which, new, parts = NEW_DATA[case]
    if frame != "pandas" and (not isinstance(new, pd.DataFrame) or new.columns.has_duplicates):
        pytest.skip("made for one kind of table")
    if frame != "pandas":
        new = FRAMES[frame](new) if len(new) else FRAMES[frame](NEW)[:0]
    for kind in ("mean", "linear", "response"):
        refused(hl.PredictionError, parts, lambda kind=kind: fits[which].predict(new, kind=kind))


def test_new_data_where_no_column_is_needed(fits: dict[str, hl.Fit]):
    for new in ({"any": [1, 2, 3]}, pd.DataFrame(index=range(3)), pl.DataFrame({"any": [1, 2, 3]})):
        assert len(fits["nothing"].predict(new).frame) == 3


def test_log_likelihood_of_new_data(fits: dict[str, hl.Fit]):
    bad = {"'s'": NEW.drop(columns="s"), "larger than its trials": NEW.assign(s=99), "negative": NEW.assign(s=-1)}
    for says, new in bad.items():
        refused(hl.PredictionError, (says,), lambda new=new: fits["binomial"].log_likelihood(new))
    refused(hl.PredictionError, ("weights",), lambda: fits["weighted"].log_likelihood(NEW.assign(w=-1.0)))


OUTSIDE: dict[str, tuple[Any, str, dict[str, Any], dict[str, list[float]], str]] = {
    "poisson identity": ("c ~ x", "poisson", {"link": "identity"}, {"b": [3.0, 1.0]}, "'mu' of 'c' is below 0"),
    "negbinomial identity": ("c ~ x", "negbinomial", {"link": "identity"}, {"b": [3.0, 1.0]}, "'mu' of 'c'"),
    "gamma inverse": ("pos ~ x", "gamma", {"link": "inverse"}, {"b": [0.5, 0.5]}, "which the inverse link allows"),
    "exponential identity": ("pos ~ x", "exponential", {"link": "identity"}, {"b": [3.0, 1.0]}, "below 0"),
    "inverse gaussian": ("pos ~ x", "inverse_gaussian", {"link": "inverse_squared"}, {"b": [0.4, 0.3]}, "below 0"),
    "binomial identity": ("s | trials(n) ~ x", "binomial", {"link": "identity"}, {"b": [0.5, 0.01]}, "not between 0 and 1"),
    "beta identity": ("p ~ x", "beta", {"link": "identity"}, {"b": [0.5, 0.01]}, "not between 0 and 1"),
    "sigma identity": (["y ~ x", "sigma ~ x"], "gaussian", {"link": {"sigma": "identity"}}, {"b_sigma": [1.0, 0.5]}, "'sigma' of 'y' is below 0"),
}  # fmt: skip


@pytest.mark.parametrize("case", OUTSIDE)
def test_parameters_outside_their_range(case: str):
    """The row is named; the log-likelihood is −∞ there and nowhere else, as in the model."""
    formula, family, options, values, says = OUTSIDE[case]
    fit = synthetic_fit(hl.Model(formula, D, family, **options), values=values)
    new = D.head(3).assign(x=[0.0, -100.0, 0.5])
    for kind in ("mean", "response"):
        refused(hl.PredictionError, (says, "row 1", "kind='linear'"), lambda kind=kind: fit.predict(new, kind=kind))
    assert np.isfinite(fit.predict(new, kind="linear").draws).all()
    density = fit.log_likelihood(new)["y"].to_numpy()
    assert np.isneginf(density[..., 1]).all()
    assert np.isfinite(density[..., [0, 2]]).all()


@pytest.mark.parametrize("family", ["poisson", "negbinomial", "negbinomial1"])
def test_counts_beyond_what_integers_hold(family: str):
    fit = synthetic_fit(hl.Model("c ~ x", D, family), values={"b": [3.0, 1.0]})
    refused(hl.PredictionError, ("10¹⁴", "row 1"), lambda: fit.predict({"x": [0.0, 60.0]}, kind="response"))


def test_a_wrong_seed_is_not_blamed_on_the_priors(fits: dict[str, hl.Fit]):
    with pytest.raises(hl.PredictionError, match="seed='a'"):
        fits["nothing"].model.prior_predictive(10, seed="a")


def test_two_groupings_that_are_one() -> None:
    """Labels may differ; what counts is which rows are together, and by which column."""
    rng = np.random.default_rng(0)
    g = np.repeat(list("abcdef"), 6)
    data = pd.DataFrame({"y": rng.normal(size=36), "x": rng.normal(size=36), "g": g})
    data["h"], data["k"] = data["g"].map(dict(zip("abcdef", "fbdcae", strict=True))), np.tile(list("pqr"), 12)
    with pytest.warns(hl.DataWarning, match=r"'g' and 'h' put the same rows together.*Leave one of them out"):
        hl.Model("y ~ x + (1 | g) + (1 | h)", data)
    with pytest.warns(hl.DataWarning, match="'g' and 'h'"):
        hl.Model("y ~ x + (x | g) + (0 + x | h)", data)
    for formula in ("y ~ x + (1 | g) + (0 + x | h)", "y ~ x + (1 | g) + (1 | k)", "y ~ x + (1 | g) + (0 + x | g)"):
        hl.Model(formula, data)
