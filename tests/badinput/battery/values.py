"""Missing and infinite values, wherever they can stand."""

from __future__ import annotations

import math
from typing import Any

import hierlm as hl
from tests.badinput.battery.case import Case, Refused, Right, Warned
from tests.badinput.battery.frames import N, at

CATEGORY = "missing and infinite values"
DE = hl.DataError
NAN, INF = math.nan, math.inf
DROP = 'missing="drop"'

PLACES: dict[str, tuple[Any, str, str]] = {
    # where: formula, column, family
    "response": ("y ~ x", "y", "gaussian"),
    "predictor": ("y ~ x", "x", "gaussian"),
    "predictor in a product": ("y ~ f * x", "x", "gaussian"),
    "transformed predictor": ("y ~ scale(x)", "x", "gaussian"),
    "slope": ("y ~ 1 + (x | g)", "x", "gaussian"),
    "weights": ("y | weights(w) ~ x", "w", "gaussian"),
    "standard errors": ("y | se(e) ~ x", "e", "gaussian"),
    "trials": ("s | trials(n) ~ x", "n", "binomial"),
    "offset": ("y ~ x + offset(e)", "e", "gaussian"),
    "second response": (["y ~ x", "z ~ x"], "z", "gaussian"),
    "formula of sigma": (["y ~ x", "sigma ~ z"], "z", "gaussian"),
}
LABELS: dict[str, tuple[Any, str]] = {
    "factor": ("y ~ f", "f"),
    "grouping": ("y ~ x + (1 | g)", "g"),
    "inner grouping": ("y ~ x + (1 | h/g)", "g"),
    "slope of a factor": ("y ~ x + (f | g)", "f"),
    "residual structure": ("y ~ x + f", "f"),
}


def _numbers() -> list[Case]:
    found = []
    for where, (formula, column, family) in PLACES.items():
        for word, value, what in (("NaN", NAN, "missing"), ("inf", INF, "infinite"), ("-inf", -INF, "infinite")):
            if word == "-inf" and where not in ("response", "predictor", "offset"):
                continue
            expected = Refused(DE, (f"1 {what} value", DROP), column, (7,))
            changed = [float(v) for v in at(column, value, 7)]
            ask = lambda F, c=column, v=changed, t=formula, k=family: hl.Model(t, F.table({c: v}), k)  # noqa: E731
            found.append(Case(CATEGORY, f"{word} in {where}", expected, ask))
    return found


def _labels() -> list[Case]:
    found = []
    for where, (formula, column) in LABELS.items():
        options = {"residual": "idh(f):units"} if where == "residual structure" else {}
        expected = Refused(DE, ("2 missing values", DROP), column, (3, 9))
        ask = lambda F, c=column, t=formula, o=options: hl.Model(t, F.table({c: at(c, None, 3, 9)}), **o)  # noqa: E731
        found.append(Case(CATEGORY, f"None in {where}", expected, ask))
    return found


def _dropped(model: hl.Model) -> None:
    assert model.design.n == N - 2
    assert not {4, 9} & set(model.design.rows.tolist())


def _whole(model: hl.Model) -> None:
    assert model.design.n == N


def case(name: str, expected: Any, ask: Any) -> Case:
    return Case(CATEGORY, name, expected, ask)


CASES = [
    *_numbers(),
    *_labels(),
    case(
        "rows dropped when asked",
        Warned(("Dropped 2 of 40 rows", "y (1 infinite)", "x (1 missing)")),
        lambda F: hl.Model("y ~ x", F.table(x=at("x", NAN, 4), y=at("y", INF, 9)), missing="drop"),
    ),
    case(
        "all rows dropped",
        Refused(DE, ("No complete row is left", "x (40 missing)")),
        lambda F: hl.Model("y ~ x", F.table(x=[NAN] * N), missing="drop"),
    ),
    case(
        "one level left after dropping",
        Refused(DE, ("only the level 'lo'",), "f"),
        lambda F: hl.Model("y ~ f + x", F.table(f=["hi"] + ["lo"] * 39, x=at("x", NAN, 0)), missing="drop"),
    ),
    case(
        "rows are those before dropping",
        Refused(DE, ("negative",), "c", (10,)),
        lambda F: hl.Model("c ~ x", F.table(c=at("c", -1, 10), x=at("x", NAN, 0)), "poisson", missing="drop"),
    ),
    case(
        "missing cells in a column that nobody uses",
        Right(_whole),
        lambda F: hl.Model("y ~ x", F.table(w=[NAN] * N, g=[None] * N)),
    ),
    case(
        "logarithm of zero",
        Refused(DE, ("'log(c)'", "infinite", "positive"), None, (2, 3)),
        lambda F: hl.Model("y ~ log(c)", F.table(c=[0 if i in (2, 3) else 1 + i for i in range(N)])),
    ),
    case(
        "root of a negative number",
        Refused(DE, ("'sqrt(c)'", "no negative ones"), None, (5,)),
        lambda F: hl.Model("y ~ sqrt(c)", F.table(c=[-1 if i == 5 else i for i in range(N)])),
    ),
    case(
        "division by zero",
        Refused(DE, ("denominator",), None, (5,)),
        lambda F: hl.Model("y ~ I(1 / x)", F.table(x=at("x", 0.0, 5))),
    ),
    case(
        "logarithm of a response with a zero",
        Refused(DE, ("'log(pos)'", "positive"), None, (6,)),
        lambda F: hl.Model("log(pos) ~ x", F.table(pos=at("pos", 0.0, 6))),
    ),
    case(
        "offset that is a logarithm of zero",
        Refused(DE, ("'log(e)'",), None, (1,)),
        lambda F: hl.Model("c ~ x + offset(log(e))", F.table(e=at("e", 0.0, 1)), "poisson"),
    ),
    case(
        "exponential that overflows",
        Refused(DE, ("'exp(x)'", "infinite"), None, (4,)),
        lambda F: hl.Model("y ~ exp(x)", F.table(x=at("x", 1e4, 4))),
    ),
    case(
        "values beyond what can be squared",
        Refused(DE, ("beyond 1e+100",), "x", (8,)),
        lambda F: hl.Model("y ~ x", F.table(x=at("x", 1e200, 8))),
    ),
    case(
        "a column of None",
        Refused(DE, ("40 missing values",), "x", tuple(range(N))),
        lambda F: hl.Model("y ~ x", F.table(x=[None] * N)),
    ),
    case(
        "text for missing numbers",
        Warned(("'x' is text with 40 levels", "'n/a'", "pd.to_numeric")),
        lambda F: hl.Model("y ~ x", F.table(x=["n/a" if i == 3 else f"{i}.25" for i in range(N)])),
    ),
    case(
        "a number for missing ones, far from the others",
        Warned(("'x' is -999 in 3 rows (rows 3, 8, 20", "NaN", 'missing="drop"')),
        lambda F: hl.Model("y ~ x", F.table(x=at("x", -999.0, 3, 8, 20))),
    ),
    case(
        "a number like a code for missing ones, but near the others",
        Right(_whole),
        lambda F: hl.Model("y ~ x", F.table(x=[60.0 + i for i in range(N)])),
    ),
    case(
        "a grouping with a number like a code for missing ones",
        Right(_whole),
        lambda F: hl.Model("y ~ x + (1 | g)", F.table(g=[999 if i < 5 else i // 5 for i in range(N)])),
    ),
    case(
        "missing= misspelt",
        Refused(DE, ("missing='omit'", "drop")),
        lambda F: hl.Model("y ~ x", F.table(x=at("x", NAN, 3)), missing="omit"),
    ),
]
