"""docs/trust/results/coverage.json and docs/trust/coverage.md."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.coverage.measure import ROOT, TESTS

RESULTS = ROOT / "docs" / "trust" / "results" / "coverage.json"
PAGE = ROOT / "docs" / "trust" / "coverage.md"
GOAL = 0.95
NAMED = 12
"""Files that the page names, those with most branches that nothing takes first."""

TEXT = """# Coverage

Written by `python -m tests.coverage` from [what is stored](results/coverage.json); nothing here is typed by hand.

Each package is measured by coverage.py with its own quick tests only: its folder of `tests/unit`, and those of contracts and of bad
input that are about it. What another package's test or an example of a page happens to run does not count. The goal is {goal:.0%} of the
branches. Kernels are left out: they are compiled, and their lines are not seen; their tests (`tests/unit/kernels`) compare their numbers. `testing` is
what the tests of contracts call.

| package | lines | run | branches | taken | commit |
|---|--:|--:|--:|--:|---|
{rows}
| **all** | {lines:,} | {lines_run:.1%} | {branches:,} | **{branches_run:.1%}** | |

{missing}

## Where most is not taken

| file | branches |
|---|--:|
{files}

`make coverage`, {date}; Python {python}.
"""


def read(file: Path = RESULTS) -> dict[str, Any]:
    """Package → what was found last."""
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def store(package: str, found: Mapping[str, Any], file: Path = RESULTS) -> None:
    """A package a line, so that two versions can be compared."""
    stamp = {"date": datetime.now(UTC).date().isoformat(), "python": platform.python_version()}
    known = read(file) | {package: {**found, **stamp}}
    lines = [f"{json.dumps(p)}: {json.dumps(known[p])}" for p in sorted(known)]
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def below(known: Mapping[str, Any]) -> list[str]:
    """Packages that miss the goal."""
    return [p for p, found in known.items() if _share(found, "branches") < GOAL]


def write_page(file: Path = RESULTS, page: Path = PAGE) -> Path:
    """The page of what is stored."""
    page.write_text(text(read(file)), encoding="utf-8")
    return page


def text(known: Mapping[str, Any]) -> str:
    """The page."""
    rows = [
        f"| `{p}` | {f['lines']:,} | {_share(f, 'lines'):.1%} | {f['branches']:,} | {_share(f, 'branches'):.1%} | "
        f"{f['commit']}{'' if f['passed'] else ', its tests failed'} |"
        for p, f in sorted(known.items())
    ]
    total = {k: sum(f[k] for f in known.values()) for k in ("lines", "lines_run", "branches", "branches_run")}
    counts = {file: len(pairs) for f in known.values() for file, pairs in f["missing"].items()}
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:NAMED]
    return TEXT.format(
        goal=GOAL,
        rows="\n".join(rows),
        lines=total["lines"],
        lines_run=_share(total, "lines"),
        branches=total["branches"],
        branches_run=_share(total, "branches"),
        missing=_missing(known),
        files="\n".join(f"| `{file}` | {count} |" for file, count in most) or "| – | |",
        date=", ".join(sorted({f["date"] for f in known.values()})),
        python=", ".join(sorted({f["python"] for f in known.values()})),
    )


def _missing(known: Mapping[str, Any]) -> str:
    absent, low = [p for p in TESTS if p not in known], below(known)
    said = f"Below the goal: {', '.join(f'`{p}`' for p in sorted(low))}." if low else "None is below the goal."
    return said + (f" Not measured: {', '.join(f'`{p}`' for p in absent)}." if absent else "")


def _share(found: Mapping[str, Any], what: str) -> float:
    return found[f"{what}_run"] / found[what] if found[what] else 1.0
