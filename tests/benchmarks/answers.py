"""What questions after a fit cost: ``python -m tests.benchmarks.answers [--only NAME …]``.

Every question that is timed has a process of its own, which fits before it asks; those whose memory is measured are asked
in copies of one process with draws for InstEval.  Results that are there already are kept, unless ``--again``.  Without
``--only`` the section of docs/benchmarks.md is written.  Linux only: memory is read from ``/proc``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks.__main__ import PAGE, cpu, with_section
from tests.benchmarks.answers_cases import FEW, TIMED
from tests.benchmarks.cases import INSTEVAL

ROOT = Path(__file__).resolve().parents[2]
MEMORY = "memory"
NAMES = (*TIMED, MEMORY)
TITLE = "Questions after the fit"
TEXT = """Written by `python -m tests.benchmarks.answers` on {date}: {cores} cores of {cpu}, shared with others: load {load}. Every line is a process of its own,
which fits 4 × 1,000 draws before it asks; fits and imports are not counted. *Work*: seconds of processors, of all threads, which a busy machine
lengthens less.

{times}

Memory on InstEval, 73,421 rows and 4,114 levels, `{formula}`, 4 × 1,000 draws:

{memory}

*Asked for*: draws × numbers × 8 bytes, the numbers being those that an answer is made of: parameters, effects of levels, and rows where there is a
number for each row and draw (so {few} of the 1,000 draws of each chain are used there; the others make do with some rows at a time). *Grown*: how much more memory the process had at
its largest than before the call, working space included. The draws themselves are {own:,.0f} MB: here NUTS moves the effects of groups; those that are integrated out
are drawn when somebody looks at them."""

Records = Mapping[str, Mapping[str, Any]]


def measure(name: str, file: Path, minutes: float) -> None:
    """Run one process, and keep what it found, or what went wrong, in a file."""
    file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "tests.benchmarks.answers_run", name, str(file)]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=minutes * 60)
        note = None if done.returncode == 0 else (done.stderr.strip() or "?").splitlines()[-1][:300]
    except subprocess.TimeoutExpired:
        note = f"over {minutes:g} min"
    record = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"question": name}
    file.write_text(json.dumps(record | {"note": note}, indent=1), encoding="utf-8")


def times(records: Records) -> str:
    """The table of seconds."""
    lines = ["| question | first call | of it work | fastest | aim |", "|---|--:|--:|--:|--:|"]
    for name, question in TIMED.items():
        if name in records:
            found = records[name]
            cells = [f"{found[key]:.2f} s" for key in ("first", "cpu", "best")] if "first" in found else ["", "", ""]
            lines.append(f"| {question.what} | {' | '.join(cells)} | {found['note'] or f'{question.seconds:g} s'} |")
    return "\n".join(lines)


def memory(records: Records) -> str:
    """The table of megabytes."""
    head = "| question | draws × numbers | asked for | grown | process at its largest | seconds |"
    lines = [head, "|---|--:|--:|--:|--:|--:|"]
    for row in records.get(MEMORY, {}).get("rows", ()):
        asked = f"{row['draws']:,} × {row['numbers']:,} | {row['asked']:,.1f} MB"
        if "first" in row:
            cells = f"{asked} | {row['grown']:,.0f} MB | {row['resident']:,.0f} MB | {row['first']:.1f} s"
        else:
            cells = f"{asked} | | | {row['note']}"
        lines.append(f"| {row['what']} | {cells} |")
    return "\n".join(lines)


def section(records: Records) -> str:
    """What the page says."""
    loads = [r["load"] for r in (*records.values(), *records[MEMORY].get("rows", ())) if "load" in r]
    return TEXT.format(
        date=str(records[MEMORY].get("date", "?")).partition(" ")[0],
        cores=records[MEMORY].get("cores", "?"),
        cpu=cpu(),
        load=f"{min(loads):.1f} to {max(loads):.1f}",
        times=times(records),
        memory=memory(records),
        formula=INSTEVAL.replace("|", "\\|"),
        few=FEW,
        own=next(r["asked"] for r in records[MEMORY]["rows"] if "ranef" in r["what"]),
    )


def main() -> None:
    """Measure what is missing, a process at a time; print the tables, and write the page where they are whole."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=NAMES, default=list(NAMES), metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "hierlm-answers")
    parser.add_argument("--minutes", type=float, default=10, help="for a process")
    parser.add_argument("--again", action="store_true", help="measure what is there already")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    records: dict[str, dict[str, Any]] = {}
    for name in given.only:
        file = given.out / f"{name}.json"
        if given.again or not file.exists():
            measure(name, file, given.minutes)
        records[name] = json.loads(file.read_text(encoding="utf-8"))
        print(name, records[name].get("note") or "", file=sys.stderr, flush=True)
    print(f"{times(records)}\n\n{memory(records)}")
    if set(given.only) == set(NAMES):
        PAGE.write_text(with_section(PAGE.read_text(encoding="utf-8"), TITLE, section(records)), encoding="utf-8")


if __name__ == "__main__":
    main()
