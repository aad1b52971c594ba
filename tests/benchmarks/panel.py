"""hierlm's default fit beside Bambi + nutpie: ``python -m tests.benchmarks.panel [--only NAME …] [--contender …]``.

Needs the extra ``bench``.  Every contender and data set has a process of its own; a short one before it warms the disk
caches.  Timed is the whole call after the imports (build, compile, sample, all draws), 4 chains × 1,000 draws on all
cores; a second call in the same process follows.  The figure of merit is the smallest of bulk and tail ESS over all
scalars that vary, group effects too, over the seconds.  Results that are there already are kept, unless ``--again``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.panel_models import ROWS, Row
from tests.benchmarks.panel_table import table

ROOT = Path(__file__).resolve().parents[2]
CONTENDERS = ("ours", "peer-diag", "peer-lowrank")
WARMING = 20  # draws


def refused(row: Row, contender: str) -> str | None:
    """Why a contender does not run on a line."""
    if contender != "ours" and row.peer is None:
        return f"Bambi cannot say this model; beside {row.beside}"
    return row.skip if contender == "peer-lowrank" else None


def process(row: Row, contender: str, file: Path, draws: int, calls: int, minutes: float) -> str | None:
    """Run one process; what went wrong, if anything."""
    command = [sys.executable, "-m", "tests.benchmarks.panel_run", contender, row.name, str(file)]
    command += ["--draws", str(draws), "--calls", str(calls)]
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=minutes * 60 if minutes else None
        )
    except subprocess.TimeoutExpired:
        return f"over {minutes:g} min"
    return None if done.returncode == 0 else f"failed: {(done.stderr.strip() or '?').splitlines()[-1][:300]}"


def measure(row: Row, contender: str, out: Path, draws: int, minutes: float) -> dict[str, object]:
    """Run a contender on a line, warm, and keep what it says in a file."""
    file = out / f"{row.name}--{contender}.json"
    file.unlink(missing_ok=True)
    why = refused(row, contender)
    if why is None:
        with tempfile.TemporaryDirectory() as scratch:
            process(row, contender, Path(scratch) / "warming.json", WARMING, 1, minutes)
        why = process(row, contender, file, draws, 2, minutes)
    record = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    record |= {"data": row.name, "contender": contender, "note": why}
    file.write_text(json.dumps(record, indent=1), encoding="utf-8")
    return record


def known(out: Path) -> dict[tuple[str, str], dict[str, object]]:
    """(data, contender) → what is in the folder."""
    records = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(out.glob("*--*.json"))]
    return {(r["data"], r["contender"]): r for r in records}


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS), metavar="NAME", help=", ".join(ROWS))
    parser.add_argument("--contender", nargs="*", choices=CONTENDERS, default=CONTENDERS, help="none: print the table")
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "hierlm-panel")
    parser.add_argument("--draws", type=int, default=1000, help="of each of 4 chains")
    parser.add_argument("--minutes", type=float, default=15, help="for a process; 0: no end")
    parser.add_argument("--again", action="store_true", help="measure what is there already")
    return parser.parse_args(given)


def main() -> None:
    """Measure what is missing, a process at a time, and print the table."""
    given = arguments()
    given.out.mkdir(parents=True, exist_ok=True)
    for name in given.only:
        for contender in given.contender:
            if given.again or (name, contender) not in known(given.out):
                found = measure(ROWS[name], contender, given.out, given.draws, given.minutes)
                first = found.get("first") or {}
                numbers = " ".join(f"{key} {first[key]:.3g}" for key in ("seconds", "rate") if key in first)
                print(name, contender, numbers, found["note"] or "", file=sys.stderr, flush=True)
    print(table([ROWS[name] for name in given.only], known(given.out)))


if __name__ == "__main__":
    main()
