"""The allow-list and what evaluates it agree."""

from __future__ import annotations

import pytest

from hierlm.design import evaluate
from hierlm.design.factor import INDICATORS
from hierlm.errors import FormulaError
from hierlm.formula import FUNCTIONS, parse
from hierlm.formula.functions import CONTRASTS, ELEMENTWISE, LITERALS


def test_every_allowed_function_can_be_evaluated() -> None:
    known = {"I", *evaluate.ELEMENTWISE, *evaluate.TRANSFORMS, *evaluate.FACTORS, *evaluate.CONTRASTS, *INDICATORS}
    assert {function.name for function in FUNCTIONS.values()} | set(CONTRASTS.values()) <= known


def test_literals_have_a_kind() -> None:
    assert {keyword for function in FUNCTIONS.values() for keyword in function.literals} <= set(LITERALS)


def test_no_allowed_function_is_reached_through_an_attribute_of_its_own() -> None:
    dotted = {name for name in FUNCTIONS if "." in name}
    assert dotted == {f"{m}.{n}" for m in ("np", "numpy") for n in ELEMENTWISE if n not in ("logit", "expit")} | {
        "as.factor"
    }
    assert all("." not in function.name and "_" not in function.name for function in FUNCTIONS.values())


@pytest.mark.parametrize("name", ["log", "scale", "I", "offset", "us", "_f", "a.b", "a__b", "1f", "f()", ""])
def test_a_users_function_has_a_plain_name_of_its_own(name: str) -> None:
    with pytest.raises(FormulaError):
        parse("y ~ x", functions=[name])
