"""Designs in which something cannot be told from something else, or does not vary at all."""

from __future__ import annotations

from typing import Any

import numpy as np

import hierlm as hl
from tests.badinput.battery.case import Case, Refused, Right, Warned
from tests.badinput.battery.frames import COLUMNS, N, at

CATEGORY = "degenerate designs"
FE, DE = hl.FormulaError, hl.DataError
X = COLUMNS["x"]
PAIRS = [f"p{i // 2}" for i in range(N)]
ROWS = [f"i{i}" for i in range(N)]


def case(name: str, expected: Any, ask: Any) -> Case:
    return Case(CATEGORY, name, expected, ask)


def model(name: str, expected: Any, formula: Any, family: str = "gaussian", rows: int = N, **columns: Any) -> Case:
    return case(name, expected, lambda F: hl.Model(formula, F.table(rows=rows, **columns), family))


def _built(found: Any) -> None:
    assert np.isfinite(found.predictors[0].X).all()


CASES = [
    # nothing varies
    model("a factor of one level", Refused(DE, ("only the level 'a'", "filter"), "f"), "y ~ f", f=["a"] * N),
    model("a slope of a factor of one level", Refused(DE, ("only the level 'a'",), "f"), "y ~ 1 + (f | g)", f=["a"] * N),
    model("a grouping of one level", Refused(DE, ("only the level 'a'", "filter"), "g"), "y ~ 1 + (1 | g)", g=["a"] * N),
    model("cells of one level", Refused(DE, ("only the level",), "g"), "y ~ 1 + (1 | g:h)", g=["a"] * N, h=["b"] * N),
    model("a constant predictor", Warned(("'x' is constant, like the intercept",)), "y ~ x", x=2.0),
    model("a predictor of zeros", Warned(("'x' is 0 in every row",)), "y ~ x", x=0.0),
    model("a constant slope", Warned(("'x'",)), "y ~ 1 + (x | g)", x=2.0),
    model("scale() of a constant", Refused(DE, ("divides by zero", "Leave")), "y ~ scale(x)", x=2.0),
    model("bs() of a constant", Refused(DE, ("no range", "Leave")), "y ~ bs(x, df=4)", x=2.0),
    model("poly() of a constant", Refused(DE, ("different values", "lower degree")), "y ~ poly(x, 2)", x=2.0),
    model("poly() of two values", Refused(DE, ("different values",)), "y ~ poly(x, 2)", x=[i % 2 for i in range(N)]),
    # columns that are combinations of others
    model("a column twice under two names", Warned(("'z' is a combination of 'x'",)), "y ~ x + z", z=X),
    model("a multiple of a column", Warned(("'I(2 * x)' is a combination of 'x'",)), "y ~ x + I(2 * x)"),
    model("a sum of columns", Warned(("is a combination of",)), "y ~ x + z + I(x + z)"),
    model("a factor and its own copy", Warned(("is a combination of",)), "y ~ f + C(f)"),
    model("a factor nested in another, both as common effects", Warned(("is a combination of",)), "y ~ h + k", k=[f"{v}!" for v in COLUMNS["h"]]),
    model("cells that no row has", Warned(("'f[mid]:h[v]'",)), "y ~ f * h", f=["lo", "mid"] * (N // 2), h=["u", "v"] * (N // 2)),
    model("slopes that are multiples", Warned(("In (1 + x",)), "y ~ x + (x + I(2 * x) | g)"),
    model("as many coefficients as rows", Warned(("2 rows for 2 coefficients",)), "y ~ x", rows=2),
    model("more coefficients than rows", Warned(("3 rows for 4 coefficients",)), "y ~ x + z + w", rows=3),
    model("one row", Warned(("1 rows for",)), "y ~ 1", rows=1),
    model("no rows", Refused(DE, ("no rows", "read or filtered")), "y ~ x", rows=0),
    # groups
    model("one level a row", Warned(("'id' has one row per level", "Leave (1 | id) out")), "y ~ x + (1 | id)", id=ROWS),
    model("units in gaussian", Warned(("'units' has one row per level",)), "y ~ x + (1 | units)"),
    model("units in bernoulli", Warned(("says nothing about 'sd_units'",)), "b ~ x + (1 | units)", "bernoulli"),
    model("units in negbinomial", Warned(("'sd_units' and 'shape'",)), "c ~ x + (1 | units)", "negbinomial"),
    model("cells of one row", Warned(("one row per level",)), "y ~ x + (1 | g:k)", k=[f"k{i % 5}" for i in range(N)]),
    model("as many effects as rows", Warned(("20 × 2 effects for 40 rows",)), "y ~ x + (x | id)", id=PAIRS),
    model("a grouping and its common effects", Warned(("'g' a mean",)), "y ~ g + (1 | g)"),
    model("a grouping under two names", Warned(("'g'", "'k'", "put the same rows together")), "y ~ x + (1 | g) + (1 | k)", k=[f"{v}!" for v in COLUMNS["g"]]),
    model("an inner grouping that is the outer one", Warned(("'g'", "'g:k'", "put the same rows together")), "y ~ x + (1 | g/k)", k=[f"{v}!" for v in COLUMNS["g"]]),
    model("a grouping given twice", Refused(FE, ("given twice",)), "y ~ x + (1 | g) + (1 | g)"),
    model("a slope given twice", Refused(FE, ("given twice",)), "y ~ x + (x | g) + (0 + x | g)"),
    model("two groupings of as many levels", Right(_built), "y ~ x + (1 | g) + (1 | k)", k=[f"k{i % 8}" for i in range(N)]),
    model("fractional numbers as groups", Refused(DE, ("fractional", "slope"), "x"), "y ~ 1 + (1 | x)"),
    # scales and separation
    model("predictors of wild scales", Warned(("'x' and 'z' are",)), "y ~ x + z", x=[v * 1e7 for v in X]),
    model("slopes of wild scales", Warned(("'x' is",)), "y ~ 1 + (x | g)", x=[v * 1e7 for v in X]),
    model("predictors too small to square", Refused(DE, ("all below 1e-100",), "x"), "y ~ x", x=[v * 1e-200 for v in X]),
    model("years far from zero", Right(_built), "y ~ x", x=[2000.0 + i for i in range(N)]),
    model("perfect separation", Warned(("Separation: 'x' tells",)), "b ~ x", "bernoulli", b=[int(v > 0) for v in X]),
    model("separation by a level", Warned(("Separation: 'f[mid]', 'f[top]'",)), "b ~ f", "bernoulli", b=[1 if f == "lo" else b for f, b in zip(COLUMNS["f"], COLUMNS["b"], strict=True)]),
    model("separated counts", Warned(("Separation",)), "c ~ f", "poisson", c=[0 if f == "lo" else c + 1 for f, c in zip(COLUMNS["f"], COLUMNS["c"], strict=True)]),
    model("separated successes", Warned(("Separation",)), "s | trials(n) ~ f", "binomial", s=[n if f == "lo" else s for f, n, s in zip(COLUMNS["f"], COLUMNS["n"], COLUMNS["s"], strict=True)]),
    model("a spline of more columns than values", Refused(DE, ("999,999,999 columns of 40 different values", "df=5")), "y ~ bs(x, df=999999999)"),
    model("a polynomial of more columns than values", Refused(DE, ("different values", "lower degree")), "y ~ poly(x, 999999999)"),
    case("identifiers as a common effect", Refused(DE, ("20,000 columns in 20,000 rows", "(1 | id)"), "id"), lambda F: hl.Model("y ~ id", F.make({"id": [f"i{i}" for i in range(20_000)], "y": [float(i % 7) for i in range(20_000)]}))),
    case("cells of identifiers", Refused(DE, ("1,440,000 columns in 1,200 rows", "(1 | id:item)")), lambda F: hl.Model("y ~ id:item", F.make({"id": [f"i{i}" for i in range(1200)], "item": [f"k{i}" for i in range(1200)], "y": [float(i % 7) for i in range(1200)]}))),
    # terms
    case("a response in a circle", Refused(FE, ("circle",)), lambda F: hl.Model(["y ~ z", "z ~ y"], F.table())),
    case("an option that a structure lacks", Refused(hl.FormulaError, ("no option 'd'",)), lambda F: hl.Model("y ~ x + us(1 + x | g, d=2)", F.table())),
    case("a residual structure of a number", Refused(DE, ("'x' is numeric", "astype(str)"), "x"), lambda F: hl.Model("y ~ x", F.table(), residual="idh(x):units")),
    case("a contrast with no such level", Refused(DE, ("no level 'c'", "lo, mid, top")), lambda F: hl.Model("y ~ C(f, Treatment('c'))", F.table())),
    case("a comparison with no such level", Refused(DE, ("no level 'LO'", "'lo'"), "f"), lambda F: hl.Model("y ~ I(f == 'LO')", F.table())),
    case("weights beside a design of zeros", Refused(DE, ("all zero",), "w"), lambda F: hl.Model("y | weights(w) ~ x", F.table(w=0.0))),
    case("one row that has a predictor", Right(_built), lambda F: hl.Model("y ~ x", F.table(x=at("x", 0.0, *range(1, N))))),
]  # fmt: skip
