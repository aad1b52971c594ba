"""What a formula says, as values: text and structure only, no data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hierlm import names
from hierlm.formula.spread import Option, ResidualTerm, ScaleTerm, VarianceTerm

__all__ = [
    "Addition",
    "Bar",
    "Formula",
    "Option",
    "Predictor",
    "ResidualTerm",
    "ResponseTerm",
    "ScaleTerm",
    "SmoothTerm",
    "VarianceTerm",
]


@dataclass(frozen=True)
class Addition:
    """A left-hand side addition such as ``trials(size)``, ``weights(w)``, ``se(s, sigma=True)``.

    Parameters
    ----------
    name : str
        ``"trials"``, ``"weights"`` or ``"se"``.
    expression : str
        Its argument, as formula text (a column, a number or an allowed expression).
    options : mapping of str to literal
    start : int
        Character position in the text, for error messages.
    """

    name: str
    expression: str
    options: Mapping[str, Option] = field(default_factory=dict)
    start: int = 0


@dataclass(frozen=True)
class ResponseTerm:
    """One response: how it is called and how it is computed.

    Parameters
    ----------
    name : str
        The label users see, e.g. ``"Reaction"`` or ``"log(y)"``; for ``cbind(a, b)`` and ``p(a, n)`` that of the
        successes.
    expression : str
        Formula text that gives the response values (``cbind`` and ``p`` are already turned into successes
        plus a ``trials`` addition).
    additions : tuple of Addition
    level : str or None
        The success level picked by ``y["yes"]``.
    """

    name: str
    expression: str
    additions: tuple[Addition, ...] = ()
    level: str | None = None
    text: str = ""
    start: int = 0


@dataclass(frozen=True)
class Bar:
    """One group term ``(effects | group)`` after expansion (``a/b`` has become two bars).

    Parameters
    ----------
    effects : str
        The left side as text that formulae reads, with its intercept explicit: ``"1 + Days"``, ``"0 + sex"``.
    factors : tuple of str
        The grouping factors (columns, or ``"units"``) whose cells are the levels.
    structure : str
        Canonical covariance name, e.g. ``"us"``, ``"idh"``.
    options : mapping
        Options of the structure (``d=2``).
    id : str or None
        Shared id of ``(1 | id | g)``.
    text : str
        The term as typed.
    start, stop : int
        Its place in the formula text.
    matrix, across : str or None
        The name of the structure's matrix of effects; of what the covariance between levels is known from.
    by : str or None
        The column each of whose levels has a covariance of its own.
    weights : tuple of str
        Columns of the weights of a multi-membership, one for each of ``factors``; empty for equal weights.
    multiple, scaled : bool
        Whether each of ``factors`` names a level: a multi-membership; whether its weights are divided by their sum.
    needs : {"", "order", "occasions", "coordinates", "matrix"}
        What the structure must know of its effects.
    process : ResidualTerm or None
        Where the effects are the residuals of a response that has none of its own: how they are correlated.
    """

    effects: str
    factors: tuple[str, ...]
    structure: str = "us"
    options: Mapping[str, Option] = field(default_factory=dict)
    id: str | None = None
    text: str = ""
    start: int = 0
    stop: int = 0
    matrix: str | None = None
    across: str | None = None
    by: str | None = None
    weights: tuple[str, ...] = ()
    multiple: bool = False
    scaled: bool = True
    needs: str = ""
    process: ResidualTerm | None = None

    @property
    def group(self) -> str:
        """The grouping's name, ``"batch:cask"``."""
        if not self.factors:
            return names.EVERYTHING
        return names.membership_label(self.factors) if self.multiple else names.group_label(self.factors)

    @property
    def right(self) -> tuple[str, ...]:
        """The columns that its right side needs."""
        return (*self.factors, *([] if self.by is None else [self.by]), *self.weights)


@dataclass(frozen=True)
class SmoothTerm:
    """One smooth: ``s(x)``, ``s(x, by=f)``, ``t2(x, z)``.

    Parameters
    ----------
    function : str
        ``"s"`` or ``"t2"``.
    margins : tuple of str
        What it is smooth in, as formula text; one of ``s``, two or more of ``t2``.
    bases : tuple of str
        The kind of spline of each: ``"tp"``, ``"cr"``, ``"ps"`` or ``"cc"``.
    sizes : tuple of int or None
        Basis functions of each before the constraint; None where the data decide.
    bounds : (lower, upper), each a float or None
        Where a cyclic spline begins and ends; None where the data decide.
    by : str or None
        The column whose levels have curves of their own, or that multiplies the curve.
    text : str
        The term as typed.
    start, stop : int
        Its place in the formula text.
    """

    function: str
    margins: tuple[str, ...]
    bases: tuple[str, ...]
    sizes: tuple[int | None, ...]
    bounds: tuple[float | None, float | None] = (None, None)
    by: str | None = None
    text: str = ""
    start: int = 0
    stop: int = 0

    @property
    def label(self) -> str:
        """The term's name, ``"s(x, by=f)"``, without the options that do not change what it is a function of."""
        by = [] if self.by is None else [f"by={self.by}"]
        return f"{self.function}({', '.join([*self.margins, *by])})"

    @property
    def expressions(self) -> tuple[str, ...]:
        """Formula text of everything that it reads."""
        return self.margins if self.by is None else (*self.margins, f"`{self.by}`")


@dataclass(frozen=True)
class Predictor:
    """The right-hand side for one distributional parameter of one response.

    Parameters
    ----------
    response : str
        Name of the response it belongs to.
    parameter : str
        ``"mu"``, ``"sigma"``, …
    common : str
        Common effects as text that formulae reads with the same meaning, products expanded and the intercept
        explicit (``"1 + Days"``, ``"0 + x"``).
    offsets : tuple of str
        Expressions inside ``offset(…)``; they add up.
    bars : tuple of Bar
    smooths : tuple of SmoothTerm
    variances : tuple of VarianceTerm
    """

    response: str
    parameter: str
    common: str
    offsets: tuple[str, ...] = ()
    bars: tuple[Bar, ...] = ()
    text: str = ""
    smooths: tuple[SmoothTerm, ...] = ()
    variances: tuple[VarianceTerm, ...] = ()


@dataclass(frozen=True)
class Formula:
    """A whole model's formulas, read.

    Parameters
    ----------
    text : str
        As typed (several formulas joined by newlines).
    responses : tuple of ResponseTerm
        In the order typed.
    predictors : tuple of Predictor
        One per (response, parameter) that was given a formula; ``mu`` of every response is always there.
    scales : tuple of ScaleTerm
        Formulas for the standard deviations of groupings.
    correlation : ResidualTerm or None
        How residuals are correlated; None for independent ones.
    """

    text: str
    responses: tuple[ResponseTerm, ...]
    predictors: tuple[Predictor, ...]
    random: str | None = None
    residual: str | None = None
    scales: tuple[ScaleTerm, ...] = ()
    correlation: ResidualTerm | None = None

    @property
    def source(self) -> str:
        """Everything typed, one below the other; every ``start`` and ``stop`` is a place in it."""
        return "\n".join(t for t in (self.text, self.random, self.residual) if t is not None)
