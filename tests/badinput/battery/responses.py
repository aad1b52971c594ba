"""Responses that their family cannot have had."""

from __future__ import annotations

from typing import Any

import hierlm as hl
from tests.badinput.battery.case import Case, Refused, Right, Warned
from tests.badinput.battery.frames import COLUMNS, N, at
from tests.badinput.test_model import BAD_CELLS, CATEGORIES, COUNTS, LEFT, SHARES, SUCCESSES

CATEGORY = "impossible responses"
DE, ME = hl.DataError, hl.ModelError
PAIR = (["no", "yes"] * N)[:N]


def _cells() -> list[Case]:
    found = []
    for family, value, says in BAD_CELLS:
        column = LEFT[family].split()[0]
        changed = [float(v) for v in at(column, value, 4)]
        ask = lambda F, c=column, v=changed, k=family: hl.Model(f"{LEFT[k]} ~ x + (1 | g)", F.table({c: v}), k)  # noqa: E731
        found.append(Case(CATEGORY, f"{value:g} in {family}", Refused(DE, (says,), column, (4,)), ask))
    return found


def _families() -> list[Case]:
    found = []
    for family, left in LEFT.items():
        column, bar = left.split()[0], " +" if "|" in left else " |"
        if family not in CATEGORIES:
            expected: Any = Refused(DE, ("'no', 'yes'", "needs numbers"), column)
            ask = lambda F, c=column, k=family: hl.Model(f"{LEFT[k]} ~ x", F.table({c: PAIR}), k)  # noqa: E731
            found.append(Case(CATEGORY, f"text in {family}", expected, ask))
        value: Any = COLUMNS["n"] if family in SUCCESSES else 0.5 if family in SHARES else 1
        ask = lambda F, c=column, v=value, k=family: hl.Model(f"{LEFT[k]} ~ x", F.table({c: v}), k)  # noqa: E731
        found.append(
            Case(CATEGORY, f"nothing varies in {family}", Refused(DE, ("in all 40 rows", "filter"), column), ask)
        )
        if family in (*COUNTS, *SUCCESSES, "bernoulli"):
            ask = lambda F, c=column, k=family: hl.Model(f"{LEFT[k]} ~ x", F.table({c: 0}), k)  # noqa: E731
            found.append(Case(CATEGORY, f"only zeros in {family}", Warned(("0 in all 40 rows",)), ask))
        ask = lambda F, k=family, b=bar: hl.Model(f"{LEFT[k]}{b} weights(w) ~ x", F.table(w=at("w", -2.0, 7)), k)  # noqa: E731
        found.append(Case(CATEGORY, f"a negative weight in {family}", Refused(DE, ("weights(w)",), "w", (7,)), ask))
    return found


def case(name: str, expected: Any, ask: Any) -> Case:
    return Case(CATEGORY, name, expected, ask)


def _picked(model: Any) -> None:
    assert model.responses[0].y.tolist() == [float(v == "yes") for v in PAIR]


