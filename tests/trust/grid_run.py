"""All points of the grid of densities: a line of JSON each as soon as it is known, a summary, and a page."""

from __future__ import annotations

import json
import platform
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hierlm.errors import DataWarning
from hierlm.fit.provenance import installed_versions
from tests.trust.grid import GRID, MIXED, POINTS, check
from tests.trust.store import ROOT, STORE, digest, fingerprints
from tests.trust.summary import RESULTS, commit

FILE = RESULTS / "density.json"
PAGE = RESULTS.parent / "densities.md"
MEANING = ("covariances", "densities", "graphs", "grid", "joint", "priors", "responses")
EXPLAINED = {
    "zero_inflated_negbinomial/sqrt/cor/noncentered": "One of the points has a mean of 10⁻⁹: SciPy's negative binomial takes "
    "shape/(shape + μ), which has no digits left there, and the step of the differences is too long. By the formula with log1p and a "
    "shorter step the gradient agrees to 10⁻⁹ (`tests/trust/test_density_grid.py`)",
}
"""Points that differ because of the independent density, and how that was found out."""

Result = Mapping[str, Any]
Point = tuple[str, str, str, str]

TEXT = """# Densities

Written by `python -m tests.trust densities` from [what is stored](results/density.json); nothing here is typed by hand.

For every family, each of its links, every covariance structure, centred and not, the log-density of the PyMC graph is compared
with [code of its own](../../tests/trust/joint.py) by NumPy and SciPy, of `y ~ x + structure(0 + f | g) + (1 | h)` with 24 rows and three
effects a level. At {points} random points of the sampling coordinates the difference is one constant up to 10⁻⁸ of the density, or
of 100 where that is larger; the gradient along a random direction is that of the independent density by differences of fourth order,
up to 10⁻⁶ of its length, or of one. The columns say by how much the worst point is off.

**{good} of {cases} combinations agree**{missing}. {failed}

## By family and link

| family | link | combinations | density | gradient |
|---|---|--:|--:|--:|
{families}

## By structure

| structure | combinations | density | gradient |
|---|--:|--:|--:|
{structures}

`{command}`, {date}, {commits}, {minutes:.0f} minutes on a core that was shared; Python {python}, {versions}.
"""


def label(point: Point) -> str:
    """One word for a point."""
    return "/".join(point)


def run(store: Path = STORE, *, minutes: float = 0.0, any_code: bool = False) -> int:
    """Check the points that the store lacks; returns how many are missing still.

    ``minutes``: stop after so long; ``any_code``: a point that was checked with other sources of hierlm is not lacking.
    """
    have, started, here = known(store, any_code=any_code), time.perf_counter(), {"commit": commit()}
    todo = [point for point in MIXED if label(point) not in have]
    _say(f"{len(todo)} of {len(GRID)} combinations to check")
    for done, point in enumerate(todo):
        if minutes and time.perf_counter() - started > 60 * minutes:
            return len(todo) - done
        record = _record(point) | here
        with _file(store).open("a", encoding="utf-8") as out:
            out.write(json.dumps(record) + "\n")
        if "error" in record:
            _say(f"FAILED {label(point)}: {record['error']}")
        if done % 50 == 49:
            _say(f"{done + 1}/{len(todo)}, {(time.perf_counter() - started) / (done + 1):.1f} s each")
    return 0


def known(store: Path = STORE, *, any_code: bool = False) -> dict[str, dict[str, Any]]:
    """Label → record, those of other code left out unless asked for, and those of another grid always."""
    here, found = _fingerprints(), {}
    for record in _lines(_file(store)):
        if record["meaning"] == here["meaning"] and (any_code or record["code"] == here["code"]):
            found[record["point"]] = record
    return found


