"""One case in a process of its own: ``python -m tests.benchmarks.case insteval`` prints JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
import tracemalloc

import hierlm.posterior  # noqa: F401  (the imports are not timed)
from tests.benchmarks.cases import CASES


def main(name: str) -> None:
    """Seconds of the first call and of the fastest, the peak of one more call's allocations, the process's peak."""
    case = CASES[name]
    call = case.prepare()
    times = []
    for _ in range(case.repeat):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # KiB on Linux
    allocated = None
    if case.memory:
        tracemalloc.start()
        call()
        allocated = tracemalloc.get_traced_memory()[1] / 2**20
    print(json.dumps({"first": times[0], "best": min(times), "allocated": allocated, "resident": resident}))


if __name__ == "__main__":
    main(sys.argv[1])
