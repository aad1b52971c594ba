"""Statements about parameters, read: names are those of the fit, everything else is refused with its place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from hierlm.errors import FormulaError, did_you_mean
from hierlm.posterior.hypotheses.tree import Apply, Comparison, Number, Parameter, Term

__all__ = ["FUNCTIONS", "Names", "read", "read_target"]

FUNCTIONS = ("abs", "exp", "log", "sqrt")
LONGEST = 2_000
DEEPEST = 50
_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile(r"[^\W\d][\w.]*")
_COMPARE = re.compile(r"<=|>=|==|!=|=|<|>")
_LOOKALIKES = {"−": "-", "–": "-", "×": "*", "·": "*", "÷": "/", "≤": "<=", "≥": ">=", "|": "abs(…)"}


@dataclass(frozen=True)
class Names:
    """The names of a fit.

    Parameters
    ----------
    variables : tuple of str
        ``"b"``, ``"sd_Subject"``, longest first.
    elements : mapping of variable to mapping of spelling to name
        ``{"cor_g": {"x,Intercept": "cor_g[Intercept, x]"}}``; a scalar's spelling is ``""``.
    """

    variables: tuple[str, ...]
    elements: dict[str, dict[str, str]]

    @staticmethod
    def of(variables: Sequence[tuple[str, Sequence[str]]]) -> Names:
        """From variables and the full names of their elements."""
        elements: dict[str, dict[str, str]] = {}
        for variable, full in variables:
            own = elements.setdefault(variable, {})
            for name in full:
                inside = name[len(variable) :][1:-1]
                own[_squeezed(inside)] = name
                if variable.startswith("cor_") and inside.count(", ") == 1:
                    own[_squeezed(", ".join(reversed(inside.split(", "))))] = name
        return Names(tuple(sorted(elements, key=len, reverse=True)), elements)


def _squeezed(labels: str) -> str:
    return re.sub(r"\s*,\s*", ",", labels.strip())


def read(text: str, names: Names) -> tuple[Comparison, ...]:
    """The comparisons of a statement, all of which must hold (``&``).

    Raises
    ------
    FormulaError
        With a caret under the place.
    """
    if not isinstance(text, str) or not text.strip():
        raise FormulaError("There is no statement.", hint='Write one such as "b[x] > 0".')
    if len(text) > LONGEST:
        raise FormulaError(f"The statement has more than {LONGEST:,} characters.", hint="Ask in several parts.")
    reader = _Reader(text, names)
    found = [*reader.chain()]
    while reader.take("&"):
        found += reader.chain()
    if not reader.ended:
        reader.unexpected()
    return tuple(found)


def read_target(text: str, names: Names) -> Term | tuple[Comparison, ...]:
    """A quantity such as ``"b[x] / sigma"``, or the comparisons of a statement.

    Raises
    ------
    FormulaError
        With a caret under the place.
    """
    if isinstance(text, str) and text.strip() and len(text) <= LONGEST:
        reader = _Reader(text, names)
        term = reader.sum()
        if reader.ended:
            return term
    return read(text, names)


class _Reader:
    def __init__(self, text: str, names: Names) -> None:
        self.text, self.names, self.at, self.depth = text, names, 0, 0

    def skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    @property
    def ended(self) -> bool:
        self.skip()
        return self.at >= len(self.text)

    def take(self, *symbols: str) -> str:
        """One of these symbols if it comes next, else ``""``."""
        self.skip()
        for symbol in symbols:
            if self.text.startswith(symbol, self.at):
                self.at += len(symbol)
                return symbol
        return ""

    def refuse(self, message: str, start: int, stop: int, hint: str) -> NoReturn:
        raise FormulaError(message, text=self.text, start=start, stop=stop, hint=hint)

    def unexpected(self) -> NoReturn:
        if self.ended:
            self.refuse("Something is missing at the end.", self.at - 1, self.at, "Write what follows, or remove it.")
        character = self.text[self.at]
        near = _LOOKALIKES.get(character)
        hint = f"Type {near}" if near else "Names, numbers, + - * / ^ ( ), abs exp log sqrt, < > =, & are read."
        self.refuse(f"{character!r} has no meaning here.", self.at, self.at + 1, hint)

    def chain(self) -> list[Comparison]:
        """``a < b``, or ``a < b < c``."""
        self.skip()
        start, left, found = self.at, self.sum(), []
        while (match := self._operator()) is not None:
            operator, place = match
            if operator == "!=":
                self.refuse("'!=' is not read.", place, place + 2, "Its probability is one where '=' has a density.")
            self.skip()
            middle, right = self.at, self.sum()
            said = self.text[start : self.at].strip()
            found.append(Comparison(left, "=" if operator == "==" else operator, right, said))
            left, start = right, middle
        if not found:
            if self.ended:
                self.refuse("Nothing is compared here.", start, self.at, "Write a comparison, such as … > 0.")
            self.unexpected()
        return found

    def _operator(self) -> tuple[str, int] | None:
        self.skip()
        match = _COMPARE.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        return match[0], match.start()

    def sum(self) -> Term:
        term = self.product()
        while operator := self.take("+", "-"):
            term = Apply(operator, (term, self.product()))
        return term

    def product(self) -> Term:
        term = self.signed()
        while operator := self.take("*", "/"):
            if self.take("*"):
                self.refuse("'**' is not read.", self.at - 2, self.at, "Write ^ for a power.")
            term = Apply(operator, (term, self.signed()))
        return term

    def signed(self) -> Term:
        self.depth += 1
        if self.depth > DEEPEST:
            self.refuse(f"This is nested more than {DEEPEST} levels deep.", self.at, self.at + 1, "Simplify it.")
        sign = self.take("+", "-")
        term = self.signed() if sign else self.power()
        self.depth -= 1
        return Apply("negative", (term,)) if sign == "-" else term

    def power(self) -> Term:
        base = self.operand()
        return Apply("^", (base, self.signed())) if self.take("^") else base

    def operand(self) -> Term:
        self.skip()
        if self.take("("):
            inner = self.sum()
            if not self.take(")"):
                self.unexpected()
            return inner
        if match := _NUMBER.match(self.text, self.at):
            self.at = match.end()
            return Number(float(match[0]))
        return self.name()

    def name(self) -> Term:
        start = self.at
        word = _WORD.match(self.text, start)
        for variable in self.names.variables:  # longest first
            after = start + len(variable)
            if self.text.startswith(variable, start) and not _continues(self.text, after):
                return self.element(variable, start, after)
        if word is None:
            self.unexpected()
        self.at = word.end()
        if word[0] in FUNCTIONS and self.take("("):
            inner = self.sum()
            if not self.take(")"):
                self.unexpected()
            return Apply(word[0], (inner,))
        known = [*self.names.variables, *FUNCTIONS]
        meant = [own[word[0]] for own in self.names.elements.values() if word[0] in own]  # "Days" for b[Days]
        hint = f"Did you mean {' or '.join(map(repr, meant[:3]))}?" if meant else did_you_mean(word[0], known)
        return self.refuse(f"There is nothing called {word[0]!r} in this fit.", start, word.end(), hint)

    def element(self, variable: str, start: int, after: int) -> Term:
        """A variable with its labels, which may hold any characters but unbalanced brackets."""
        own, labels, stop = self.names.elements[variable], "", after
        if self.text.startswith("[", after):
            depth = 0
            for stop in range(after, len(self.text)):
                depth += {"[": 1, "]": -1}.get(self.text[stop], 0)
                if depth == 0:
                    break
            if depth:
                self.refuse("This '[' is never closed.", after, after + 1, "Close it with ]")
            labels, stop = self.text[after + 1 : stop], stop + 1
        self.at = stop
        found = own.get(_squeezed(labels))
        if found is None:
            if not labels:
                some = next(iter(own.values()))
                self.refuse(f"'{variable}' has several elements.", start, stop, f"Write one, such as {some}.")
            self.refuse(
                f"There is no {self.text[start:stop]!r} in this fit.",
                start,
                stop,
                did_you_mean(self.text[start:stop], list(own.values())),
            )
        return Parameter(found)


def _continues(text: str, at: int) -> bool:
    return at < len(text) and (text[at].isalnum() or text[at] in "_.")
