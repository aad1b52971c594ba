"""Questions after a fit, in a process of their own: ``python -m tests.benchmarks.answers_run kfold FILE``."""

from __future__ import annotations

import argparse
import gc
import json
import os
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import arviz  # noqa: F401  (imports are not timed)
import nutpie  # noqa: F401
import pymc  # noqa: F401

import hierlm.fit.sampling
import hierlm.graph
import hierlm.posterior  # noqa: F401
import hierlm.replicates.calibrate  # noqa: F401
from tests.benchmarks.answers_cases import BYTES, CHAINS, DRAWS, TIMED, WEIGHED, model_of
from tests.synthetic import synthetic_fit

MEMORY = "memory"
FORGET = Path("/proc/self/clear_refs")
STATUS = Path("/proc/self/status")


def resident(what: str) -> float:
    """A resident size of this process in MB, now (``VmRSS``) or at most (``VmHWM``)."""
    lines = STATUS.read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(what))


def measured(call: Callable[[], object], repeat: int = 1) -> dict[str, Any]:
    """Seconds of the first call and of the fastest; how far the resident size grew beyond what was there before."""
    gc.collect()
    FORGET.write_text("5", encoding="ascii")  # the largest size so far is forgotten
    before, load, times, work = resident("VmRSS"), os.getloadavg()[0], [], []
    for _ in range(repeat):
        started, used = time.perf_counter(), time.process_time()
        call()
        times.append(time.perf_counter() - started)
        work.append(time.process_time() - used)
    most = resident("VmHWM")
    seconds = {"first": times[0], "best": min(times), "cpu": work[0], "load": load}
    return seconds | {"before": before, "grown": most - before, "resident": most}


def forked(call: Callable[[], object]) -> dict[str, Any]:
    """The same in a copy of this process, so that nothing that a call keeps is there for the next."""
    back, there = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            found = measured(call)
        except BaseException:
            found = {"note": traceback.format_exc().splitlines()[-1][:300]}
        os.write(there, json.dumps(found).encode())
        os._exit(0)
    os.close(there)
    with os.fdopen(back, "rb") as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return json.loads(text or b'{"note": "the process ended"}')


def weighed() -> list[dict[str, Any]]:
    """The memory of questions after a fit of InstEval, whose draws are random numbers: they take as much as a fit's."""
    model = model_of("InstEval")
    fit = synthetic_fit(model, seed=1, chains=CHAINS, draws=DRAWS)
    rows = []
    for question in WEIGHED:
        found = forked(lambda question=question: question.ask(fit))
        rows.append(found | _asked(question.what, question.numbers(model), question.draws))
    return rows


def _asked(what: str, numbers: int, draws: int) -> dict[str, Any]:
    return {
        "what": what,
        "numbers": numbers,
        "draws": CHAINS * draws,
        "asked": BYTES * numbers * CHAINS * draws / 2**20,
    }


def main() -> None:
    """Write what was measured."""
    parser = argparse.ArgumentParser()
    parser.add_argument("question", choices=[*TIMED, MEMORY])
    parser.add_argument("file", type=Path)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    record: dict[str, Any] = {"question": given.question, "date": time.strftime("%Y-%m-%d %H:%M")}
    record["cores"] = os.cpu_count()
    if given.question == MEMORY:
        record["rows"] = weighed()
    else:
        timed = TIMED[given.question]
        record |= measured(timed.prepare(), timed.repeat)
    given.file.write_text(json.dumps(record, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
