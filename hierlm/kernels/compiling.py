"""How kernels are compiled."""

from __future__ import annotations

from typing import Any

from numba.core.extending import register_jitable

__all__ = ["REORDER", "anywhere"]

REORDER = {"reassoc", "contract", "nsz"}
"""Sums may be taken in another order, so that processors add several numbers at once; NaN and ∞ keep their meaning."""

anywhere: Any = register_jitable(error_model="numpy")
"""Decorator of functions that look numbers up: part of whatever kernel calls them, plain Python for everybody else.

A kernel of its own takes 2 to 5 ms to load in every process, more than such a function ever takes."""
