"""Structures by their fast path beside the plain graph: ``python -m tests.benchmarks.structures [--only NAME …]``.

Every case and way has processes of its own; one of a few draws before them warms the disk caches.  Timed, in CPU seconds, are one
gradient, and ``fit`` with the draws of everything, 4 chains on all cores.  Where the plain graph would take hours it has
fewer draws, and what 1,000 and 1,000 would have taken is extrapolated.  Results that are there already are kept, unless
``--again``.  Without ``--only`` the section of docs/benchmarks.md is written.  ``--small`` tries everything out at tiny
sizes, and writes no page.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.__main__ import PAGE, cpu, with_section
from tests.benchmarks.structures_cases import CASES, Structure

ROOT = Path(__file__).resolve().parents[2]
TITLE = "Structures beside the plain graph"
WARMING, FULL, CHAINS = 10, 1000, 4
FEW = 100
"""Draws of which no ESS can be estimated."""
HEAD = """| design | sampled by | numbers | gradient | CPU seconds | min ESS | peak memory | ESS a CPU second, ratio to the graph |
|---|---|--:|--:|--:|--:|--:|--:|"""
TEXT = """Written by `python -m tests.benchmarks.structures` on {date}: {cores} cores of {cpu}. Every line is a process of its own after the imports, caches
on disk warm: 4 chains × 1,000 draws, building, compiling and the draws of everything included; *CPU seconds*: of all threads, since the machine was busy; *gradient*: the median time of one, in the coordinates
that NUTS moves; *numbers*: how many it moves; *min ESS*: the smallest of bulk and tail over all scalars, group effects too. The plain graph is
`fit(reduce=False)`.

{table}

† extrapolated: the graph was sampled with {draws}, and its seconds of sampling and its ESS are those of 4 chains of 2,000 and 1,000 in proportion.
The ESS of so few draws is rough. Divergences are counted where there are any.

