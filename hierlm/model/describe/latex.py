"""Equations in LaTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import final

from hierlm import names
from hierlm.model.describe.notation import GREEK, Notation, Statement, is_word

__all__ = ["Latex"]

SPECIAL = {
    **{c: rf"\{c}" for c in "_%#&${}"},
    "\\": r"\backslash{}",
    "^": r"{\wedge}",
    "~": r"{\sim}",
    "<": "{<}",
    ">": "{>}",
    "`": r"{}^{\backprime}",
    "∕": "/",
    "−": "{-}",
    "…": r"\dots{}",
}
"""Characters that mean something to TeX, as math mode writes them."""


@final
class Latex(Notation):
    r"""LaTeX that TeX, MathJax and KaTeX read alike: special characters stand outside ``\text{ }``, in math mode."""

    times, similar, ellipsis = r"\,", r"\sim", r"\dots"

    def words(self, text: str) -> str:
        r"""``\text{my}\_\text{var}``."""
        parts, run = [], ""
        for character in re.sub(r"\s+", " ", text):
            if character in SPECIAL:
                parts.extend([_text(run), SPECIAL[character]])
                run = ""
            else:
                run += character
        return "".join([*parts, _text(run)])

    def symbol(self, name: str, number: int | None = None) -> str:
        r"""``\tau_{2}``."""
        letter = len(name) == 1 and name.isalpha()
        markup = rf"\{name}" if name in GREEK else name if letter else self.words(name)
        return markup if number is None else f"{markup}_{{{number}}}"

    def row(self, markup: str) -> str:
        r"""``\mu_i``."""
        return f"{{{markup}}}_{{i}}"

    def column(self, label: str) -> str:
        r"""``\text{Days}_i``."""
        return self.row(self.words(label) if is_word(label) else f"({self.words(label)})")

    def coefficient(self, parameter: str, label: str) -> str:
        r"""``b_{\text{Days}}``."""
        above = "" if parameter == names.MEAN else f"^{{{self.symbol(parameter)}}}"
        return f"b{above}_{{{self.words(label)}}}"

    def effect(self, group: str, index: str, label: str) -> str:
        r"""``r^{\text{Subject}}_{j,\text{Days}}``."""
        return rf"r^{{{self.words(group)}}}_{{{index},\,{self.words(label)}}}"

    def curve(self, smooth: str) -> str:
        r"""``r^{\text{s(x)}}_{k}``."""
        return rf"r^{{{self.words(smooth)}}}_{{k}}"

    def weighted(self, effect: str) -> str:
        r"""``\textstyle\sum_k Z_{ik}\, r_k``."""
        return rf"{{\textstyle\sum_k}} Z_{{ik}}\, {effect}"

    def sd(self, group: str, *labels: str) -> str:
        r"""``\mathrm{sd}^{\text{Subject}}_{\text{Days}}``."""
        return self._named("sd", group, labels)

    def cor(self, group: str, *labels: str) -> str:
        r"""``\mathrm{cor}^{\text{Subject}}_{\text{Intercept}, \text{Days}}``."""
        return self._named("cor", group, labels)

    def coefficient_of(self, name: str, group: str, *labels: str) -> str:
        r"""``\rho^{\text{Subject}}``."""
        below = f"_{{{r',\,'.join(map(self.words, labels))}}}" if labels else ""
        return f"{self.symbol(name)}^{{{self.words(group)}}}{below}"

    def _named(self, stem: str, group: str, labels: Sequence[str]) -> str:
        below = f"_{{{r',\,'.join(map(self.words, labels))}}}" if labels else ""
        return rf"\mathrm{{{stem}}}^{{{self.words(group)}}}{below}"

    def element(self, variable: str, label: str) -> str:
        r"""``\text{rescor}_{\text{phi}}``."""
        return rf"{self.words(variable)}_{{{self.words(label)}}}"

    def free(self, parameter: str, label: str | None) -> str:
        r"""``\sigma_{\text{y1}}``."""
        return self.symbol(parameter) + ("" if label is None else f"_{{{self.words(label)}}}")

    def squared(self, markup: str) -> str:
        r"""``{x}^2``; brackets around what has a superscript already."""
        return rf"\left({markup}\right)^{{2}}" if "^" in markup else f"{{{markup}}}^{{2}}"

    def matrix(self, rows: Sequence[Sequence[str]]) -> str:
        r"""A ``pmatrix``."""
        return r"\begin{pmatrix} " + r" \\ ".join(" & ".join(row) for row in rows) + r" \end{pmatrix}"

    def render(self, sections: Sequence[Sequence[Statement]]) -> str:
        """One ``aligned`` environment, for display mathematics."""
        blocks = [" \\\\\n".join(self._line(s) for s in section) for section in sections if section]
        return "\\begin{aligned}\n" + " \\\\[6pt]\n".join(blocks) + "\n\\end{aligned}"

    def _line(self, s: Statement) -> str:
        if not s.left:
            return f"& {s.note}"
        pieces = [" + ".join(s.terms[i : i + 6]) for i in range(0, len(s.terms), 6)]
        note = rf" \quad {s.note}" if s.note else ""
        return f"{s.left} &{s.relation} " + " \\\\\n&\\quad + ".join(pieces) + note


def _text(run: str) -> str:
    return rf"\text{{{run}}}" if run else ""
