"""Try every case and write docs/trust/bad-input.md."""

from __future__ import annotations

import sys

from tests.badinput.battery.cases import TRIED, outcome
from tests.badinput.battery.page import PAGE, counts, render, warm_up


def main() -> int:
    """Print what is not clear and the counts, write the page; 1 where anything is not clear."""
    warm_up()
    outcomes = {(case, frame): outcome(case, frame) for case, frame in TRIED}
    for (case, frame), found in outcomes.items():
        if found.verdict != "clear":
            print(f"{found.verdict}: {case.category}, {case.name} ({frame}): {found.why}")
    found_all = counts(outcomes.values())
    print(", ".join(f"{number} {verdict}" for verdict, number in found_all.items()))
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(render(outcomes), encoding="utf-8")
    return int(found_all["clear"] < len(outcomes))


if __name__ == "__main__":
    sys.exit(main())
