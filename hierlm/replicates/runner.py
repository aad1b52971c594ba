"""Replicates by the hundred: here or by any executor, kept on disk if wished, failures counted."""

from __future__ import annotations

import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from hierlm.errors import HierlmWarning, InterruptedWarning, SamplingError
from hierlm.posterior.comparison.progress import teller
from hierlm.replicates.store import Store, open_store, stored_seed

__all__ = ["Records", "Store", "checked_count", "recorded", "replicates", "root_seed"]

Record = dict[str, Any]
Unit = Callable[[Any, int], Record]
PACKAGE = str(Path(__file__).parents[1])
WAITING = 64
"""Replicates that an executor holds at once: an interrupted run has few to throw away."""


@dataclass(frozen=True)
class Records:
    """What came of the replicates.

    Parameters
    ----------
    asked : int
        How many there should be.
    good : tuple of dict
        Records of those that succeeded, by number.
    failed : tuple of dict
        Records with an ``error``.
    """

    asked: int
    good: tuple[Record, ...]
    failed: tuple[Record, ...]

    @property
    def complete(self) -> bool:
        """Whether all were tried."""
        return len(self.good) + len(self.failed) == self.asked

    def sentences(self) -> list[str]:
        """What a reader must know of failed and missing replicates; empty where there are none."""
        said = []
        if self.failed:
            kinds = Counter(r["error"].split("\n")[0] for r in self.failed).most_common(2)
            reasons = "; ".join(f"{n} × {text}" for text, n in kinds)
            said.append(f"{len(self.failed)} of {self.asked} replicates failed and are not in the numbers: {reasons}")
        if not self.complete:
            tried = len(self.good) + len(self.failed)
            said.append(f"interrupted: {tried} of {self.asked} replicates were made")
        return said


def checked_count(n: int, least: int = 1, name: str = "n") -> int:
    """How many, as asked for.

    Raises
    ------
    SamplingError
        When that is no whole number of at least ``least``.
    """
    if isinstance(n, bool) or not hasattr(n, "__index__") or n < least:
        raise SamplingError(
            f"{name}={n!r} is not a whole number of at least {least}.", hint=f"Write {name}={max(least, 20)}."
        )
    return int(n)


def root_seed(seed: int | None, store: str | PathLike[str] | None) -> int:
    """The seed asked for, else the one in the store, else a random one."""
    from hierlm.posterior.options import checked_seed

    if seed is None and store is not None:
        seed = stored_seed(store)
    return checked_seed(seed)


def recorded(answer: Callable[[], Record], number: int) -> Record:
    """A record of one replicate: what ``answer`` gives, or why it failed."""
    started = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", HierlmWarning)
            found = answer()
    except Exception as error:  # counted and shown; whatever went wrong, the others go on
        text = getattr(error, "message", str(error))
        found = {"error": f"{type(error).__name__}: {text}"[:500]}
    return {"number": number, **found, "seconds": round(time.perf_counter() - started, 3)}


def replicates(
    unit: Unit,
    job: Any,
    n: int,
    *,
    what: str,
    head: Mapping[str, Any],
    executor: Executor | None = None,
    store: str | PathLike[str] | None = None,
    progress: bool | None = None,
) -> Records:
    """Records of replicates 0 … n − 1, of which each depends on the job and its number only.

    Parameters
    ----------
    unit : callable
        A function of a module, ``unit(job, number)``, that returns plain values.
    head : mapping
        What a store has to agree with.
    executor : concurrent.futures.Executor, optional
        Who runs them; this process, one after the other, unless given.  It is not shut down.
    store : path, optional
        A file that keeps records; what it has is not made again.

    Raises
    ------
    SamplingError
        When no replicate succeeded, or the executor cannot run them.

    Warns
    -----
    InterruptedWarning
        After Ctrl-C, with what is done.
    """
    _check_executor(executor)
    kept = None if store is None else open_store(store, head)
    done: dict[int, Record] = {} if kept is None else {k: r for k, r in kept.records.items() if k < n}
    missing = [i for i in range(n) if i not in done]
    tell = teller(what, progress)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", HierlmWarning)
            for record in _made(unit, job, missing, executor):
                done[record["number"]] = record
                if kept is not None:
                    kept.add(record)
                tell(len(done), n)
    except KeyboardInterrupt:
        if not done:
            raise
        warnings.warn(
            f"Stopped: {len(done)} of {n} replicates are made, and count. "
            + ("The same call goes on." if kept else "With store= a later call can go on."),
            InterruptedWarning,
            skip_file_prefixes=(PACKAGE,),
        )
    ordered = [done[i] for i in sorted(done)]
    good = tuple(r for r in ordered if "error" not in r)
    failed = tuple(r for r in ordered if "error" in r)
    if failed and not good:
        raise SamplingError(
            f"All {len(failed)} replicates failed, the first with {failed[0]['error']}.",
            hint="Try one alone: model.recover(seed=1).",
        )
    return Records(n, good, failed)


def _made(unit: Unit, job: Any, numbers: Sequence[int], executor: Executor | None) -> Iterator[Record]:
    if executor is None:
        yield from (unit(job, number) for number in numbers)
        return
    left, pending = iter(numbers), set[Future[Record]]()
    try:
        while True:
            for number in left:
                pending.add(executor.submit(unit, job, number))
                if len(pending) >= WAITING:
                    break
            if not pending:
                return
            finished, pending = wait(pending, return_when="FIRST_COMPLETED")
            for future in finished:
                yield _result(future)
    finally:
        for future in pending:
            future.cancel()


def _result(future: Future[Record]) -> Record:
    """What an executor made of a replicate.

    Raises
    ------
    SamplingError
        When the job could not be sent, or the process died.
    """
    try:
        return future.result()
    except BrokenProcessPool as error:
        raise SamplingError(
            "A process of the executor died.",
            hint="Was there enough memory, and is the call below `if __name__ == '__main__':`? With store= "
            "what is done is kept.",
        ) from error
    except Exception as error:  # replicates record their own: this is the executor's
        raise SamplingError(
            f"The executor could not run a replicate: {type(error).__name__}: {error}.",
            hint="Functions of your own must be defined in a module (no lambda), or run in a ThreadPoolExecutor.",
        ) from error


def _check_executor(executor: object) -> None:
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise SamplingError(
            f"executor={executor!r} is no executor.",
            hint="Give one of concurrent.futures, such as ProcessPoolExecutor(2), or leave it out.",
        )
