"""Records of replicates on disk: a line of JSON each, so that a run can be killed and go on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

from hierlm.errors import StorageError

__all__ = ["Store", "open_store"]

FORMAT = "hierlm replicates"
Record = dict[str, Any]


@final
class Store:
    """A file of records, the first line of which says what they are replicates of.

    Only the process that collects results writes, and each record is on disk before the next is asked for.

    Parameters
    ----------
    path : Path
    head : mapping
        Identifies model, task, settings and seed.
    """

    def __init__(self, path: Path, head: Mapping[str, Any]) -> None:
        self.path = path
        found = _lines(path)
        if not path.exists() or not path.read_bytes().strip():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._write(dict(head))
            found = [dict(head)]
        _check(path, found, head)
        self.records: dict[int, Record] = {r["number"]: r for r in found[1:] if "number" in r}

    def add(self, record: Record) -> None:
        """Append a record; it is on disk when this returns."""
        self._write(record)
        self.records[record["number"]] = record

    def _write(self, value: Record) -> None:
        torn = self.path.exists() and self.path.stat().st_size > 0 and not self.path.read_bytes().endswith(b"\n")
        with self.path.open("a", encoding="utf-8") as out:
            out.write(("\n" if torn else "") + json.dumps(value, ensure_ascii=False) + "\n")
            out.flush()
            os.fsync(out.fileno())


def open_store(path: str | os.PathLike[str], head: Mapping[str, Any]) -> Store:
    """The store at a path, made if there is none.

    Raises
    ------
    StorageError
        When the file holds replicates of something else, is no such file, or cannot be written.
    """
    try:
        return Store(Path(path), {"format": FORMAT, **head})
    except OSError as error:
        raise StorageError(
            f"Replicates cannot be kept in '{path}': {error.strerror or error}.",
            hint="Name a file that can be written.",
        ) from error


def stored_seed(path: str | os.PathLike[str]) -> int | None:
    """The seed of the replicates in a file, None where there is none."""
    try:
        lines = _lines(Path(path))
    except OSError:
        return None
    seed = lines[0].get("seed") if lines else None
    return seed if isinstance(seed, int) else None


def _check(path: Path, found: list[Record], head: Mapping[str, Any]) -> None:
    if not found or found[0].get("format") != FORMAT:
        raise StorageError(f"'{path}' does not hold replicates.", hint="Name another file; this one is left as it is.")
    differ = [key for key in head if found[0].get(key) != head[key]]
    if differ:
        what = {"model": "another model or data", "seed": "another seed", "task": "another task"}
        said = ", ".join(what.get(key, f"other {key}") for key in differ)
        raise StorageError(
            f"'{path}' holds replicates of {said}.", hint="Name another file, or delete this one to start anew."
        )


def _lines(path: Path) -> list[Record]:
    """The lines that are whole; what a killed run left half written is none."""
    if not path.exists():
        return []
    found = []
    for line in path.read_bytes().splitlines():
        try:
            value = json.loads(line)
        except (json.JSONDecodeError, UnicodeDecodeError):
            continue
        if isinstance(value, dict):
            found.append(value)
    return found
