"""The tree of a statement: numbers, parameters, arithmetic, comparisons."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Apply", "Comparison", "Number", "Parameter", "Term"]


@dataclass(frozen=True)
class Number:
    """``10``."""

    value: float


@dataclass(frozen=True)
class Parameter:
    """``sd_Subject[Days]``, by its full name."""

    name: str


@dataclass(frozen=True)
class Apply:
    """``a + b``, ``-a``, ``abs(a)``: an operation and what it is applied to."""

    operation: str
    arguments: tuple[Term, ...]


Term = Number | Parameter | Apply


@dataclass(frozen=True)
class Comparison:
    """``left < right``; ``text`` as typed."""

    left: Term
    operator: str
    right: Term
    text: str
