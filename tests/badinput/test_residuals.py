"""Correlations of residuals that mean nothing are refused in words, with a place and a remedy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.errors import DataError, DataWarning, FormulaError, HierlmError, PriorError


def table() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"g": np.repeat(list("abcdef"), 5), "t": np.tile(np.arange(5), 6)})
    frame["x"], frame["y"] = rng.normal(size=30), rng.normal(size=30)
    frame["n"], frame["w"] = rng.poisson(3, 30), 1.0
    frame["f"] = [f"t{k + 8}" for k in frame["t"]]
    frame["half"] = frame["t"] + 0.5 * (frame["g"] == "b")
    return frame


TEXTS = [
    ("ar2(t | g)", "'ar2' is no correlation of residuals", "ar1"),
    ("idh(t | g)", "'idh' is no correlation", "varIdent"),
    ("ar1(t || g)", "one bar", "ar1"),
    ("ar1(t | g) + idh(f):units", "one correlation structure", "varIdent"),
    ("(t | g)", "structure is missing", "ar1"),
    ("ar1()", "does not say what is correlated", "ar1"),
    ("arma(t | g)", "no order", "p=1, q=1"),
    ("arma(t | g, 1)", "needs its name", "p=1"),
    ("arma(t | g, p=1, p=2)", "given twice", "once"),
    ("ar1(t + x | g)", "takes one column", "ar1"),
    ("ar1(1 + t | g)", "position is a column", "ar1"),
    ("ar1(t - x | g)", "taken away", "ar1"),
    ("car1(1 | g)", "needs times", "car1"),
    ("exp(1 | g)", "needs coordinates", "lat"),
    ("us(1 | g)", "needs occasions", "us"),
    ("cs(t | g)", "does not depend on positions", "cs"),
    ("exp(x + x | g)", "given twice", "once"),
    ("exp(x | g, nugget=0.1)", "neither True nor False", "nugget=True"),
    ("exp(x | g, range=2)", "no option 'range'", "nugget"),
    ("lin(t + x | g)", "2 coordinates", "sph"),
    ("ar1(t | units)", "block of its own", "column"),
    ("ar1(t | g + f)", "one grouping", "a:b"),
    ("ar1(t | mm(g, f))", "levels of a column", "ar1"),
    ("ar1(zz | g)", "no column 'zz'", "Known"),
    ("ar1(t | gg)", "no column 'gg'", "'g'"),
    ("ar1(y | g)", "response", "Leave"),
]


@pytest.mark.parametrize(("typed", "message", "remedy"), TEXTS, ids=[t[0] for t in TEXTS])
def test_texts(typed: str, message: str, remedy: str) -> None:
    with pytest.raises(FormulaError, match=message) as caught:
        hl.Model("y ~ x", table(), residual=typed)
    assert remedy in str(caught.value.hint)
    assert caught.value.text.endswith(typed)


COLUMNS = [
    ("us(t | g)", "'t' is numeric", "us(C(t) | g)"),
    ("toep(f | g)", "order of their letters|that of their letters", "pd.Categorical"),
    ("ar1(half | g)", "not whole", "car1(half | g)"),
    ("car1(f | g)", "takes times", "to_numeric"),
    ("exp(f | g)", "takes coordinates", "to_numeric"),
    ("ar1(t)", "6 rows are at the same position, t = 0", "after the bar"),
    ("us(C(t))", "6 rows are at the same position", "after the bar"),
    ("ar1(t | x)", "fractional", "label"),
    ("cs(1 | g:t)", "has two rows", "column"),
]


@pytest.mark.parametrize(("typed", "message", "remedy"), COLUMNS, ids=[c[0] for c in COLUMNS])
def test_columns(typed: str, message: str, remedy: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        hl.Model("y ~ x", table(), residual=typed)
    assert remedy in str(caught.value.hint)


def test_repeated_times_name_group_and_rows() -> None:
    frame = pd.concat([table(), table().iloc[[7]]], ignore_index=True)
    with pytest.raises(DataError, match=r"2 rows of g 'b' .* t = 2 \(rows 7, 30"):
        hl.Model("y ~ x", frame, residual="ar1(t | g)")
    with pytest.raises(DataError, match="same position") as caught:
        hl.Model("y ~ 1", frame, residual="exp(t + x | g)")
    assert "nugget=True" in caught.value.hint
    hl.Model("y ~ 1", frame, residual="exp(t + x | g, nugget=True)")


def test_missing_times() -> None:
    frame = table().astype({"t": float})
    frame.loc[3, "t"] = np.nan
    with pytest.raises(DataError, match="'t' has 1 missing value"):
        hl.Model("y ~ x", frame, residual="ar1(t | g)")
    with pytest.warns(DataWarning, match="row"):
        assert hl.Model("y ~ x", frame, residual="ar1(t | g)", missing="drop").design.n == 29


MODELS: list[tuple[Any, dict[str, Any], str, str]] = [
    ("y | weights(w) ~ x", {}, "weights", "Leave one"),
    ("y | se(w) ~ x", {}, "se", "Leave one"),
    (["y ~ x", "nu ~ x"], {"family": "student_t"}, "'nu' is one number of a block", "nu ~"),
    (["y ~ x", "x ~ t"], {}, "one response only", "sigma"),
]


@pytest.mark.parametrize(("formula", "options", "message", "remedy"), MODELS)
def test_models(formula: Any, options: dict[str, Any], message: str, remedy: str) -> None:
    with pytest.raises(HierlmError, match=message) as caught:
        hl.Model(formula, table(), residual="ar1(t | g)", **options)
    assert remedy in str(caught.value.hint)


LATENT = [
    *[c for c in COLUMNS if c[0] != "ar1(t | x)"],
    ("exp(t, nugget=True)", "6 rows are at the same position", "after the bar"),
]


@pytest.mark.parametrize(("typed", "message", "remedy"), LATENT, ids=[c[0] for c in LATENT])
def test_columns_of_a_latent_process(typed: str, message: str, remedy: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        hl.Model("n ~ x", table(), "poisson", residual=typed)
    assert remedy in str(caught.value.hint)


@pytest.mark.parametrize(("typed", "message"), [(t, m) for t, m, _ in TEXTS if "gg" not in t])
def test_texts_of_a_latent_process(typed: str, message: str) -> None:
    with pytest.raises(FormulaError, match=message if "response" not in message else "no column|response"):
        hl.Model("n ~ x", table().drop(columns="y"), "poisson", residual=typed)


def test_a_column_with_the_name_of_the_one_block() -> None:
    frame = table().iloc[:5].assign(**{"all rows": list("aabbb")})
    with pytest.raises(FormulaError, match="name of the column 'all rows'"):
        hl.Model("n ~ x + (1 | `all rows`)", frame, "poisson", residual="ar1(t)")


def test_many_values_for_few_rows_are_warned_about() -> None:
    frame = pd.concat([table()] * 4, ignore_index=True)
    frame["g"] = [f"g{i // 5}" for i in range(120)]
    frame["u"] = np.arange(120) * 1.1
    with pytest.warns(DataWarning, match="120 positions in all × 24 blocks are 2,880 values"):
        hl.Model("n ~ x", frame, "poisson", residual="car1(u | g)")


def test_priors() -> None:
    with pytest.raises(PriorError, match="between -1 and 1"):
        hl.Model("y ~ x", table(), residual="ar1(t | g)", priors={"rescor[phi]": 1.2})
    with pytest.raises(PriorError, match="no parameter called 'phi'") as caught:
        hl.Model("y ~ x", table(), residual="ar1(t | g)", priors={"phi": 0.2})
    assert "rescor[phi]" in caught.value.hint
    fixed = hl.Model("y ~ x", table(), residual="ar1(t | g)", priors={"rescor[phi]": 0.3}).priors()
    assert fixed.set_index("parameter").loc["rescor[phi]", "prior"] == "fixed at 0.3"


def test_the_same_correlation_twice_is_warned_about() -> None:
    with pytest.warns(DataWarning, match="correlate all rows of a level alike"):
        hl.Model("y ~ x + (1 | g)", table(), residual="cs(1 | g)")
    with pytest.warns(DataWarning, match="correlate all rows of a level alike"):
        hl.Model("n ~ x + (1 | g)", table(), "poisson", residual="cs(1 | g)")


def test_matrices_beyond_the_memory() -> None:
    n = 9000
    frame = pd.DataFrame({"y": np.sin(np.arange(n)), "u": np.arange(n) * 0.1})
    with pytest.raises(DataError, match="81,000,000 numbers"):
        hl.Model("y ~ 1", frame, residual="exp(u)")
    hl.Model("y ~ 1", frame, residual="car1(u)")
