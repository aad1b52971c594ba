"""Text that is no formula: the caret stands under the place, and the message says what to type instead."""

from __future__ import annotations

import hierlm as hl
from tests.badinput.battery.case import Case, Refused
from tests.badinput.test_formula_text import MALFORMED

CATEGORY = "malformed formulas"

CASES = [
    Case(CATEGORY, typed, Refused(hl.FormulaError, (said,), caret=place), lambda F, t=typed: hl.Model(t, F.table()))
    for typed, place, said in MALFORMED
]
