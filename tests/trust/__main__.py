"""Simulation-based calibration of the whole grid: ``make trust``, or ``python -m tests.trust``.

``run`` (unless another word is given) makes the replications that the store lacks; it can be stopped at any time, and
goes on where it stopped.  ``summary`` writes what is stored to docs/trust/results/, ``page`` renders that as
docs/trust/calibration.md.  ``page`` ends with 1 where something that is stored is miscalibrated.  ``densities`` checks
the whole grid of densities, likewise, and writes docs/trust/densities.md; it ends with 1 where one differs.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.trust", description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", choices=("run", "summary", "page", "densities"), default="run")
    parser.add_argument("--cells", nargs="+", default=["*"], metavar="CELL", help="names or patterns: 'poisson/*'")
    parser.add_argument(
        "--path",
        choices=("default", "graph", "joint", "frozen", "reused"),
        default="default",
        help="graph: reduce=False; joint: the same, compiled once a cell; reused: the plan's way, graphs compiled once",
    )
    parser.add_argument("--replications", type=int, default=500, metavar="N", help="a cell, with those that are there")
    parser.add_argument("--minutes", type=float, default=0, help="stop after so long; 0: no end")
    parser.add_argument("--store", type=Path, default=None, help="folder of the records; .cache/trust unless given")
    parser.add_argument(
        "--any-code", action="store_true", help="summary, densities: count records of other hierlm code too"
    )
    parser.add_argument("--note", default="", help="summary: a sentence that the page shows with the results")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Do what the command line says."""
    options = arguments(given)
    cache = Path(__file__).resolve().parents[2] / ".cache" / "pytensor"
    os.environ.setdefault("PYTENSOR_FLAGS", f"base_compiledir={cache},numba__fastmath=False,cxx=")
    from tests.trust.page import write_page
    from tests.trust.run import chosen, run
    from tests.trust.store import STORE
    from tests.trust.summary import holds, read, summarise, write

    store = options.store or STORE
    if options.what == "densities":
        return _densities(options, store)
    if options.what == "page":
        print(write_page())
        return int(not all(holds(result) for result in read().values()))
    if options.what == "run":
        try:
            run(chosen(options.cells), options.path, options.replications, store, minutes=options.minutes)
        except KeyboardInterrupt:
            print("Stopped; the same command goes on from here.", file=sys.stderr)
            return 130
    result = summarise(store, options.path, any_code=options.any_code, note=options.note)
    wrong = {name: c["verdict"] for name, c in result["cells"].items() if c["verdict"] != "passes"}
    for name, verdict in wrong.items():
        print(f"{name}: {verdict}")
    print(f"{len(result['cells']) - len(wrong)} of {len(result['cells'])} cells pass; {result['coverage']}")
    if options.what == "summary":
        print(write(result))
    return 0


def _densities(options: argparse.Namespace, store: Path) -> int:
    from tests.trust import grid_run

    try:
        left = grid_run.run(store, minutes=options.minutes, any_code=options.any_code)
    except KeyboardInterrupt:
        print("Stopped; the same command goes on from here.", file=sys.stderr)
        return 130
    result = grid_run.summarise(store, any_code=options.any_code)
    grid_run.write(result)
    print(f"{len(result['off'])} of {result['cases']} agree, {len(result['failed'])} differ, {left} to go")
    return int(bool(result["failed"].keys() - grid_run.EXPLAINED.keys()))


if __name__ == "__main__":
    sys.exit(main())
