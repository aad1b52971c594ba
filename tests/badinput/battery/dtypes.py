"""Types of columns: those that are read, and those that are no numbers, text, categories or booleans."""

from __future__ import annotations

import datetime
import decimal
import fractions
from typing import Any

import numpy as np
import pandas as pd

import hierlm as hl
from tests.badinput.battery.case import BOTH, Case, Refused, Right, Warned
from tests.badinput.battery.frames import COLUMNS, Frame, N, at

CATEGORY = "types of columns"
DE = hl.DataError
DAY = datetime.date(2020, 1, 1)
HALF = [i % 2 == 0 for i in range(N)]
LEVELS = ("lo", "mid", "top")


def plain(formula: str = "y ~ x", **columns: Any) -> hl.Model:
    """The same model of plain columns of numbers and text."""
    return hl.Model(formula, pd.DataFrame(COLUMNS | columns))


def same(model: hl.Model, other: hl.Model) -> None:
    assert model.predictors[0].labels == other.predictors[0].labels
    np.testing.assert_array_equal(model.predictors[0].X, other.predictors[0].X)
    np.testing.assert_array_equal(model.responses[0].y, other.responses[0].y)
    assert [b.levels for b in model.blocks] == [b.levels for b in other.blocks]
    for mine, theirs in zip(model.blocks, other.blocks, strict=True):
        np.testing.assert_array_equal(mine.codes, theirs.codes)


def as_plain(formula: str = "y ~ x", **columns: Any) -> Right:
    """The model is that of plain columns."""
    return Right(lambda model: same(model, plain(formula, **columns)))


def labels(*expected: str) -> Right:
    def check(model: Any) -> None:
        assert model.predictors[0].labels == expected, model.predictors[0].labels

    return Right(check)


def levels(*expected: str) -> Right:
    def check(model: Any) -> None:
        assert model.blocks[0].levels == expected, model.blocks[0].levels

    return Right(check)


def ones(model: Any) -> None:
    np.testing.assert_array_equal(model.responses[0].y, HALF)


def case(name: str, expected: Any, ask: Any, frames: tuple[str, ...] = BOTH) -> Case:
    return Case(CATEGORY, name, expected, ask, frames)


def numbered(name: str, kind: str, values: list[Any]) -> Case:
    return case(name, as_plain(x=values), lambda F: hl.Model("y ~ x", F.table(x=F.numbers(values, kind))))


def refused(
    name: str,
    column: Any,
    says: tuple[str, ...],
    rows: Any = None,
    formula: str = "y ~ x",
    at_: str = "x",
    frames: tuple[str, ...] = BOTH,
) -> Case:
    return case(name, Refused(DE, says, at_, rows), lambda F: hl.Model(formula, F.table({at_: column(F)})), frames)


INTEGERS = list(range(1, N + 1))
BIG = [2**60 + i for i in range(N)]

