"""How the pieces of an equation are written: the abstract notation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

__all__ = ["GREEK", "Notation", "Statement", "is_word"]

GREEK = {
    "mu": "μ",
    "sigma": "σ",
    "phi": "φ",
    "nu": "ν",
    "kappa": "κ",
    "alpha": "α",
    "beta": "β",
    "rho": "ρ",
    "tau": "τ",
}


@dataclass(frozen=True)
class Statement:
    """One line of the model: ``left relation terms[0] + terms[1] + …  note``; without a left side the note alone."""

    left: str = ""
    relation: str = ""
    terms: tuple[str, ...] = ()
    note: str = ""


class Notation(ABC):
    """Names and symbols as written; every method takes raw text and returns markup."""

    times: ClassVar[str]
    similar: ClassVar[str]
    ellipsis: ClassVar[str]

    @abstractmethod
    def words(self, text: str) -> str:
        """Upright text, with whatever a user typed made harmless."""

    @abstractmethod
    def symbol(self, name: str, number: int | None = None) -> str:
        """The symbol of a parameter, ``σ``; anything without a Greek letter by its name."""

    @abstractmethod
    def row(self, markup: str) -> str:
        """A quantity of row i."""

    @abstractmethod
    def column(self, label: str) -> str:
        """A column of the data at row i."""

    @abstractmethod
    def coefficient(self, parameter: str, label: str) -> str:
        """``b[Days]``, ``b_sigma[Days]``."""

    @abstractmethod
    def effect(self, group: str, index: str, label: str) -> str:
        """``r_Subject[j, Days]``."""

    @abstractmethod
    def curve(self, smooth: str) -> str:
        """The k-th penalised coefficient of a smooth, ``r_s(x)[k]``."""

    @abstractmethod
    def weighted(self, effect: str) -> str:
        """The sum over k of its column in row i times an effect."""

    @abstractmethod
    def sd(self, group: str, *labels: str) -> str:
        """``sd_Subject[Days]``."""

    @abstractmethod
    def cor(self, group: str, *labels: str) -> str:
        """``cor_Subject[Intercept, Days]``."""

    @abstractmethod
    def coefficient_of(self, name: str, group: str, *labels: str) -> str:
        """``rho_Subject``, ``loading_Subject[f[a], 1]``."""

    @abstractmethod
    def element(self, variable: str, label: str) -> str:
        """``rescor[phi]``, ``varfun[varPower(x)]``."""

    @abstractmethod
    def free(self, parameter: str, label: str | None) -> str:
        """``σ``, or ``σ[y1]`` where several responses have one."""

    @abstractmethod
    def squared(self, markup: str) -> str:
        """The square of a symbol or name."""

    @abstractmethod
    def matrix(self, rows: Sequence[Sequence[str]]) -> str:
        """A matrix of markup."""

    @abstractmethod
    def render(self, sections: Sequence[Sequence[Statement]]) -> str:
        """All statements; sections are set apart."""


def is_word(label: str) -> bool:
    """Whether a subscript after the label belongs to the whole of it: ``Days``, ``period[2]``."""
    return label.partition("[")[0].replace("_", "a").replace(".", "a").isalnum()
