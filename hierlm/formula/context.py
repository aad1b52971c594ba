"""What every stage of reading shares: the typed text, the names that mean something, and the limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from hierlm.errors import FormulaError

__all__ = ["LONGEST", "MOST_NESTED", "MOST_OPERANDS", "MOST_TERMS", "STRUCTURES", "Context", "Place"]

LONGEST = 10_000
MOST_NESTED = 50
MOST_TERMS = 1_000
MOST_OPERANDS = 100
MOST_WORK = 1_000_000

STRUCTURES: Mapping[str, str] = {
    **dict.fromkeys(("us", "unstructured", "pdsymm"), "us"),
    **dict.fromkeys(("idh", "diag", "pddiag"), "idh"),
    **dict.fromkeys(("idv", "homdiag", "pdident"), "idv"),
    **dict.fromkeys(("corh", "cs"), "corh"),
    **dict.fromkeys(("corv", "homcs", "pdcompsymm"), "corv"),
    **dict.fromkeys(("cor", "corg"), "cor"),
}
"""Covariance structures and their aliases, lower-cased, where the caller hands over no table of its own."""


class Place(Protocol):
    """Anything with a half-open character range: a token or a node."""

    @property
    def start(self) -> int:
        """Its first character."""
        ...

    @property
    def stop(self) -> int:
        """One past its last character."""
        ...


@dataclass
class Work:
    """How many products of terms and how many terms have been made so far."""

    products: int = 0
    terms: int = 0


@dataclass(frozen=True)
class Context:
    """Where a formula is read.

    Parameters
    ----------
    source : str
        Everything typed (formulas, ``random``, ``residual``), joined by newlines; places refer to it.
    parameters : frozenset of str
        Distributional parameters of the family.
    structures : mapping
        Structure name or alias, lower-cased → canonical name.
    functions : frozenset of str
        Names of the user's own functions.
    needs : mapping
        Structure → what it must know of its effects (``Covariance.needs``): ``"coordinates"`` have no intercept unless
        one is typed, a ``"matrix"`` is named.
    correlations : mapping
        Correlation function or alias, lower-cased → (canonical name, what a position is to it).
    """

    source: str
    parameters: frozenset[str] = frozenset()
    structures: Mapping[str, str] = field(default_factory=lambda: STRUCTURES)
    functions: frozenset[str] = frozenset()
    needs: Mapping[str, str] = field(default_factory=dict)
    correlations: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    work: Work = field(default_factory=Work)

    def refuse(self, message: str, place: Place, hint: str | None = None) -> FormulaError:
        """The error that points at ``place``."""
        return FormulaError(message, text=self.source, start=place.start, stop=place.stop, hint=hint)

    def typed(self, place: Place) -> str:
        """The text at ``place`` as typed."""
        return self.source[place.start : place.stop]

    def count_product(self, place: Place) -> None:
        """Count one product of two terms, so that no expansion can run for long."""
        self.work.products += 1
        if self.work.products > MOST_WORK:
            raise self.too_many(place)

    def count_terms(self, number: int, place: Place) -> None:
        """Count ``number`` finished terms of the model."""
        self.work.terms += number
        if self.work.terms > MOST_TERMS:
            raise self.too_many(place)

    def too_many(self, place: Place) -> FormulaError:
        """The error of an expansion over the limit."""
        return self.refuse(
            f"This expands to more than {MOST_TERMS:,} terms.", place, "Write out the terms that you need."
        )
