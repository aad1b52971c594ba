"""How long designs of large tables take, and how much memory: ``python tests/benchmarks/bench_design.py``.

Aims: InstEval ≤ 2 s and ≤ 500 MB; 50,000 rows × 10,000 levels ≤ 1 s.  Printed, not asserted.
"""

from __future__ import annotations

import resource
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import pandas as pd

from hierlm.datasets import load_data
from hierlm.design import build
from hierlm.formula import parse


def report(what: str, run: Callable[[], object], aim: str) -> None:
    """Best of three runs, and the largest allocation of one more."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"{what:58} {min(times):7.3f} s  {peak / 1e6:7.1f} MB   (aim {aim})")


def main() -> None:
    """Print all timings."""
    rng = np.random.default_rng(1)
    inst = load_data("InstEval")
    formula = parse("y ~ service + (1 | s) + (1 | d) + (1 | dept)")
    report("InstEval, categories", lambda: build(formula, inst), "2 s, 500 MB")
    text = inst.astype(dict.fromkeys(("service", "s", "d", "dept"), str))
    report("InstEval, text", lambda: build(formula, text), "2 s, 500 MB")
    schema = build(formula, inst).schema
    report("InstEval, applied to itself", lambda: schema.apply(inst), "2 s, 500 MB")

    n, levels = 50_000, 10_000
    wide = pd.DataFrame({"y": rng.normal(size=n), "x": rng.normal(size=n), "g": rng.integers(levels, size=n)})
    slopes = parse("y ~ x + (x | g)")
    report("50,000 rows × 10,000 levels, numbers", lambda: build(slopes, wide), "1 s")
    report("50,000 rows × 10,000 levels, text", lambda: build(slopes, wide.astype({"g": str})), "1 s")
    report("200,000 rows, factor in common effects", lambda: build(parse("y ~ x * C(k)"), wide_factor(rng)), "1 s")

    print(f"largest resident size of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB")


def wide_factor(rng: np.random.Generator, n: int = 200_000) -> pd.DataFrame:
    """Rows with a factor of ten levels."""
    return pd.DataFrame({"y": rng.normal(size=n), "x": rng.normal(size=n), "k": rng.integers(10, size=n)})


if __name__ == "__main__":
    main()
