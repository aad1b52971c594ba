"""The battery of bad input: every case is clear, there are enough of them, and its judge can tell."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
import pytest

import hierlm as hl
from tests.badinput.battery.case import Case, Refused, Right, Warned
from tests.badinput.battery.cases import CASES, TRIED, outcome
from tests.badinput.battery.judge import judge
from tests.badinput.battery.page import PAGE, counts, render, warm_up


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    warm_up()


@pytest.mark.parametrize(("case", "frame"), TRIED, ids=[f"{c.category}-{c.name}-{f}" for c, f in TRIED])
def test_clear(case: Case, frame: str):
    found = outcome(case, frame)
    assert found.verdict == "clear", found.why


def test_no_case_is_silent_or_obscure():
    """The counts of the page, of all cases, whichever were selected above."""
    found = counts(outcome(case, frame) for case, frame in TRIED)
    assert found == {"clear": len(TRIED), "silent": 0, "obscure": 0, "slow": 0}


def test_there_are_enough_cases():
    both = [case for case in CASES if case.frames == ("pandas", "polars")]
    assert len(both) >= 160
    assert len({(case.category, case.name) for case in CASES}) == len(CASES)
    per = {category: sum(c.category == category for c in both) for category in {c.category for c in CASES}}
    assert per.pop("malformed formulas") >= 40
    assert len(per) == 8
    assert min(per.values()) >= 30, per


def test_the_page_is_that_of_these_cases():
    """The stored page has the number of cases of today; its times are of the day it was written."""
    text = PAGE.read_text(encoding="utf-8")
    assert render({(c, f): outcome(c, f) for c, f in TRIED}).count("|") == text.count("|")
    for line in text.splitlines():
        if line.startswith("| all |"):
            assert line.split(" | ")[1] == str(len(CASES))
            assert line.split(" | ")[5] == str(len(TRIED))
            break
    else:
        pytest.fail("no line with all counts")


# ------------------------------------------------------------------------------------------------- the judge itself
def ask(expected: Any, action: Any) -> tuple[str, str]:
    found = judge(Case("test", "test", expected, lambda frame: action()), "pandas")
    return found.verdict, found.why


def fails(error: Exception) -> Any:
    def action() -> None:
        raise error

    return action


COLUMN = Refused(hl.DataError, ("bad",), "x", (3,))


@pytest.mark.parametrize(
    ("expected", "action", "verdict", "why"),
    [
        (COLUMN, lambda: None, "silent", "no error"),
        (COLUMN, fails(hl.DataError("bad", column="x", rows=[3], hint="mend")), "clear", ""),
        (COLUMN, fails(ValueError("bad")), "obscure", "ValueError"),
        (COLUMN, fails(hl.ModelError("bad 'x' row 3", hint="mend")), "obscure", "ModelError"),
        (COLUMN, fails(hl.DataError("wrong", column="x", rows=[3], hint="mend")), "obscure", "does not say 'bad'"),
        (COLUMN, fails(hl.DataError("bad", column="x", rows=[3])), "obscure", "no remedy"),
        (COLUMN, fails(hl.DataError("bad", rows=[3], hint="mend")), "obscure", "the column 'x'"),
        (COLUMN, fails(hl.DataError("bad", column="x", hint="mend")), "obscure", "the rows"),
        (COLUMN, fails(hl.DataError("bad", column="x", rows=[3, 4], hint="mend")), "obscure", "the rows"),
        (Warned(("bad",)), lambda: None, "silent", "no warning"),
        (Warned(("bad",)), lambda: warnings.warn("bad", hl.DataWarning, stacklevel=1), "clear", ""),
        (Warned(("bad",)), lambda: warnings.warn("other", hl.DataWarning, stacklevel=1), "obscure", "does not say"),
        (Warned(("bad",)), lambda: warnings.warn("bad", RuntimeWarning, stacklevel=1), "obscure", "RuntimeWarning"),
        (Warned(("bad",)), fails(hl.DataError("bad", hint="mend")), "obscure", "DataError"),
        (Right(lambda r: None), lambda: warnings.warn("x", hl.DataWarning, stacklevel=1), "obscure", "what is right"),
        (Right(lambda r: np.testing.assert_equal(r, 2)), lambda: 1, "silent", "wrong result"),
        (Right(lambda r: np.testing.assert_equal(r, 1)), lambda: 1, "clear", ""),
    ],
)
def test_the_judge(expected: Any, action: Any, verdict: str, why: str):
    found = ask(expected, action)
    assert found[0] == verdict
    assert why in found[1]


@pytest.mark.parametrize(
    ("place", "verdict"), [("x", "clear"), ("y", "obscure"), ("", "obscure")], ids=["there", "elsewhere", "nowhere"]
)
def test_the_judge_looks_at_the_caret(place: str, verdict: str):
    text = "y ~ x"
    start = text.index(place) if place else 0
    error = hl.FormulaError("bad", text=text if place else "", start=start, stop=start + 1, hint="mend")
    assert ask(Refused(hl.FormulaError, caret="x"), fails(error))[0] == verdict


def test_the_judge_looks_at_the_clock():
    def busy() -> None:
        end = time.process_time() + 1.05
        while time.process_time() < end:
            pass
        raise hl.DataError("bad", column="x", rows=[3], hint="mend")

    assert ask(COLUMN, busy)[0] == "slow"
