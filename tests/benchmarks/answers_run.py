"""One question after a fit, in a process of its own: ``python -m tests.benchmarks.answers_run kfold FILE``."""

from __future__ import annotations

import argparse
import gc
import json
import os
import time
import warnings
from pathlib import Path
from typing import Any

import arviz  # noqa: F401  (imports are not timed)
import nutpie  # noqa: F401
import pymc  # noqa: F401

import hierlm.fit.sampling
import hierlm.graph
import hierlm.posterior  # noqa: F401
import hierlm.replicates.calibrate  # noqa: F401
from tests.benchmarks.answers_cases import QUESTIONS
from tests.benchmarks.panel_run import peak

FORGET = Path("/proc/self/clear_refs")
STATUS = Path("/proc/self/status")


def resident(what: str) -> float:
    """A resident size of this process in MB, now (``VmRSS``) or at most (``VmHWM``)."""
    lines = STATUS.read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(what))


def measured(name: str) -> dict[str, Any]:
    """Seconds of the first call and of the fastest; how far the resident size grew beyond what was there before."""
    question = QUESTIONS[name]
    prepared = question.prepare()
    gc.collect()
    FORGET.write_text("5", encoding="ascii")  # the largest size so far is forgotten
    before, load, times = resident("VmRSS"), os.getloadavg()[0], []
    for _ in range(question.repeat):
        started = time.perf_counter()
        prepared.call()
        times.append(time.perf_counter() - started)
    return {
        "first": times[0],
        "best": min(times),
        "before": before,
        "grown": resident("VmHWM") - before,
        "asked": prepared.megabytes,
        "draws": prepared.draws,
        "numbers": prepared.numbers,
        "resident": peak(),
        "load": load,
    }


def main() -> None:
    """Write what was measured."""
    parser = argparse.ArgumentParser()
    parser.add_argument("question", choices=QUESTIONS)
    parser.add_argument("file", type=Path)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    record = {"question": given.question, "date": time.strftime("%Y-%m-%d %H:%M"), "cores": os.cpu_count()}
    given.file.write_text(json.dumps(record | measured(given.question), indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