def summarise(store: Path = STORE, *, any_code: bool = False) -> dict[str, Any]:
    """Everything that is known, with versions, date and command."""
    found = known(store, any_code=any_code)
    return {
        "command": "python -m tests.trust densities",
        "date": datetime.now(UTC).date().isoformat(),
        "commits": dict(Counter(r.get("commit") or "unknown" for r in found.values()).most_common()),
        "meaning": _fingerprints()["meaning"],
        "python": platform.python_version(),
        "versions": installed_versions(),
        "points": POINTS,
        "cases": len(GRID),
        "seconds": round(sum(r["seconds"] for r in found.values())),
        "failed": {name: r["error"] for name, r in found.items() if "error" in r},
        "off": {name: [r["density"], r["gradient"]] for name, r in found.items() if "error" not in r},
    }


def write(result: Result, file: Path = FILE, page: Path = PAGE) -> None:
    """The summary, a point a line, and the page."""
    head = json.dumps({k: v for k, v in result.items() if k != "off"}, ensure_ascii=False)[1:-1]
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(off)}" for name, off in result["off"].items())
    file.write_text("{" + head + ',\n"off": {\n' + lines + "\n}}\n", encoding="utf-8")
    page.write_text(text(result), encoding="utf-8")


def text(result: Result) -> str:
    """The page."""
    off, failed = result["off"], result["failed"]
    pairs = list(dict.fromkeys(point[:2] for point in GRID))
    kinds = list(dict.fromkeys(point[2] for point in GRID))
    families = [
        _row(f"| `{f}` | {link} |", [off.get(label(p)) for p in GRID if p[:2] == (f, link)]) for f, link in pairs
    ]
    structures = [_row(f"| `{kind}` |", [off.get(label(p)) for p in GRID if p[2] == kind]) for kind in kinds]
    missing = len(GRID) - len(off) - len(failed)
    facts = {k: result[k] for k in ("points", "cases", "command", "date", "python")}
    return TEXT.format(
        **facts,
        commits=_commits(result["commits"]),
        good=len(off),
        missing=f"; {missing} have not been tried" if missing else "",
        failed="".join(f"\n* {_failure(name, error)}" for name, error in failed.items()) or "None differs.",
        families="\n".join(families),
        structures="\n".join(structures),
        minutes=result["seconds"] / 60,
        versions=", ".join(f"{k} {v}" for k, v in result["versions"].items()),
    )


def _failure(name: str, error: str) -> str:
    return f"{name}: `{error}`" + (f" {EXPLAINED[name]}." if name in EXPLAINED else "")


def _commits(counts: Mapping[str, int]) -> str:
    """``commit 9517bf3``; with several, how many combinations were checked at which."""
    if len(counts) == 1:
        return f"commit {next(iter(counts))}"
    return "commits " + ", ".join(f"{name} ({count})" for name, count in counts.items())


def _row(head: str, off: Sequence[Sequence[float] | None]) -> str:
    known = [pair for pair in off if pair is not None]
    worst = [f"{max(numbers):.1e}" for numbers in zip(*known, strict=True)] or ["–", "–"]
    count = f"{len(known)}" if len(known) == len(off) else f"{len(known)} of {len(off)}"
    return f"{head} {count} | {worst[0]} | {worst[1]} |"


def _record(point: Point) -> dict[str, Any]:
    started, found = time.perf_counter(), {"point": label(point), **_fingerprints()}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            density, gradient = check(*point)
        found |= {"density": float(f"{density:.3g}"), "gradient": float(f"{gradient:.3g}")}
    except Exception as error:
        found["error"] = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return found | {"seconds": round(time.perf_counter() - started, 2)}


def _fingerprints() -> dict[str, str]:
    files = [ROOT / "tests" / "trust" / f"{name}.py" for name in MEANING]
    return {"code": fingerprints()["code"], "meaning": digest(files)}


def _file(store: Path) -> Path:
    store.mkdir(parents=True, exist_ok=True)
    return store / "densities.jsonl"


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:  # what a killed run left half written
            continue


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
