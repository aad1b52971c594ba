"""What the stored records of a path say, in a small file: per cell and quantity, with versions, date and command."""

from __future__ import annotations

import json
import platform
import subprocess
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hierlm.fit.provenance import installed_versions
from tests.trust.every import EVERY, PATHS
from tests.trust.judge import FAMILY_WISE, INSIDE, judge
from tests.trust.replicate import CHAINS
from tests.trust.store import ROOT, fingerprints, records

RESULTS = ROOT / "docs" / "trust" / "results"
MOST = {50: 0.025, 90: 0.015}
"""How far the pooled coverage may be off."""


def summarise(store: Path, path: str, *, any_code: bool = False, note: str = "") -> dict[str, Any]:
    """Everything that is known of a path, cells that were not run left out; ``note`` is what a reader has to know."""
    found = {name: records(store, path, name, any_code=any_code) for name in EVERY}
    cells = {name: _cell(rows) for name, rows in found.items() if rows}
    result: dict[str, Any] = {
        "path": path,
        "settings": PATHS[path] | {"chains": CHAINS},
        "note": note,
        "command": f"python -m tests.trust --path {path}",
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit(),
        "simulation": {kind: fingerprints(recipes=kind == "terms")["simulation"] for kind in ("cells", "terms")},
        "code": sorted({r["code"] for rows in found.values() for r in rows}),
        "python": platform.python_version(),
        "versions": installed_versions(),
        "tests": 2 * sum(len(c["quantities"]) for c in cells.values()),
        "coverage": _coverage(cells),
        "cells": cells,
    }
    for cell in cells.values():
        cell["verdict"] = verdict(cell, result["tests"])
    return result


def verdict(cell: dict[str, Any], tests: int) -> str:
    """``"passes"``, or what is wrong with a cell; a fit that failed is wrong."""
    if cell["failures"]:
        return f"{cell['failures']} fits failed"
    wrong = [name for name, q in cell["quantities"].items() if min(q["p_ecdf"], q["p_z"]) * tests < FAMILY_WISE]
    return f"miscalibrated: {', '.join(wrong)}" if wrong else "passes"


def _cell(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    good = [r for r in rows if "ranks" in r]
    names = list(good[0]["ranks"]) if good else []
    return {
        "replications": len(rows),
        "failures": len(rows) - len(good),
        "errors": dict(Counter(r["error"].splitlines()[0][:160] for r in rows if "error" in r).most_common(3)),
        "plan": dict(Counter(r["plan"] for r in good)),
        "second_runs": sum(r["runs"] > 1 for r in good),
        "with_divergences": sum(r["divergences"] > 0 for r in good),
        "redrawn": sum(r["redrawn"] for r in good),
        "seconds": round(sum(r["seconds"] for r in rows), 1),
        "quantities": {name: _quantity([r["ranks"][name] for r in good]) for name in names},
    }


def _quantity(ranks: Sequence[int]) -> dict[str, Any]:
    found = judge(ranks)
    numbers = {"p_ecdf": found.p_ecdf, "p_z": found.p_z, "var_z": found.variance_z, "mean_z": found.mean_z}
    return {k: float(f"{v:.3g}") for k, v in numbers.items()} | {f"in{s}": n for s, n in found.inside.items()}


def _coverage(cells: dict[str, Any]) -> dict[str, Any]:
    """Of the central intervals, all quantities of all cells together: share, and how far it is off."""
    found = {}
    for share in INSIDE:
        inside = sum(q[f"in{share}"] for c in cells.values() for q in c["quantities"].values())
        of = sum((c["replications"] - c["failures"]) * len(c["quantities"]) for c in cells.values())
        found[str(share)] = {"share": round(inside / of, 5), "of": of} if of else {"share": None, "of": 0}
    return found


def coverage_holds(result: dict[str, Any]) -> bool:
    """Whether the pooled coverage is within its bounds."""
    return all(abs(result["coverage"][str(s)]["share"] - s / 100) <= most for s, most in MOST.items())


def holds(result: dict[str, Any]) -> bool:
    """Whether every cell is calibrated, and so is the coverage of all together."""
    return all(c["verdict"] == "passes" for c in result["cells"].values()) and coverage_holds(result)


def commit() -> str:
    """Of the checkout, ``+`` where files differ from it; ``""`` without git."""
    try:
        run = [
            subprocess.run(["git", *a], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
            for a in (("rev-parse", "--short", "HEAD"), ("status", "--porcelain", "--", "hierlm"))
        ]
    except (OSError, subprocess.CalledProcessError):
        return ""
    return run[0] + ("+" if run[1] else "")


def write(result: dict[str, Any], folder: Path = RESULTS) -> Path:
    """One line a cell, so that two versions can be compared."""
    head = {k: v for k, v in result.items() if k != "cells"}
    lines = [json.dumps(head, ensure_ascii=False)[1:-1]]
    cells = [f"  {json.dumps(n)}: {json.dumps(c, ensure_ascii=False)}" for n, c in result["cells"].items()]
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"calibration-{result['path']}.json"
    file.write_text("{" + lines[0] + ',\n"cells": {\n' + ",\n".join(cells) + "\n}}\n", encoding="utf-8")
    return file


def read(folder: Path = RESULTS) -> dict[str, dict[str, Any]]:
    """Path → its stored summary."""
    found = [json.loads(f.read_text(encoding="utf-8")) for f in sorted(folder.glob("calibration-*.json"))]
    return {r["path"]: r for r in found}