‡ of less than {few} draws none can be estimated: all 4,000 are taken as independent, so that the ratio is too small rather than too large."""

Records = Mapping[tuple[str, str], Mapping[str, Any]]


def process(case: Structure, way: str, part: str, file: Path, size: int, minutes: float, *more: str) -> str | None:
    """Run one process; what went wrong, if anything."""
    command = [sys.executable, "-m", "tests.benchmarks.structures_run", case.name, way, part, str(file)]
    command += ["--size", str(size), *more]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=minutes * 60)
    except subprocess.TimeoutExpired:
        return f"{part}: over {minutes:g} min"
    return None if done.returncode == 0 else f"{part} failed: {(done.stderr.strip() or '?').splitlines()[-1][:300]}"


def measure(case: Structure, way: str, file: Path, given: argparse.Namespace) -> None:
    """Run a case one way, warm, and keep what it says in a file."""
    size = case.small if given.small else case.size
    draws, tune = (case.draws, case.tune) if way == "graph" else (FULL, None)
    if given.small:
        draws, tune = 20, 30
    chains = case.chains if way == "graph" else CHAINS
    lengths = ["--draws", str(draws), "--chains", str(chains), *(["--tune", str(tune)] if tune is not None else [])]
    record: dict[str, Any] = {"case": case.name, "way": way}
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "made.json"
        few = ("--draws", str(WARMING), "--tune", str(WARMING))
        process(case, way, "fit", made, case.small, given.minutes, *few)
        notes = []
        for part, more in (("gradient", []), ("fit", lengths)):
            made.unlink(missing_ok=True)
            notes.append(process(case, way, part, made, size, given.minutes, *more))
            record |= json.loads(made.read_text(encoding="utf-8")) if made.exists() else {}
    record["note"] = "; ".join(filter(None, notes)) or None
    file.write_text(json.dumps(record, indent=1), encoding="utf-8")


def whole(fit: Mapping[str, Any]) -> tuple[float, float]:
    """Seconds and ESS of 4 × 1,000 draws after 1,000 of tuning on the graph, or as they were by a fast path."""
    least = min(fit["ess"]["bulk"], fit["ess"]["tail"])
    if not fewer(fit):
        return fit["seconds"], least
    chains = CHAINS / fit["chains"]
    more = 2 * FULL * chains / (fit["draws"] + fit["tune"])
    if fit["draws"] * fit["chains"] < FEW:
        least, chains = fit["draws"], CHAINS
    return fit["seconds"] + (more - 1) * fit["sampling"], least * FULL * chains / fit["draws"]


def fewer(fit: Mapping[str, Any]) -> bool:
    """Whether it had fewer draws than others."""
    return bool(fit["draws"] < FULL)


def line(case: Structure, way: str, record: Mapping[str, Any] | None, ratio: str) -> str:
    """A row of the table."""
    size = case.size if record is None or "size" not in record else record["size"]
    what = case.what.format(f"{size:,}")
    gradient = (record or {}).get("gradient")
    found = (f"{gradient['dimension']:,}", f"{1e3 * gradient['gradient']:.3g} ms") if gradient else ("", "")
    if record is None or "fit" not in record:
        return f"| {' | '.join([what, way, *found, (record or {}).get('note') or '', '', '', ''])} |"
    fit = record["fit"]
    seconds, ess = whole(fit)
    mark = " †" if fewer(fit) else ""
    none = " ‡" if fit["draws"] * fit["chains"] < FEW else mark
    diverged = f", {fit['divergences']} divergences" if fit["divergences"] else ""
    cells = [
        what,
        "the graph" if way == "graph" else fit["sampler"],
        *found,
        f"{seconds:,.1f} s{mark}",
        f"{ess:,.0f}{none}{diverged}",
        f"{fit['resident']:,.0f} MB",
        ratio,
    ]
    return f"| {' | '.join(cells)} |"


def table(cases: Sequence[Structure], records: Records) -> str:
    """Lines of Markdown, the graph below each fast path."""
    lines = [HEAD]
    for case in cases:
        rates = {}
        for way in ("plan", "graph"):
            fit = (records.get((case.name, way)) or {}).get("fit")
            if fit:
                seconds, ess = whole(fit)
                rates[way] = ess / seconds
        ratio = f"{rates['plan'] / rates['graph']:.3g} ×" if len(rates) == 2 and rates["graph"] > 0 else ""
        for way in ways(case):
            lines.append(line(case, way, records.get((case.name, way)), ratio if way == "plan" else ""))
    return "\n".join(lines)


def ways(case: Structure) -> tuple[str, ...]:
    """Those that there are."""
    return ("plan", "graph") if case.fast else ("graph",)


def section(records: Records) -> str:
    """What the page says."""
    some = next(iter(records.values()))
    limited = [f"{c.chains} × {c.draws:,} draws after {c.tune:,} ({c.name})" for c in CASES.values() if c.draws < FULL]
    return TEXT.format(
        date=some.get("date", "?"),
        cores=some.get("cores", "?"),
        cpu=cpu(),
        table=table(list(CASES.values()), records),
        draws=", ".join(limited),
        few=FEW,
    )


def main() -> None:
    """Measure what is missing, a process at a time; print the table, and write the page where it is whole."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES), metavar="NAME", help=", ".join(CASES))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--minutes", type=float, default=60, help="for a process")
    parser.add_argument("--small", action="store_true", help="tiny sizes and few draws, to see that it works")
    parser.add_argument("--again", action="store_true", help="measure what is there already")
    given = parser.parse_args()
    folder = "hierlm-structures-small" if given.small else "hierlm-structures"
    out = given.out or Path(tempfile.gettempdir()) / folder
    out.mkdir(parents=True, exist_ok=True)
    records: dict[tuple[str, str], dict[str, Any]] = {}
    for name in given.only:
        for way in ways(CASES[name]):
            file = out / f"{name}--{way}.json"
            if given.again or not file.exists():
                measure(CASES[name], way, file, given)
            records[name, way] = json.loads(file.read_text(encoding="utf-8"))
            print(name, way, records[name, way].get("note") or "", file=sys.stderr, flush=True)
    print(table([CASES[name] for name in given.only], records))
    if set(given.only) == set(CASES) and not given.small:
        PAGE.write_text(with_section(PAGE.read_text(encoding="utf-8"), TITLE, section(records)), encoding="utf-8")


if __name__ == "__main__":
    main()
