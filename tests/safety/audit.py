"""A watch on what Python does: imports, files, processes, sockets and executed code, by audit events.

An audit hook cannot be taken away again, so one is added once and idles unless a watch is on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager

__all__ = ["FORBIDDEN", "watch"]

FORBIDDEN = (
    "import",
    "open",
    "exec",
    "compile",
    "code.",
    "marshal.",
    "pickle.",
    "subprocess.",
    "os.",
    "socket.",
    "shutil.",
    "ctypes.",
    "pty.",
    "urllib.",
    "tempfile.",
)
"""Beginnings of the names of events."""

TREES = ("<unknown>", b"<unknown>")
"""The file name of ``ast.parse``: it makes a tree and no code, and is the only ``compile`` event that may be allowed."""

_seen: list[str] | None = None
_allowed: frozenset[str] = frozenset()
_trees = False


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if _seen is None or not event.startswith(FORBIDDEN):
        return
    if event == "open" and isinstance(arguments[0], (str, bytes)) and os.fsdecode(arguments[0]) in _allowed:
        return
    if event == "compile" and _trees and arguments[1] in TREES:
        return
    _seen.append(f"{event}: {str(arguments)[:120]}")


sys.addaudithook(_hook)


@contextmanager
def watch(*, files: Collection[str] = (), trees: bool = False) -> Iterator[list[str]]:
    """Everything of :data:`FORBIDDEN` that happens in the block, as text.

    Parameters
    ----------
    files : collection of str
        Paths that may be opened.
    trees : bool
        Whether ``ast.parse`` may be called.  Design reads expressions with it, after the formula has been refused or
        rewritten by hierlm's own reader; the tree is walked and never compiled to code.
    """
    global _seen, _allowed, _trees
    found: list[str] = []
    _seen, _allowed, _trees = found, frozenset(files), trees
    try:
        yield found
    finally:
        _seen = None