CASES = [
    *_cells(),
    *_families(),
    case("successes without trials", Refused(ME, ("needs trials( )", "bernoulli")), lambda F: hl.Model("s ~ x", F.table(), "binomial")),
    case("proportions", Refused(DE, ("proportions", "p(p, n)"), "p"), lambda F: hl.Model("p | trials(n) ~ x", F.table(), "binomial")),
    case("successes and trials swapped", Refused(DE, ("larger than its trials", "swapped"), "n"), lambda F: hl.Model("n | trials(s) ~ x", F.table(s=[max(v, 1) for v in COLUMNS["s"]], n=[v + 5 for v in COLUMNS["n"]]), "binomial")),
    case("no trials in a row", Refused(DE, ("trials(n)", "1 or more"), "n", (6,)), lambda F: hl.Model("s | trials(n) ~ x", F.table(n=at("n", 0, 6), s=at("s", 0, 6)), "binomial")),
    case("trials that are fractions", Refused(DE, ("trials(e)", "whole numbers"), "e"), lambda F: hl.Model("s | trials(e) ~ x", F.table(), "binomial")),
    case("trials of a gaussian response", Refused(ME, ("takes no trials( )",)), lambda F: hl.Model("y | trials(n) ~ x", F.table())),
    case("weights that are all zero", Refused(DE, ("all zero",), "w"), lambda F: hl.Model("y | weights(w) ~ x", F.table(w=0.0))),
    case("a standard error of zero", Refused(DE, ("se(e)", "above 0"), "e", (3,)), lambda F: hl.Model("y | se(e) ~ x", F.table(e=at("e", 0.0, 3)))),
    case("standard errors of counts", Refused(ME, ("takes no se( )",)), lambda F: hl.Model("c | se(e) ~ x", F.table(), "poisson")),
    case("two categories coded 1 and 2", Refused(DE, ("coded 1 and 2", 'b["2"]'), "b"), lambda F: hl.Model("b ~ x", F.table(b=[1 + v for v in COLUMNS["b"]]), "bernoulli")),
    case("two categories coded -1 and 1", Refused(DE, ("coded -1 and 1",), "b"), lambda F: hl.Model("b ~ x", F.table(b=[2 * v - 1 for v in COLUMNS["b"]]), "bernoulli")),
    case("three categories of bernoulli", Refused(DE, ("3 levels", 'f["top"] ~'), "f"), lambda F: hl.Model("f ~ x", F.table(), "bernoulli")),
    case("a category that is not there", Refused(DE, ("'maybe'", "no, yes"), "b"), lambda F: hl.Model('b["maybe"] ~ x', F.table(b=PAIR), "bernoulli")),
    case("a category of numbers that is not there", Refused(DE, ("'7'",), "b"), lambda F: hl.Model('b["7"] ~ x', F.table(), "bernoulli")),
    case("which category is 1", Warned(("'treated' counts as 1",)), lambda F: hl.Model("b ~ x", F.table(b=["treated" if v else "control" for v in COLUMNS["b"]]), "bernoulli")),
    case("a picked category", Right(_picked), lambda F: hl.Model('b["yes"] ~ x', F.table(b=PAIR), "bernoulli")),
    case("no and yes", Right(_picked), lambda F: hl.Model("b ~ x", F.table(b=PAIR), "bernoulli")),
    case("one category of bernoulli", Refused(DE, ("one level only",), "b"), lambda F: hl.Model("b ~ x", F.table(b=["yes"] * N), "bernoulli")),
    case("a category of a gaussian response", Refused(DE, ("no level 'a'", "bernoulli"), "y"), lambda F: hl.Model('y["a"] ~ x', F.table())),
    case("percentages of beta", Refused(DE, ("strictly between 0 and 1", "divide by 100"), "p"), lambda F: hl.Model("p ~ x", F.table(p=[100 * v for v in COLUMNS["p"]]), "beta")),
    case("rates of poisson", Refused(DE, ("fractions", "offset(log(exposure))"), "e"), lambda F: hl.Model("e ~ x", F.table(), "poisson")),
    case("a response of several columns", Refused(hl.FormulaError, ("poly() is not read on the left",), caret="poly"), lambda F: hl.Model("poly(y, 2) ~ x", F.table())),
    case("a misspelt family", Refused(ME, ("'gausian'", "'gaussian'")), lambda F: hl.Model("y ~ x", F.table(), "gausian")),
    case("a family that comes later", Refused(ME, ("categorical",)), lambda F: hl.Model("c ~ x", F.table(), "categorical")),
    case("categories without an order", Refused(DE, ("without an order", "ordered=True"), "f"), lambda F: hl.Model("f ~ x", F.table(), "cumulative")),
    case("a picked category of several in order", Refused(DE, ("picks a category", "bernoulli"), "f"), lambda F: hl.Model('f["lo"] ~ x', F.table(f=F.categories(COLUMNS["f"], ["lo", "mid", "top"], ordered=True)), "cumulative")),
    case("a category without rows", Warned(("'none'", "thresholds there")), lambda F: hl.Model("f ~ x", F.table(f=F.categories(COLUMNS["f"], ["lo", "none", "mid", "top"], ordered=True)), "cumulative")),
    case("common effects that are an intercept beside thresholds", Refused(ME, ("thresholds", "0 +")), lambda F: hl.Model("o ~ 0 + f", F.table(), "cumulative")),
    case("a formula for thresholds", Refused(hl.FormulaError, ("'thresholds' is neither",), caret="thresholds"), lambda F: hl.Model("o ~ x\nthresholds ~ x", F.table(), "cumulative")),
    case("a number for thresholds", Refused(hl.PriorError, ("several numbers",)), lambda F: hl.Model("o ~ x", F.table(), "cumulative", priors={"thresholds": 1.0})),
    case("a prior of one threshold", Refused(hl.PriorError, ("One prior holds for all",)), lambda F: hl.Model("o ~ x", F.table(), "cumulative", priors={"thresholds[1|2]": hl.Prior("Normal", sigma=1)})),
    case("a normal prior of a probability", Refused(hl.PriorError, ("'zi' is a probability", "Beta")), lambda F: hl.Model("c ~ x", F.table(), "zero_inflated_poisson", priors={"zi": hl.Prior("Normal", sigma=1)})),
    case("a probability of zero", Refused(hl.PriorError, ("cannot be fixed at 0",)), lambda F: hl.Model("c ~ x", F.table(), "hurdle_poisson", priors={"hu": 0})),
    case("truncation by an addition", Refused(hl.FormulaError, ("trunc()", "truncated_poisson"), caret="trunc"), lambda F: hl.Model("t | trunc(lb=1) ~ x", F.table(), "poisson")),
    case("a misspelt link", Refused(ME, ("'lgo'", "'log'")), lambda F: hl.Model("c ~ x", F.table(), "poisson", link="lgo")),
    case("a link of another family", Refused(ME, ("cannot have the link 'logit'",)), lambda F: hl.Model("c ~ x", F.table(), "poisson", link="logit")),
    case("a parameter of another family", Refused(hl.FormulaError, ("'shape' is no parameter of gaussian",), caret="shape"), lambda F: hl.Model("y ~ x\nshape ~ x", F.table())),
]  # fmt: skip
