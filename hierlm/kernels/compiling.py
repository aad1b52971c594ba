"""How kernels are compiled."""

from __future__ import annotations

__all__ = ["REORDER"]

REORDER = {"reassoc", "contract", "nsz"}
"""Sums may be taken in another order, so that processors add several numbers at once; NaN and ∞ keep their meaning."""
