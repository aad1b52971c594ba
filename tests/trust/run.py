"""Run the replications that a store lacks, cells by turns, and say how far it is."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from tests.trust.every import EVERY, replicate
from tests.trust.store import append, others, records

BATCH = 10
"""Replications of a cell before the next has its turn: a run that ends early has seen all."""


def chosen(patterns: Sequence[str]) -> list[str]:
    """The cells that patterns mean: ``poisson/*``, ``*/nested``, names.

    Raises
    ------
    SystemExit
        When a pattern means nothing.
    """
    idle = [p for p in patterns if not any(fnmatch(name, p) for name in EVERY)]
    if idle:
        raise SystemExit(f"No cell is called {', '.join(idle)}. There are: {', '.join(EVERY)}.")
    return [name for name in EVERY if any(fnmatch(name, p) for p in patterns)]


def run(cells: Sequence[str], path: str, replications: int, store: Path, *, minutes: float = 0.0) -> int:
    """Make what is missing up to ``replications`` a cell; returns how many are missing still.

    Parameters
    ----------
    minutes : float
        Stop after so long; 0: no end.
    """
    started, done = time.perf_counter(), 0
    missing = {name: _missing(store, path, name, replications) for name in cells}
    total = sum(map(len, missing.values()))
    old = sum(others(store, path, name) for name in cells)
    _say(f"{path}: {len(cells)} cells, {total} replications to make" + (f"; {old} of other code set aside" * (old > 0)))
    for name, number in _by_turns(missing):
        if minutes and time.perf_counter() - started > 60 * minutes:
            break
        record = replicate(EVERY[name], path, number)
        append(store, record)
        done += 1
        _report(record, done, total, time.perf_counter() - started)
    _say(f"{done} made in {time.perf_counter() - started:.0f} s, {total - done} to go")
    return total - done


def _missing(store: Path, path: str, name: str, replications: int) -> list[int]:
    have = {r["number"] for r in records(store, path, name)}
    return [n for n in range(replications) if n not in have]


def _by_turns(missing: dict[str, list[int]]) -> list[tuple[str, int]]:
    """Batches of the same numbers of all cells, then the next."""
    longest = max((n[-1] for n in missing.values() if n), default=-1)
    return [
        (name, number)
        for first in range(0, longest + 1, BATCH)
        for name, numbers in missing.items()
        for number in numbers
        if first <= number < first + BATCH
    ]


def _report(record: dict[str, Any], done: int, total: int, seconds: float) -> None:
    if "error" in record:
        _say(f"FAILED {record['cell']} {record['number']}: {record['error']}")
    if done % 100 == 0 or done == total or seconds / done > 2:
        left = seconds / done * (total - done) / 60
        _say(f"{done}/{total} {record['cell']} {record['number']}, {seconds / done:.2f} s each, {left:.0f} min to go")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
