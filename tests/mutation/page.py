"""docs/trust/results/mutation.json and docs/trust/mutation.md from the stored fates."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.mutation.run import ROOT, SEED, TESTS, records, sample, sites

RESULTS = ROOT / "docs" / "trust" / "results" / "mutation.json"
PAGE = ROOT / "docs" / "trust" / "mutation.md"
EQUIVALENT = Path(__file__).with_name("equivalent.json")
Result = Mapping[str, Any]

TEXT = """# Mutation testing

Written by `python -m tests.mutation page` from [what is stored](results/mutation.json); nothing here is typed by hand but the
[reasons](../../tests/mutation/equivalent.json) at the end.

A test suite that runs every line may still look at nothing. So small changes are made to the sources of what the meaning of a model
hangs on, one at a time: a comparison, a sign, a constant, a condition taken always or never, a statement, an argument or a returned
value left out. The quick tests of that package, and those of bad input that are about it, should fail; what they let live is listed.
The changes are a sample, by the seed {seed}, of all that the [operators](../../tests/mutation/operators.py) can make; words of
messages are left alone.

| package | changes there are | tried | killed | share | lived, of no consequence | lived |
|---|--:|--:|--:|--:|--:|--:|
{rows}

**{killed} of {tried} are killed, {share:.0%}.** One that ran much longer than the tests do counts as killed ({timeouts}).

## What lived

| place | before | after | |
|---|---|---|---|
{lived}

`{command}`, {date}, {minutes:.0f} processor minutes; Python {python}. A run can be stopped, and goes on where it was; what is stored of a
file goes when the file changes.
"""


def summarise(size: int, only: Sequence[str] = tuple(TESTS), known: Result | None = None) -> dict[str, Any]:
    """What is known of the sample of the present sources.

    Parameters
    ----------
    only : sequence of str
        Packages that are looked at; of the others what ``known`` has of them stays.
    """
    have, reasons = records(), json.loads(EQUIVALENT.read_text(encoding="utf-8"))
    kept = {} if known is None else known["packages"]
    packages: dict[str, Any] = {p: kept[p] for p in TESTS if p in kept and p not in only}
    lived = [] if known is None else [m for m in known["lived"] if _package(m) in packages]
    timeouts = sum(p["timeouts"] for p in packages.values())
    for package in only:
        found = [have[s.name] for s in sample(package, size) if s.name in have]
        alive = [r for r in found if r["fate"] == "lived"]
        lived += [
            {k: r[k] for k in ("file", "line", "kind", "before", "after")} | {"reason": reasons.get(_place(r), "")}
            for r in alive
        ]
        late = sum(r["fate"] == "timeout" for r in found)
        timeouts += late
        packages[package] = {
            "changes": len(sites(package)),
            "tried": len(found),
            "killed": len(found) - len(alive),
            "idle": sum(_place(r) in reasons for r in alive),
            "seconds": round(sum(r["seconds"] for r in found)),
            "timeouts": late,
            "date": datetime.now(UTC).date().isoformat(),
        }
    return {
        "command": f"python -m tests.mutation --sample {size}",
        "date": ", ".join(sorted({p["date"] for p in packages.values()})),
        "python": platform.python_version(),
        "seed": SEED,
        "seconds": sum(p["seconds"] for p in packages.values()),
        "timeouts": timeouts,
        "packages": {p: packages[p] for p in TESTS if p in packages},
        "lived": lived,
    }


def _package(record: Mapping[str, Any]) -> str:
    return str(record["file"]).split("/")[1]


def _place(record: Mapping[str, Any]) -> str:
    """How a change is called where reasons are given: not by its line, which moves."""
    return f"{record['file']}: {record['before']} -> {record['after']}"


def read(file: Path = RESULTS) -> dict[str, Any] | None:
    """What was written last."""
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None


def write(result: Result, file: Path = RESULTS, page: Path = PAGE) -> None:
    """Both files."""
    file.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    page.write_text(text(result), encoding="utf-8")


def text(result: Result) -> str:
    """The page."""
    packages = result["packages"]
    tried, killed = (sum(p[k] for p in packages.values()) for k in ("tried", "killed"))
    rows = [
        f"| {name} | {p['changes']:,} | {p['tried']} | {p['killed']} | {_share(p)} | {p['idle']} | "
        f"{p['tried'] - p['killed'] - p['idle']} |"
        for name, p in packages.items()
    ]
    lived = [
        f"| `{m['file']}:{m['line']}` | {_code(m['before'])} | {_code(m['after']) if m['after'] else m['kind']} | {m['reason']} |"
        for m in result["lived"]
    ]
    return TEXT.format(
        seed=result["seed"],
        rows="\n".join(rows),
        killed=killed,
        tried=tried,
        share=killed / max(tried, 1),
        timeouts=result["timeouts"],
        lived="\n".join(lived) or "| – | | | |",
        command=result["command"],
        date=result["date"],
        minutes=result["seconds"] / 60,
        python=result["python"],
    )


def _share(package: Mapping[str, int]) -> str:
    return f"{package['killed'] / package['tried']:.0%}" if package["tried"] else "–"


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|").replace("`", "'") + "`"
