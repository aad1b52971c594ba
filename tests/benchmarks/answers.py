"""What questions after a fit cost: ``python -m tests.benchmarks.answers [--only NAME …]``.

Every question has a process of its own, which fits before it asks.  Results that are there already are kept, unless
``--again``.  Without ``--only`` the section of docs/benchmarks.md is written.  Linux only: peak memory is read from
``/proc``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks.__main__ import PAGE, cpu, with_section
from tests.benchmarks.answers_cases import QUESTIONS, Question

ROOT = Path(__file__).resolve().parents[2]
TITLE = "Questions after the fit"
TEXT = """Written by `python -m tests.benchmarks.answers` on {date}: {cores} cores of {cpu}, load before the calls {load}. Every line is a process of its own,
which fits 4 × 1,000 draws before it asks; fits and imports are not counted.

{times}

Memory on InstEval, 73,421 rows and 4,114 levels, `{formula}`:

{memory}

*Asked for*: draws × numbers × 8 bytes. Of the fit and its summary these are the {parameters} parameters: effects of groups are drawn when somebody looks at them.
Pearson residuals need the effects' draws, and are one number a row. *Grown*: how much more memory the process had at its largest than before the
call, working space and what libraries keep included. A number for each row and draw is asked for with {few} of 1,000 draws a chain."""

Records = Mapping[str, Mapping[str, Any]]


def measure(question: Question, file: Path, minutes: float) -> dict[str, Any]:
    """Run one process; what it found, or what went wrong."""
    file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "tests.benchmarks.answers_run", question.name, str(file)]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=minutes * 60)
        note = None if done.returncode == 0 else (done.stderr.strip() or "?").splitlines()[-1][:300]
    except subprocess.TimeoutExpired:
        note = f"over {minutes:g} min"
    record = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"question": question.name}
    record["note"] = note
    file.write_text(json.dumps(record, indent=1), encoding="utf-8")
    return record


def times(records: Records) -> str:
    """The table of seconds."""
    lines = ["| question | first call | fastest | aim |", "|---|--:|--:|--:|"]
    for question in _of(records, memory=False):
        found = records[question.name]
        seconds = ("", found["note"] or "") if "first" not in found else _seconds(found)
        lines.append(f"| {question.what} | {' | '.join(seconds)} | {question.seconds:g} s |")
    return "\n".join(lines)


def _seconds(found: Mapping[str, Any]) -> tuple[str, str]:
    return f"{found['first']:.2f} s", f"{found['best']:.2f} s"


def memory(records: Records) -> str:
    """The table of megabytes."""
    lines = ["| question | draws × numbers | asked for | grown | process at its largest | seconds |"]
    lines.append("|---|--:|--:|--:|--:|--:|")
    for question in _of(records, memory=True):
        found = records[question.name]
        if "first" not in found:
            lines.append(f"| {question.what} | {found['note'] or ''} | | | | |")
            continue
        sizes = f"{found['draws']:,} × {found['numbers']:,} | {found['asked']:,.1f} MB | {found['grown']:,.0f} MB"
        lines.append(f"| {question.what} | {sizes} | {found['resident']:,.0f} MB | {found['first']:.1f} s |")
    return "\n".join(lines)


def _of(records: Records, *, memory: bool) -> Iterable[Question]:
    return [QUESTIONS[name] for name in records if QUESTIONS[name].memory is memory]


def section(records: Records) -> str:
    """What the page says."""
    from tests.benchmarks.answers_cases import FEW
    from tests.benchmarks.cases import INSTEVAL

    some, loads = next(iter(records.values())), [r["load"] for r in records.values() if "load" in r]
    return TEXT.format(
        date=str(some.get("date", "?")).partition(" ")[0],
        cores=some.get("cores", "?"),
        cpu=cpu(),
        load=f"{min(loads):.1f} to {max(loads):.1f}",
        times=times(records),
        memory=memory(records),
        formula=INSTEVAL,
        parameters=records["fit"].get("numbers", "?"),
        few=FEW,
    )


def main() -> None:
    """Measure what is missing, a process at a time; print the tables, and write the page where they are whole."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only", nargs="+", choices=QUESTIONS, default=list(QUESTIONS), metavar="NAME", help=", ".join(QUESTIONS)
    )
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "hierlm-answers")
    parser.add_argument("--minutes", type=float, default=5, help="for a process")
    parser.add_argument("--again", action="store_true", help="measure what is there already")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    records: dict[str, dict[str, Any]] = {}
    for name in given.only:
        file = given.out / f"{name}.json"
        if given.again or not file.exists():
            measure(QUESTIONS[name], file, given.minutes)
        records[name] = json.loads(file.read_text(encoding="utf-8"))
        print(name, records[name].get("note") or "", file=sys.stderr, flush=True)
    print(f"{times(records)}\n\n{memory(records)}")
    if set(given.only) == set(QUESTIONS):
        PAGE.write_text(with_section(PAGE.read_text(encoding="utf-8"), TITLE, section(records)), encoding="utf-8")


if __name__ == "__main__":
    main()
