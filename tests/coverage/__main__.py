"""Branch coverage, package by package: ``make coverage``, or ``python -m tests.coverage``.

Every package is measured with its own quick tests, since a line that some example of the documentation happens to run
is not tested.  What is measured replaces what docs/trust/results/coverage.json has of that package; ``page`` writes
docs/trust/coverage.md from it.  It ends with 1 where tests fail or a package is below the goal.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tests.coverage.measure import TESTS, measure
from tests.coverage.page import below, read, store, write_page


def main(given: Sequence[str] | None = None) -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.coverage", description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="*", metavar="PACKAGE", help=f"page, or some of {', '.join(TESTS)}; all")
    options = parser.parse_args(given)
    unknown = {*options.what} - {"page", *TESTS}
    if unknown:
        parser.error(f"no such package: {', '.join(sorted(unknown))}")
    passed = True
    for package in [p for p in options.what if p in TESTS] or ([] if options.what else [*TESTS]):
        found = measure(package)
        passed &= found["passed"]
        store(package, found)
        print(f"{package}: {found['branches_run']} of {found['branches']} branches", flush=True)
    print(write_page())
    return int(not passed or bool(below(read())))


if __name__ == "__main__":
    sys.exit(main())
