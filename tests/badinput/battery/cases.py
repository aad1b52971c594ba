"""Every case, category by category."""

from __future__ import annotations

from functools import cache

from tests.badinput.battery import (
    arguments,
    column_names,
    designs,
    dtypes,
    formulas,
    predictions,
    priors,
    responses,
    values,
)
from tests.badinput.battery.case import Case
from tests.badinput.battery.judge import Outcome, judge

CATEGORIES = (values, dtypes, column_names, formulas, responses, designs, predictions, priors, arguments)
CASES: tuple[Case, ...] = tuple(case for category in CATEGORIES for case in category.CASES)
TRIED: tuple[tuple[Case, str], ...] = tuple((case, frame) for case in CASES for frame in case.frames)


@cache
def outcome(case: Case, frame: str) -> Outcome:
    """What came of a case, tried once."""
    return judge(case, frame)
