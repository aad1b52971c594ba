"""What families of counts share."""

from __future__ import annotations

__all__ = ["LARGEST_MEAN"]

LARGEST_MEAN = 1e15
"""Means are cut here before counts are drawn, since 64-bit integers do not hold much more; densities are not cut."""
