"""``python -m hierlm``: the demo, and what a shell user wants to know."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command: ``demo``, ``data`` or ``version``; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m hierlm", description="Bayesian mixed models from formulas.")
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="fit three classic tables and draw figures")
    demo.add_argument("--folder", default="hierlm-demo", help="where the figures go (default: %(default)s)")
    demo.add_argument("--draws", type=int, help="draws a chain (default: 1000, more where they mix slowly)")
    demo.add_argument("--seed", type=int, default=1)
    demo.add_argument("--no-plots", action="store_true", help="print only")
    commands.add_parser("data", help="list the tables that come with hierlm")
    commands.add_parser("version", help="print versions")
    chosen = parser.parse_args(arguments)
    from hierlm.errors import HierlmError

    try:
        return _run(chosen)
    except HierlmError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2


def _run(chosen: argparse.Namespace) -> int:
    if chosen.command == "demo":
        from hierlm.demo import run

        run(chosen.folder, draws=chosen.draws, seed=chosen.seed, plots=not chosen.no_plots)
    elif chosen.command == "data":
        from hierlm.datasets import citation, list_data

        for name in list_data()["name"]:
            print(f"{name:14s} {citation(name)}")
    else:
        from hierlm.fit.provenance import installed_versions

        for package, version in installed_versions().items():
            print(f"{package} {version}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