CASES = [
    # nullable
    case("nullable integers", as_plain(x=INTEGERS), lambda F: hl.Model("y ~ x", F.table(x=F.nullable(INTEGERS, "Int64")))),
    refused("nullable integers with a gap", lambda F: F.nullable([None, *INTEGERS[1:]], "Int64"), ("1 missing",), (0,)),
    refused("nullable booleans with a gap", lambda F: F.nullable([None, *HALF[1:]], "boolean"), ("1 missing",), (0,)),
    refused("nullable text with a gap", lambda F: F.nullable([None, *COLUMNS["g"][1:]], "string"), ("1 missing",), (0,), "y ~ x + (1 | g)", "g"),
    case("nullable booleans", labels("Intercept", "x[True]"), lambda F: hl.Model("y ~ x", F.table(x=F.nullable(HALF, "boolean")))),
    case("nullable text", as_plain("y ~ x + (1 | g)"), lambda F: hl.Model("y ~ x + (1 | g)", F.table(g=F.nullable(COLUMNS["g"], "string")))),
    case("nullable counts", as_plain("c ~ x"), lambda F: hl.Model("c ~ x", F.table(c=F.nullable(COLUMNS["c"], "Int64")))),
    # numbers
    numbered("float32", "float32", [i / 4 for i in range(N)]),
    numbered("int8", "int8", INTEGERS),
    numbered("uint64", "uint64", INTEGERS),
    refused("integers that lose digits", lambda F: F.numbers(BIG, "int64"), ("2^53", "astype(str)")),
    refused("negative integers that lose digits", lambda F: F.numbers([-b for b in BIG], "int64"), ("2^53",)),
    refused("identifiers that lose digits", lambda F: F.numbers([BIG[i // 5] for i in range(N)], "int64"), ("2^53", "astype(str)"), None, "y ~ x + (1 | g)", "g"),
    refused("unsigned integers that lose digits", lambda F: F.numbers([2**63 + i for i in range(N)], "uint64"), ("2^53",)),
    refused("integers of objects that lose digits", lambda F: F.objects(BIG), ("2^53",)),
    refused("integers beyond every type", lambda F: F.objects([2**70 + i for i in range(N)]), ("2^53",)),
    refused("identifiers beyond every type", lambda F: F.objects([2**70 + i // 5 for i in range(N)]), ("2^53",), None, "y ~ x + (1 | g)", "g"),
    refused("complex numbers", lambda F: np.full(N, 1j), ("complex", "real part"), frames=("pandas",)),
    # booleans
    case("a boolean predictor", labels("Intercept", "x[True]"), lambda F: hl.Model("y ~ x", F.table(x=HALF))),
    case("a boolean response of bernoulli", Right(ones), lambda F: hl.Model("b ~ x", F.table(b=HALF), "bernoulli")),
    case("a boolean response of gaussian", Refused(DE, ("'False', 'True'", "needs numbers"), "y"), lambda F: hl.Model("y ~ x", F.table(y=HALF))),
    case("a boolean response of poisson", Refused(DE, ("'False', 'True'", "bernoulli"), "c"), lambda F: hl.Model("c ~ x", F.table(c=HALF), "poisson")),
    refused("booleans that never change", lambda F: [True] * N, ("only the level 'True'",)),
    case("boolean arithmetic", labels("Intercept", "I(b + x)"), lambda F: hl.Model("y ~ I(b + x)", F.table(b=HALF))),
    # categories
    case("categories in their own order", labels("Intercept", "f[lo]", "f[mid]"), lambda F: hl.Model("y ~ f", F.table(f=F.categories(COLUMNS["f"], ("top", "lo", "mid"))))),
    case("ordered categories are coded like others", labels("Intercept", "f[mid]", "f[top]"), lambda F: hl.Model("y ~ f", F.table(f=F.categories(COLUMNS["f"], LEVELS, ordered=True)))),
    case("levels that no row has", labels("Intercept", "f[mid]", "f[top]"), lambda F: hl.Model("y ~ f", F.table(f=F.categories(COLUMNS["f"], ("none", *LEVELS, "never"))))),
    case("groups that no row has", levels("z", *"abcdefgh"), lambda F: hl.Model("y ~ x + (1 | g)", F.table(g=F.categories(["z", *COLUMNS["g"][1:]], ("z", "none", *"abcdefgh"))))),
    refused("categories of which one is used", lambda F: F.categories(["lo"] * N, LEVELS), ("only the level 'lo'",), None, "y ~ f", "f"),
    refused("categories with a gap", lambda F: F.categories([None, *COLUMNS["f"][1:]], LEVELS), ("1 missing",), (0,), "y ~ f", "f"),
    refused("groups of which one is used", lambda F: F.categories(["a"] * N, tuple("abc")), ("only the level 'a'",), None, "y ~ 1 + (1 | g)", "g"),
    case("categories that are numbers", labels("Intercept", "f[2]", "f[3]"), lambda F: hl.Model("y ~ f", F.table(f=pd.Categorical([1 + i % 3 for i in range(N)]))), ("pandas",)),
    case("categories that are huge numbers", labels("Intercept", f"f[{BIG[1]}]", f"f[{BIG[2]}]"), lambda F: hl.Model("y ~ f", F.table(f=pd.Categorical([BIG[i % 3] for i in range(N)]))), ("pandas",)),
    refused("categories that read the same", lambda F: pd.Categorical([(1, "1")[i % 2] for i in range(N)]), ("read the same", "Rename"), None, "y ~ f", "f", ("pandas",)),
    refused("categories as the response", lambda F: F.categories(COLUMNS["f"], LEVELS), ("'lo', 'mid', 'top'", "needs numbers"), None, "f ~ x", "f"),
    # dates
    refused("dates", Frame.dates, ("dates or times", "days since")),
    refused("dates as the response", Frame.dates, ("dates or times",), None, "y ~ x", "y"),
    refused("dates as groups", Frame.dates, ("dates or times",), None, "y ~ x + (1 | g)", "g"),
    refused("durations", Frame.durations, ("dates or times", "days")),
    refused("times of day", lambda F: F.times([datetime.time(i % 24, i) for i in range(N)]), ("time",)),
    refused("days", lambda F: F.times([DAY + datetime.timedelta(i) for i in range(N)]), ("date",)),
    refused("periods", lambda F: pd.period_range("2020", periods=N, freq="M"), ("Period",), tuple(range(N)), frames=("pandas",)),
    # objects
    refused("numbers and text", lambda F: F.objects(["missing" if i == 8 else float(i) for i in range(N)]), ("mixes numbers and text", "pd.to_numeric"), (8,)),
    refused("text and a number", lambda F: F.objects([3 if i == 8 else f"t{i % 4}" for i in range(N)]), ("mixes numbers and text", "astype(str)"), (8,)),
    refused("booleans and text", lambda F: F.objects(["no" if i == 8 else True for i in range(N)]), ("mixes",), (8,)),
    refused("a list in a cell", lambda F: F.objects([[1, 2] if i == 6 else float(i) for i in range(N)]), ("list objects", "One value a cell"), (6,)),
    refused("a mapping in a cell", lambda F: F.objects([{"a": 1} if i == 6 else float(i) for i in range(N)]), ("dict objects",), (6,)),
    refused("a date in a cell", lambda F: F.objects([DAY if i == 4 else float(i) for i in range(N)]), ("date objects",), (4,)),
    refused("decimals", lambda F: F.objects([decimal.Decimal(i) for i in range(N)]), ("Decimal", "astype(float)")),
    refused("fractions", lambda F: F.objects([fractions.Fraction(i, 3) for i in range(N)]), ("Fraction", "astype(float)")),
    refused("bytes", lambda F: F.objects([b"a", b"b"] * (N // 2)), ("bytes",)),
    refused("None among objects", lambda F: F.objects([None if i == 3 else float(i) for i in range(N)]), ("1 missing",), (3,)),
    case("numbers among objects", as_plain(x=[float(i) for i in range(N)]), lambda F: hl.Model("y ~ x", F.table(x=F.objects([float(i) for i in range(N)])))),
    case("text among objects", as_plain("y ~ x + (1 | g)"), lambda F: hl.Model("y ~ x + (1 | g)", F.table(g=F.objects(COLUMNS["g"])))),
    # text
    case("text that is numbers", Warned(("'x' is text with 40 levels", "all of them numbers")), lambda F: hl.Model("y ~ x", F.table(x=[f"{i}.5" for i in range(N)]))),
    case("groups that are measurements", Warned(("'x' has 40 levels that look like measurements",)), lambda F: hl.Model("y ~ 1 + (1 | x) + (1 | g)", F.table(x=[f"{i}.5" for i in range(N)]), priors={"sigma": 1.0})),
    case("levels that differ in blanks", Warned(("'f'", "'lo'", "'lo '", "blanks only")), lambda F: hl.Model("y ~ f", F.table(f=at("f", "lo ", 0, 3)))),
    case("groups that differ in blanks", Warned(("'g'", "' a'", "blanks")), lambda F: hl.Model("y ~ x + (1 | g)", F.table(g=at("g", " a", 0, 1)))),
    case("text that is empty", Warned(("'f'", "empty text")), lambda F: hl.Model("y ~ f", F.table(f=at("f", "", 0, 3, 5)))),
    refused("text in a function", lambda F: COLUMNS["f"], ("not numeric", "numeric column"), None, "y ~ log(f)", "f"),
    refused("text as weights", lambda F: COLUMNS["f"], ("not numeric",), None, "y | weights(f) ~ 1", "f"),
    refused("text as an offset", lambda F: COLUMNS["f"], ("not numeric",), None, "y ~ offset(f)", "f"),
    refused("text as trials", lambda F: [str(v) for v in COLUMNS["n"]], ("not numeric",), None, "s | trials(n) ~ x", "n"),
    refused("fractions as groups", lambda F: COLUMNS["x"], ("fractional", "slope"), tuple(range(N)), "y ~ 1 + (1 | x)"),
]  # fmt: skip
