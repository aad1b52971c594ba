"""LKJ: the prior of a correlation matrix."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LKJ"]


@dataclass(frozen=True)
class LKJ:
    """p(R) ∝ det(R)^(η − 1)."""

    eta: float = 2.0
