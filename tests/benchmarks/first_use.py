"""What the first fit of each way costs on a machine: kernels are compiled into an empty cache.

``python -m tests.benchmarks.first_use`` runs the ways one after the other, each in a process of its own, with one cache
that is empty at first; a second round shows what is left when nothing is compiled.  Processor time, since the machine
may be shared.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence

WAYS = {
    "Gaussian marginal": ("sleepstudy", "Reaction ~ Days + (Days | Subject)", "gaussian"),
    "whitened effects": ("cbpp", "incidence | trials(size) ~ period + (1 | herd)", "binomial"),
    "a further family": ("epilepsy", "count ~ zAge + (1 | patient)", "poisson"),
    "effects whitened at the mode": ("InstEval", "y ~ service + (1 | s) + (1 | d)", "gaussian"),
}
RUN = """
import sys, time
import hierlm as hl
name, formula, family, draws = sys.argv[1:]
model = hl.Model(formula, hl.load_data(name), family)
way, before = model.plan().name, time.process_time()
model.fit(draws=int(draws), tune=int(draws), chains=2, cores=1, seed=1, progress=False)
print(way, "|", round(time.process_time() - before, 1))
"""


def seconds(way: str, cache: str, draws: int) -> tuple[str, float]:
    """What the plan calls the way, and processor time of a fit in a new process."""
    environment = os.environ | {"NUMBA_CACHE_DIR": cache, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-c", RUN, *WAYS[way], str(draws)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    plan, _, said = done.stdout.strip().splitlines()[-1].rpartition(" | ")
    return plan, float(said)


def main(given: Sequence[str] | None = None) -> None:
    """Print a row a way: first call, second call."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=WAYS, default=list(WAYS), metavar="WAY", help=", ".join(WAYS))
    parser.add_argument("--draws", type=int, default=20, help="few: what is wanted is the rest")
    chosen = parser.parse_args(given)
    with tempfile.TemporaryDirectory() as cache:
        for way in chosen.only:
            plan, first = seconds(way, cache, chosen.draws)
            _, second = seconds(way, cache, chosen.draws)
            print(f"| {way} ({plan}) | {first:.0f} s | {second:.1f} s |", flush=True)


if __name__ == "__main__":
    main()
