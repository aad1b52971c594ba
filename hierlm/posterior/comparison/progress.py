"""Saying how many refits are done, to whoever watches a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable

__all__ = ["teller"]


def teller(what: str, shown: bool | None) -> Callable[[int, int], None]:
    """A function of (done, all) that writes a line on stderr, over the last one; nothing in logs.

    Parameters
    ----------
    shown : bool or None
        None: in terminals only.
    """
    out = sys.stderr
    if shown is False or (shown is None and not out.isatty()):
        return lambda done, every: None

    def tell(done: int, every: int) -> None:
        out.write(f"\r{what}: {done} of {every}" + ("\n" if done == every else ""))
        out.flush()

    return tell
