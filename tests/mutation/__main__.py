"""Mutation testing of what the meaning of a model hangs on: ``make mutate``, or ``python -m tests.mutation``.

A sample of small changes to the sources of formula, design and covariances, one at a time; the quick tests of that package
should notice each.  It can be stopped, and goes on where it was.  ``page`` writes docs/trust/results/mutation.json and
docs/trust/mutation.md from what is stored; of packages that are not named it keeps what is there.
"""

from __future__ import annotations

import argparse
import sys

from tests.mutation.run import TESTS, run


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", choices=("run", "page"), default="run")
    parser.add_argument("--packages", nargs="+", choices=tuple(TESTS), default=tuple(TESTS))
    parser.add_argument("--sample", type=int, default=60, metavar="N", help="mutants a package")
    parser.add_argument("--minutes", type=float, default=0, help="stop after so long; 0: no end")
    parser.add_argument("--again", action="store_true", help="also those that lived, after tests were added")
    options = parser.parse_args()
    if options.what == "run":
        left = run(options.packages, options.sample, minutes=options.minutes, again=options.again)
        print(f"{left} to go")
        return 0
    from tests.mutation.page import read, summarise, write

    result = summarise(options.sample, options.packages, read())
    write(result)
    print(", ".join(f"{p}: {c['killed']} of {c['tried']}" for p, c in result["packages"].items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
