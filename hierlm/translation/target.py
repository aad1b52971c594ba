"""What every target of a translation answers, and the words in which it refuses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import ClassVar, final

from hierlm import names
from hierlm.errors import TranslationError
from hierlm.families.family import Family
from hierlm.formula.columns import columns, identifiers
from hierlm.formula.values import Bar, Formula, Predictor, ResidualTerm, ResponseTerm

__all__ = ["INDEPENDENT", "ONE_SD", "ONE_VARIANCE", "UNSTRUCTURED", "Question", "Target", "Translation"]

UNSTRUCTURED, INDEPENDENT, ONE_SD = "us", "idh", "idv"
"""hierlm's names of what other packages write with a single bar, with a double bar, and as a grouping of its own."""

ONE_VARIANCE = frozenset(("us", "idh", "idv", "corh", "corv"))
"""Structures that are the same for a single effect."""


@final
@dataclass(frozen=True, repr=False)
class Translation:
    """A model as another package has it.

    Parameters
    ----------
    to : str
        The package.
    code : str
        What to paste; the data are called ``data``.
    notes : tuple of str
        Where the two differ, or what the code takes for granted.
    """

    to: str
    code: str
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "\n".join([self.code.rstrip(), *(f"# {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        return f"<pre>{escape(self.code)}</pre>" + (f"<ul>{notes}</ul>" if notes else "")


@dataclass(frozen=True, eq=False)
class Question:
    """A model that is to be translated: what hierlm read.

    Parameters
    ----------
    formula : Formula
    families : tuple of Family
        One a response.
    links : tuple of mapping parameter → link name
        One a response; of every parameter of its family.
    factors : frozenset of str or None
        The columns that are no numbers; None where no data were given.
    columns : frozenset of str
        All columns of the data; empty without.
    """

    formula: Formula
    families: tuple[Family, ...]
    links: tuple[Mapping[str, str], ...]
    factors: frozenset[str] | None = None
    columns: frozenset[str] = frozenset()

    @property
    def response(self) -> ResponseTerm:
        """The first response."""
        return self.formula.responses[0]

    def predictor(self, parameter: str = names.MEAN, response: str | None = None) -> Predictor | None:
        """The predictor of a parameter, if it has one."""
        owner = self.response.name if response is None else response
        found = (p for p in self.formula.predictors if (p.response, p.parameter) == (owner, parameter))
        return next(found, None)

    @property
    def mean(self) -> Predictor:
        """The mean's predictor of the first response."""
        return next(p for p in self.formula.predictors if p.parameter == names.MEAN)

    @property
    def others(self) -> tuple[Predictor, ...]:
        """Predictors of the first response's further parameters."""
        return tuple(
            p for p in self.formula.predictors if p.response == self.response.name and p.parameter != names.MEAN
        )

    @property
    def taken(self) -> frozenset[str]:
        """Names of columns that the code must not overwrite."""
        term = self.formula.correlation
        further = () if term is None else (*term.factors, *(c for p in term.positions for c in identifiers(p)))
        return self.columns.union(columns(self.formula), further)

    def has_units(self, bar: Bar) -> bool:
        """Whether a bar's groups are the rows themselves."""
        return names.UNITS in bar.factors and names.UNITS not in self.columns


class Target(ABC):
    """A package that models can be translated to; one file each."""

    name: ClassVar[str]
    language: ClassVar[str] = "R"

    @abstractmethod
    def translate(self, question: Question) -> Translation:
        """The model as this package has it.

        Raises
        ------
        TranslationError
            Where it has no equivalent, with the place and, where there is one, a way round.
        """

    def correlated(self, question: Question) -> bool:
        """Whether the package has the structure of residuals that the question has."""
        return False

    def refuse(
        self, question: Question, what: str, place: Bar | ResponseTerm | ResidualTerm | str | None, hint: str
    ) -> Exception:
        """The error that points at ``place``: a term, or a piece of text."""
        text = question.formula.source
        if isinstance(place, str):
            start = max(text.find(place), 0) if place else 0
            stop = start + max(len(place), 1)
        elif isinstance(place, Bar | ResidualTerm):
            start, stop = place.start, place.stop
        elif place is not None:
            start, stop = place.start, place.start + max(len(place.text), 1)
        else:
            start, stop = 0, len(text)
        message = f"{self.name} has no equivalent: {what}"
        return TranslationError(message, text=text, start=start, stop=stop, hint=hint)

    @final
    def one_response(self, question: Question) -> None:
        """Refuse several responses."""
        if len(question.formula.responses) > 1:
            hint = 'Translate to "brms", or one response at a time.'
            raise self.refuse(question, "it has one response.", question.formula.responses[1], hint)

    @final
    def no_shared_ids(self, question: Question) -> None:
        """Refuse ids that join terms; an id of a single term joins nothing."""
        bars = [b for p in question.formula.predictors for b in p.bars if b.id is not None]
        for bar in bars:
            if sum((b.id, b.group) == (bar.id, bar.group) for b in bars) > 1:
                what = f"the id {bar.id!r} makes effects of several terms one covariance."
                raise self.refuse(question, what, bar, 'brms has it: to="brms".')

    @final
    def only_mean(self, question: Question, hint: str) -> None:
        """Refuse formulas of parameters other than the mean."""
        for predictor in question.formula.predictors:
            if predictor.parameter != names.MEAN:
                what = f"'{predictor.parameter}' has a formula of its own."
                raise self.refuse(question, what, predictor.text, hint)

    @final
    def only_additions(self, question: Question, *known: str, hint: str) -> None:
        """Refuse left-hand side additions other than ``known``."""
        for term in question.formula.responses:
            for addition in term.additions:
                if addition.name not in known:
                    what = f"{addition.name}() is not there, or does not mean there what it means here."
                    raise self.refuse(question, what, term, hint)
