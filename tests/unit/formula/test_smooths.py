"""Smooth terms as text: what is read, and what is refused where."""

from __future__ import annotations

import pytest

from hierlm.errors import FormulaError
from hierlm.formula import identifiers, parse
from hierlm.formula.columns import columns, find
from hierlm.formula.values import SmoothTerm


def smooths(right: str) -> tuple[SmoothTerm, ...]:
    return parse(f"y ~ {right}").predictors[0].smooths


def test_a_smooth_is_neither_a_common_effect_nor_a_group_term() -> None:
    predictor = parse("y ~ x + s(z) + (1 | g) + offset(w)").predictors[0]
    assert predictor.common == "1 + x" and predictor.offsets == ("w",) and len(predictor.bars) == 1
    (term,) = predictor.smooths
    assert term == SmoothTerm("s", ("z",), ("tp",), (None,), text="s(z)", start=8, stop=12)


def test_options_are_kept_and_the_label_says_of_what_it_is_a_function() -> None:
    (a, b, c) = smooths(
        's(log(x), k=12, bs="cr") + t2(x, z, k=c(5, 6), bs=c("tp", "cc"), upper_bound=24) + s(x, by=`my f`)'
    )
    assert (a.margins, a.bases, a.sizes, a.label) == (("log(x)",), ("cr",), (12,), "s(log(x))")
    assert (b.bases, b.sizes, b.bounds, b.label) == (("tp", "cc"), (5, 6), (None, 24.0), "t2(x, z)")
    assert (c.by, c.label) == ("my f", "s(x, by=my f)")
    assert [identifiers(e) for e in c.expressions] == [("x",), ("my f",)]


def test_one_value_holds_for_all_margins() -> None:
    (term,) = smooths('t2(x, z, w, k=4, bs="cr")')
    assert term.sizes == (4, 4, 4) and term.bases == ("cr", "cr", "cr")


def test_the_columns_are_known_and_found() -> None:
    formula = parse(["y ~ s(log(x), by=f)", "sigma ~ t2(a, b)"], parameters=["sigma"])
    assert columns(formula) == ("y", "x", "f", "a", "b")
    assert formula.source[slice(*find(formula, "x"))] == "x" and find(formula, "x")[0] == 10
    assert formula.predictors[1].smooths[0].label == "t2(a, b)"


def test_smooths_of_several_responses_are_each_ones_own() -> None:
    formula = parse("mvbind(a, b) ~ s(x)")
    assert [p.smooths[0].label for p in formula.predictors] == ["s(x)", "s(x)"]


REFUSED = {
    "s()": ("needs what it is smooth in", "s(x)"),
    "s(x, z)": ("a curve of one variable", "t2(x, z)"),
    "s(x, 10)": ("A number is not what", "s(x, k=10)"),
    "s(x, k=3)": ("'k' must be a whole number from 4", "k=10"),
    "s(x, k=5.5)": ("'k' must be a whole number from 4", "k=10"),
    "s(x, k=True)": ("'k' must be a whole number from 4", "k=10"),
    "s(x, k=2000)": ("more than 400", "whatever k is"),
    "t2(x, z, k=30)": ("900 basis functions", "5 to 10"),
    "s(x, k=c(4, 5))": ("2 values for 1 variable", "Give one"),
    "s(x, k=f(4))": ("must be a literal", "c(5, 10)"),
    's(x, bs="re")': ("bs='re'", "(1 | g)"),
    's(x, bs="fs")': ("bs='fs'", "by=g"),
    's(x, bs="gp")': ("bs='gp'", "tp"),
    "s(x, m=2)": ("no argument 'm'", "lower_bound"),
    "s(x, kk=5)": ("no argument 'kk'", "'k'"),
    "s(x, k=5, k=6)": ("given twice", "once"),
    "s(x, by=log(z))": ("a column, not a computation", "Make a column"),
    "s(x, by=factor(z))": ("a column, not a computation", "multiplies the curve"),
    "s(x, lower_bound=0)": ("no meaning", 'bs="cc"'),
    's(x, bs="cc", lower_bound="a")': ("must be a number", "lower_bound=0"),
    's(x, bs="cc", lower_bound=5, upper_bound=4)': ("below", "Exchange"),
    "t2(x)": ("two or more variables", "s(x)"),
    "t2(x, x)": ("twice", "once"),
    "s(s(x))": ("cannot hold another", "t2"),
    "s(x) + s(x, k=5)": ("given twice", "Keep one"),
    "s(x):f": ("a term of its own", "by=f"),
    "s(x) * z": ("a term of its own", "by=z"),
    "log(s(x))": ("a term of its own", "by=f"),
    "(s(x) | g)": ("a term of its own", "by=f"),
    "offset(s(x))": ("a term of its own", "by=f"),
    "x - s(x)": ("cannot be taken away", "Leave it out"),
    "te(x, z)": ("not available yet", "t2(x, z)"),
    "ti(x, z)": ("not available yet", "t2(x, z)"),
    "cr(x)": ("not available yet", "bs="),
    "s(y)": ("cannot predict itself", "Leave it out"),
    "s(x, by=y)": ("cannot predict itself", "Leave it out"),
}


@pytest.mark.parametrize("right", REFUSED)
def test_refused(right: str) -> None:
    what, remedy = REFUSED[right]
    with pytest.raises(FormulaError) as raised:
        smooths(right)
    assert what in raised.value.message and raised.value.hint is not None and remedy in raised.value.hint
    assert "^" in raised.value.message, "a caret under the place"


def test_a_function_of_the_users_own_cannot_be_called_s() -> None:
    with pytest.raises(FormulaError, match="already a function"):
        parse("y ~ s(x)", functions=["s"])
