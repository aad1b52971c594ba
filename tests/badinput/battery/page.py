"""The page of the battery: counts by category, beside what was measured of other packages."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import hierlm as hl
from tests.badinput.battery.case import Case, Refused, Right, Warned
from tests.badinput.battery.frames import FRAMES
from tests.badinput.battery.judge import LONGEST, VERDICTS, Outcome

PAGE = Path(__file__).resolve().parents[3] / "docs" / "trust" / "bad-input.md"
COMMAND = "python -m tests.badinput.battery"
PACKAGES = ("hierlm", "numpy", "pandas", "polars", "narwhals", "formulae")
KINDS = {Refused: "refused", Warned: "warned of", Right: "right"}
Outcomes = Mapping[tuple[Case, str], Outcome]


def warm_up() -> None:
    """Build a model of each kind of table, so that no case pays for imports."""
    for frame in FRAMES.values():
        hl.Model("y ~ x + (x | g)", frame.table())


def counts(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """How many outcomes of each verdict."""
    verdicts = [outcome.verdict for outcome in outcomes]
    return {verdict: verdicts.count(verdict) for verdict in VERDICTS}


def table(rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table, the header first, numbers to the right."""
    head, *body = ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join([head, "|---|" + "--:|" * (head.count(" | ")), *body])


def categories(outcomes: Outcomes) -> str:
    """Counts by category, and of all."""
    names = list(dict.fromkeys(case.category for case, _ in outcomes))
    rows: list[list[object]] = [["category", "cases", *KINDS.values(), "tried", *VERDICTS]]
    for name in [*names, "all"]:
        own = {key: o for key, o in outcomes.items() if name in (key[0].category, "all")}
        cases = {case for case, _ in own}
        kinds = [sum(isinstance(case.expected, kind) for case in cases) for kind in KINDS]
        rows.append([name, len(cases), *kinds, len(own), *counts(own.values()).values()])
    return table(rows)


def render(outcomes: Outcomes) -> str:
    """The whole page."""
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    slowest = max(o.seconds for o in outcomes.values())
    total = sum(o.seconds for o in outcomes.values())
    both = len({case for case, _ in outcomes if len(case.frames) > 1})
    return f"""# Bad input

What happens when a user hands over something by mistake. Written by `{COMMAND}` on {datetime.now(UTC):%Y-%m-%d}: Python
{platform.python_version()}, {versions}.
The cases are in `tests/badinput/battery/`; every run of the tests tries them all, and fails unless each is clear.

A case is *refused*, *warned of*, or *right*: legitimate input that looks odd, of which the result is compared and nothing is
said. {both} cases are tried with a pandas and with a polars table, the others with the one kind that can hold them.

* **clear**: an error or warning of hierlm that says what is wrong, where (the column, the rows where rows matter, in a formula a
  caret under the place), and what to do, within {LONGEST:g} second of processor time; or the right result without a word.
* **silent**: nothing is said, or the result is wrong.
* **obscure**: another package's error or warning, or one that lacks the place or the remedy.
* **slow**: clear, but later.

{categories(outcomes)}

The slowest took {slowest:.2f} s of processor time, all together {total:.1f} s.

## Beside others

Measured by this project on 32 common input mistakes, before hierlm existed ([issue 7](#where-the-figures-of-others-are-from)):

| | silent | obscure |
|---|--:|--:|
| lme4 | 5 of 32 | 8 to 12 of 32 |
| brms | 15 of 32 | 8 to 12 of 32 |
| hierlm, this battery | {counts(outcomes.values())["silent"]} of {len(outcomes)} | {counts(outcomes.values())["obscure"]} of {len(outcomes)} |

The two batteries are not the same: those 32 are common mistakes, this one also has rare ones, and many malformed formulas.
lme4 and brms are the ends of the range of the tools that were looked at.

### Where the figures of others are from

From the text of the project's issue "Trust: calibrated, cross-checked, hard to break": silent on 5 (lme4) to 15 (brms), obscure
on 8 to 12. The figure for obscure ones is the range over all tools. They were not measured again for this page.

## Not checked here

* Whether a warning is heeded, and whether anybody but its authors finds a message clear: that it names the place and the remedy
  is checked, not that it is well put.
* pyarrow tables and mappings of arrays: other tests try some of these cases with them (`tests/badinput/test_model.py`).
* Data that are wrong but plausible: a column in the wrong units, shuffled rows, a level under two spellings.
* What is said after sampling about posteriors that should not be trusted.
"""
