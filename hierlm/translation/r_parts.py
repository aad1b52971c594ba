"""Pieces of R code that several targets share: right sides, groups, responses, preparations of the data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain, count

from hierlm import names
from hierlm.formula.columns import identifiers
from hierlm.formula.values import Bar, Predictor, ResponseTerm
from hierlm.translation.r_text import addition_value, r_name, r_string, r_text, summands
from hierlm.translation.target import Question

__all__ = [
    *("ROW", "SUCCESS", "Lines", "call", "cells", "factors_in", "is_factor", "picked", "response", "right_side"),
    *("several", "successes"),
]

ROW, SUCCESS = "row_of_data", "success"


@dataclass
class Lines:
    """Code that is being written: what comes before the call, and notes."""

    before: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    made: dict[str, str] = field(default_factory=dict)

    def first(self, line: str) -> None:
        """Add a line of preparation, once."""
        if line not in self.before:
            self.before.append(line)

    def column(self, question: Question, name: str, value: str, assignment: str = "data${0} <- {1}") -> str:
        """The name of a column that the code makes of ``value``, once; none of the data's own is overwritten."""
        if value not in self.made:
            taken = question.taken.union(self.made.values())
            self.made[value] = next(n for n in chain([name], (f"{name}{i}" for i in count(2))) if n not in taken)
            self.first(assignment.format(r_name(self.made[value]), value))
        return self.made[value]

    def note(self, text: str) -> None:
        """Add a note, once."""
        if text not in self.notes:
            self.notes.append(text)

    def code(self, *calls: str) -> str:
        """Everything, one below the other."""
        return "\n".join([*self.before, *calls])


def cells(bar: Bar, question: Question, lines: Lines) -> str:
    """The grouping ``a:b``; rows get a column of their own."""
    row = lines.column(question, ROW, "factor(seq_len(nrow(data)))") if question.has_units(bar) else None
    return ":".join(row if f == names.UNITS and row else r_name(f) for f in bar.factors)


def several(bar: Bar) -> bool:
    """Whether a bar certainly has more than one effect, whatever the data are."""
    terms = summands(bar.effects)
    return len(terms) > 1 + (terms[0] == "0")


def factors_in(text: str, question: Question) -> tuple[bool, bool]:
    """(whether some term of a piece of text makes several columns, as a factor does, whether that is known)."""
    if any(f"{made}(" in text for made in ("C", "T", "S", "poly", "bs")):
        return True, True
    columns = identifiers(text)
    if not columns:
        return False, True
    if question.factors is None:
        return False, False
    return any(c in question.factors for c in columns), True


def is_factor(bar: Bar, question: Question) -> bool | None:
    """Whether effects of a bar are levels of a factor; None where nobody knows."""
    found, known = factors_in(bar.effects, question)
    return found if known else None


def right_side(
    predictor: Predictor, bars: Sequence[str] = (), offset: Callable[[str], str] = "offset({})".format
) -> str:
    """Common effects, offsets and bars, joined."""
    common = r_text(predictor.common)
    shown = [common.removeprefix("1 + ") if common != "1" else "1"]
    return " + ".join([*shown, *(offset(r_text(o)) for o in predictor.offsets), *bars])


def successes(term: ResponseTerm) -> str:
    """``cbind(y, n - y)`` of a response with trials."""
    y = r_text(term.expression)
    trials = next(addition_value(a) for a in term.additions if a.name == "trials")
    trials = trials if trials.isalnum() or ("(" not in trials and " " not in trials) else f"({trials})"
    return f"cbind({y}, {trials} - {y})"


def response(question: Question, lines: Lines) -> str:
    """The left side; a picked level becomes a column of zeros and ones."""
    term = question.response
    if any(a.name == "trials" for a in term.additions):
        return successes(term)
    return picked(question, term, lines)


def picked(question: Question, term: ResponseTerm, lines: Lines) -> str:
    """The response, or a column of zeros and ones of the level that is a success."""
    y = r_text(term.expression)
    if term.level is None:
        return y
    return lines.column(question, SUCCESS, f"as.integer(data${y} == {r_string(term.level)})")


def call(function: str, *arguments: str) -> str:
    """A call on several lines where it would be long."""
    line = f"{function}({', '.join(arguments)})"
    return line if len(line) <= 100 else f"{function}(\n  " + ",\n  ".join(arguments) + "\n)"
