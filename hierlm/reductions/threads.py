"""One core for each matrix, where several are worked on side by side."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

__all__ = ["one_thread"]


@lru_cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()


@contextmanager
def one_thread() -> Iterator[None]:
    """Libraries of linear algebra take one core only."""
    with _libraries().limit(limits=1, user_api="blas"):
        yield
