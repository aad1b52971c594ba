"""Saying that a model compiles, to whoever watches a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["compiling"]


@contextmanager
def compiling(shown: bool) -> Iterator[None]:
    """A line on stderr while the block runs; gone afterwards.  Nothing in logs and notebooks, or unless ``shown``."""
    if not shown:
        yield
        return
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_jupyter or not console.is_terminal:
        yield
        return
    with console.status("Compiling the model (takes longer the first time) …"):
        yield
