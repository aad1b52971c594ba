"""Equations in Unicode, for a terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import final

from hierlm import names
from hierlm.model.describe.notation import GREEK, Notation, Statement, is_word

__all__ = ["PlainText"]

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
WIDTH = 80
MOST_MARGIN = 60


@final
class PlainText(Notation):
    """Unicode for a terminal."""

    times, similar, ellipsis = "·", "~", "…"

    def words(self, text: str) -> str:
        """On one line."""
        return re.sub(r"\s+", " ", text)

    def symbol(self, name: str, number: int | None = None) -> str:
        """``τ₂``."""
        return GREEK.get(name, name) + ("" if number is None else str(number).translate(SUBSCRIPTS))

    def row(self, markup: str) -> str:
        """``μᵢ``."""
        return f"{markup}ᵢ"

    def column(self, label: str) -> str:
        """``Daysᵢ``; ``(x:z)ᵢ`` where the subscript would otherwise be read as that of the last word."""
        label = self.words(label)
        return self.row(label if is_word(label) else f"({label})")

    def coefficient(self, parameter: str, label: str) -> str:
        """As in tables."""
        return names.element(names.common(parameter), self.words(label))

    def effect(self, group: str, index: str, label: str) -> str:
        """As in tables."""
        return names.element(names.effects(group), index, self.words(label))

    def curve(self, smooth: str) -> str:
        """As in tables."""
        return names.element(names.effects(smooth), "k")

    def weighted(self, effect: str) -> str:
        """``Σₖ Zᵢₖ r_s(x)[k]``."""
        return f"Σₖ Zᵢₖ {effect}"

    def sd(self, group: str, *labels: str) -> str:
        """As in tables."""
        return names.element(names.sd(group), *map(self.words, labels))

    def cor(self, group: str, *labels: str) -> str:
        """As in tables."""
        return names.element(names.cor(group), *map(self.words, labels))

    def coefficient_of(self, name: str, group: str, *labels: str) -> str:
        """As in tables."""
        return names.element(names.coefficient(name, group), *map(self.words, labels))

    def element(self, variable: str, label: str) -> str:
        """As in tables."""
        return names.element(variable, self.words(label))

    def free(self, parameter: str, label: str | None) -> str:
        """``σ[y1]``."""
        return names.element(self.symbol(parameter), *([] if label is None else [self.words(label)]))

    def squared(self, markup: str) -> str:
        """``τ²``."""
        return f"{markup}²"

    def matrix(self, rows: Sequence[Sequence[str]]) -> str:
        """With brackets over several lines."""
        widths = [max(len(row[j]) for row in rows) for j in range(len(rows[0]))]
        body = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
        left, right = ["⎡", *"⎢" * (len(rows) - 2), "⎣"], ["⎤", *"⎥" * (len(rows) - 2), "⎦"]
        return "\n".join(f"{a} {line} {b}" for a, line, b in zip(left, body, right, strict=True))

    def render(self, sections: Sequence[Sequence[Statement]]) -> str:
        """Relations aligned within a section without prose, long sums wrapped between terms."""
        return "\n\n".join("\n".join(self._section(s)) for s in sections if s)

    def _section(self, statements: Sequence[Statement]) -> list[str]:
        prose = any(not s.left for s in statements)
        margin = 0 if prose else min(max(len(s.left) for s in statements), MOST_MARGIN)
        lines = []
        for s in statements:
            if not s.left:
                lines.append(s.note)
                continue
            start = f"{s.left.rjust(margin)} {s.relation} "
            body = _wrap(s.terms, max(WIDTH - len(start), WIDTH // 2))
            lines.append(start + body[0])
            lines.extend(" " * len(start) + line for line in body[1:])
            if s.note:
                lines[-1] += f"  {s.note}"
        return lines


def _wrap(terms: Sequence[str], width: int) -> list[str]:
    """``a + b + …`` on as many lines as needed; a term of several lines (a matrix) stays as it is."""
    lines = [""]
    for number, term in enumerate(terms):
        piece = f" + {term}" if number else term
        if number and lines[-1] and len(lines[-1]) + len(piece) > width:
            lines.append(f"+ {term}")
        else:
            first, *rest = piece.split("\n")
            lines[-1] += first
            lines.extend(rest)
    return lines
