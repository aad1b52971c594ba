"""One contender and data set in a process of its own: ``python -m tests.benchmarks.panel_run peer-diag cbpp FILE``."""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import resource
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import arviz  # noqa: F401  (imports are not timed)

from tests.benchmarks.ess import smallest_ess
from tests.benchmarks.outcome import Outcome
from tests.benchmarks.panel_models import ROWS

CONTENDERS = ("ours", "peer-diag", "peer-lowrank")
PACKAGES = ("hierlm", "pymc", "pytensor", "nutpie", "numba", "numpy", "arviz-stats", "bambi")


def prepared(contender: str, row: str, draws: int) -> Callable[[int], Outcome]:
    """The contender's call, its imports done."""
    if contender == "ours":
        from tests.benchmarks.panel_ours import prepare

        return prepare(ROWS[row], draws)
    from tests.benchmarks.panel_peer import prepare

    return prepare(ROWS[row], draws, {"peer-diag": "diag", "peer-lowrank": "low_rank"}[contender])


def peak() -> float:
    """The largest resident size of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # KiB on Linux


def measured(call: Callable[[int], Outcome], seed: int) -> dict[str, object]:
    """Seconds, memory, ESS, divergences of one call."""
    gc.collect()
    before, load = peak(), os.getloadavg()[0]
    started, used = time.perf_counter(), time.process_time()
    outcome = call(seed)
    seconds, used = time.perf_counter() - started, time.process_time() - used
    after = peak()
    found = smallest_ess(outcome.posterior)
    return {
        "seconds": seconds,
        "cpu": used,
        "parts": outcome.seconds,
        "ess": asdict(found),
        "rate": min(found.bulk, found.tail) / seconds,
        "divergences": outcome.divergences,
        "steps": outcome.steps,
        "resident": after,
        "resident_before": before,
        "load_before": load,
        "seed": seed,
        "notes": outcome.notes(),
    }


def main() -> None:
    """Write what was measured after each call, so that a call that is stopped leaves the one before."""
    parser = argparse.ArgumentParser()
    parser.add_argument("contender", choices=CONTENDERS)
    parser.add_argument("row", choices=ROWS)
    parser.add_argument("file", type=Path)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--calls", type=int, default=2)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    call = prepared(given.contender, given.row, given.draws)
    record: dict[str, object] = {
        "data": given.row,
        "contender": given.contender,
        "draws": given.draws,
        "chains": 4,
        "date": time.strftime("%Y-%m-%d %H:%M"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {p: version(p) for p in PACKAGES if p != "bambi" or given.contender != "ours"},
    }
    for seed, which in enumerate(("first", "second")[: given.calls], start=1):
        record[which] = measured(call, seed)
        given.file.write_text(json.dumps(record, indent=1, default=str), encoding="utf-8")


if __name__ == "__main__":
    main()
