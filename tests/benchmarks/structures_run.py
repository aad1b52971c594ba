"""One structure, one way, in a process of its own: ``python -m tests.benchmarks.structures_run ar1 graph fit FILE``.

Seconds are those of processors, of all threads, so that another process on the machine does not count.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import nutpie
import pymc  # noqa: F401  (imports are not timed)

import hierlm as hl
import hierlm.posterior
from hierlm.reductions import plan
from tests.benchmarks.ess import smallest_ess
from tests.benchmarks.panel_run import peak
from tests.benchmarks.structures_cases import CASES

WAYS = ("plan", "graph")


def gradient(model: hl.Model, way: str) -> dict[str, float]:
    """Seconds of one gradient, of what precedes the first one, and the dimension; by differences where there is none.

    The point is the start of the sampler's coordinates, moved a little, so that nothing is zero by accident.
    """
    started = time.process_time()
    if way == "plan":
        reduction = plan(model).chosen
        assert reduction is not None
        problem = reduction.apply(model)
        point, slope = np.full(problem.dimension, 0.01), np.zeros(problem.dimension)

        def call() -> object:
            return problem.density(point, problem.data, slope)
    else:
        graph = model.pymc
        function = graph.logp_dlogp_function(ravel_inputs=True)
        function.set_extra_values({})
        start = graph.initial_point()
        point = np.concatenate([np.ravel(start[v.name]) for v in graph.value_vars]).astype(float) + 0.01

        def call() -> object:
            return function._pytensor_function(point)

    call()
    before, times = time.process_time() - started, []
    while len(times) < 3 or (sum(times) < 1.0 and len(times) < 200):
        started = time.process_time()
        call()
        times.append(time.process_time() - started)
    return {"gradient": float(np.median(times)), "before": before, "dimension": len(point)}


@contextmanager
def clocked() -> Iterator[dict[str, float]]:
    """Seconds that nutpie takes to compile and to sample, where it does."""
    spent: dict[str, float] = {}
    kept = {name: getattr(nutpie, name) for name in ("compile_pymc_model", "sample")}

    def timed(name: str) -> Callable[..., Any]:
        def call(*given: Any, **options: Any) -> Any:
            started = time.process_time()
            try:
                return kept[name](*given, **options)
            finally:
                spent[name] = spent.get(name, 0.0) + time.process_time() - started

        return call

    for name in kept:
        setattr(nutpie, name, timed(name))
    try:
        yield spent
    finally:
        for name, function in kept.items():
            setattr(nutpie, name, function)


def sampled(model: hl.Model, way: str, draws: int, tune: int | None, chains: int) -> dict[str, Any]:
    """Seconds, ESS, memory of a fit with all draws of everything."""
    started = time.process_time()
    with clocked() as spent:
        fit = model.fit(draws, tune=tune, chains=chains, seed=1, progress=False, reduce=way == "plan")
    posterior = fit.posterior.load()  # whatever is made on demand is part of the work
    seconds = time.process_time() - started
    stats = fit.draws["sample_stats"].to_dataset()
    found = smallest_ess(posterior)
    return {
        "seconds": seconds,
        "compiling": spent.get("compile_pymc_model", 0.0),
        "sampling": spent.get("sample", 0.0),
        "draws": draws,
        "chains": chains,
        "tune": int(fit.provenance["tune"]),
        "ess": asdict(found),
        "steps": float(stats["n_steps"].mean()) if "n_steps" in stats else None,
        "divergences": int(stats["diverging"].sum()) if "diverging" in stats else None,
        "resident": peak(),
        "sampler": fit.provenance["plan"],
    }


def main() -> None:
    """Write what was measured; gradient and fit have processes of their own, so that one can be stopped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("case", choices=CASES)
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("part", choices=("gradient", "fit"))
    parser.add_argument("file", type=Path)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--tune", type=int)
    parser.add_argument("--chains", type=int, default=4)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    record: dict[str, Any] = {"case": given.case, "way": given.way, "size": given.size, "load": os.getloadavg()[0]}
    record |= {"date": time.strftime("%Y-%m-%d"), "cores": os.cpu_count()}
    started = time.process_time()
    model = CASES[given.case].make(given.size)
    record |= {"building": time.process_time() - started, "before": peak()}
    if given.part == "fit":
        record["fit"] = sampled(model, given.way, given.draws, given.tune, given.chains)
    else:
        record["gradient"] = gradient(model, given.way)
    given.file.write_text(json.dumps(record, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
