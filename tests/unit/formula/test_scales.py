"""``sd(g) ~ z`` as text."""

from __future__ import annotations

from typing import Any

import pytest

from hierlm.errors import FormulaError
from hierlm.formula import parse
from hierlm.formula.columns import columns

FIRST = "y ~ x + (1 + x | g) + (1 | a:b)"


def read(*more: str, **options: Any) -> Any:
    return parse([FIRST, *more], parameters=["sigma"], **options)


def test_it_is_neither_a_response_nor_a_predictor() -> None:
    formula = read("sigma ~ x", "sd(g) ~ z * w", "sd(a:b) ~ z")
    assert len(formula.responses) == 1 and len(formula.predictors) == 2
    assert [(s.group, s.common) for s in formula.scales] == [("g", "1 + z + w + z:w"), ("a:b", "1 + z")]
    assert formula.source[formula.scales[1].start : formula.scales[1].stop] == "sd(a:b)"
    assert columns(formula) == ("y", "x", "g", "a", "b", "z", "w")


def test_the_grouping_may_be_given_by_random_or_come_later() -> None:
    assert parse(["y ~ x", "sd(dam) ~ z"], random="us(1 + x):dam").scales[0].group == "dam"
    assert parse(["y ~ x", "sd(g) ~ z", "sigma ~ (1 | g)"], parameters=["sigma"]).scales[0].group == "g"


REFUSED = {
    "sd(h) ~ z": ("no grouping 'h'", "Known: g, a:b"),
    "sd(a) ~ z": ("no grouping 'a'", "a:b"),
    "sd(g) ~ 1": ("Nothing here changes", "constant within groups"),
    "sd(g) ~ 0 + z": ("The intercept of this formula is sd_g itself", "Leave the 0 out"),
    "sd(g) ~ z - 1": ("The intercept of this formula is sd_g itself", "Leave the 0 out"),
    "sd(g[x]) ~ z": ("a single effect", "all effects"),
    "sd(a/b) ~ z": ("one grouping", "sd(a:b) ~ z"),
    "sd() ~ z": ("one grouping", "sd(g) ~ z"),
    "sd(g, h) ~ z": ("one grouping", "sd(g) ~ z"),
    "sd(g) ~ (1 | h)": ("varies by group", "constant within groups"),
    "sd(g) ~ z + (1 | h)": ("A group term has no place", "sd(g) ~ z"),
    "sd(g) ~ s(z)": ("A smooth has no place", "sd(g) ~ z"),
    "sd(g) ~ z + offset(w)": ("An offset has no place", "sd(g) ~ z"),
    "sd(g) ~ y": ("The response 'y'", "another column"),
    "sd(g) | weights(w) ~ z": ("sd()", None),
    "log(sd(g)) ~ z": ("sd()", None),
}


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text: str) -> None:
    what, remedy = REFUSED[text]
    with pytest.raises(FormulaError) as raised:
        read(text)
    assert what in raised.value.message and "^" in raised.value.message
    assert raised.value.hint and (remedy is None or remedy in raised.value.hint)


def test_once_a_grouping_and_after_its_response() -> None:
    with pytest.raises(FormulaError, match="has a formula already"):
        read("sd(g) ~ z", "sd(g) ~ w")
    with pytest.raises(FormulaError, match="standard deviation of a grouping") as raised:
        parse(["sd(g) ~ z", FIRST])
    assert "response comes first" in str(raised.value.hint)
