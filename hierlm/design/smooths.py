"""Smooths on data: free columns that join the common effects, and penalised columns that share a standard deviation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hierlm.design.checks import check_factor
from hierlm.design.evaluate import Evaluator
from hierlm.design.expressions import Expression, read_expression
from hierlm.design.factor import Factor
from hierlm.design.margins import Margin, fit_margin
from hierlm.design.tensor import products, subsets, tensor
from hierlm.design.values import SmoothColumns, SmoothPart
from hierlm.errors import DataError, show_rows, warn_data
from hierlm.formula import identifiers
from hierlm.formula.values import Predictor, SmoothTerm

__all__ = ["Piece", "SmoothCoding", "fit_smooths"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Piece:
    """What one curve or surface of a term learnt from its rows: all rows, or those of one level of ``by``.

    Parameters
    ----------
    label : str
        ``"s(x)"``, ``"s(x, by=f):a"``.
    level : int or None
        Its level of ``by``.
    margins : tuple of Margin
        With centre and spread over its rows.
    means : (q,) array
        Of the free columns over its rows, the constant aside.
    projections : tuple of (1 + q, r) arrays
        What is taken from each penalised part so that it is orthogonal to the free columns.
    scales : tuple of float
        What each penalised part is divided by.
    """

    label: str
    level: int | None
    margins: tuple[Margin, ...]
    means: Floats
    projections: tuple[Floats, ...]
    scales: tuple[float, ...]

    def columns(self, values: Sequence[Floats]) -> tuple[Floats, tuple[Floats, ...]]:
        """(free columns (n, q), penalised columns (n, r) of every part) at values of the margins.

        The free columns are in the units of the margins and sum to zero over the rows that taught them.
        """
        free, parts = tensor(self.margins, values)
        units = np.array([np.prod([m.spread for m in inside]) for inside in products(self.margins)[1:]])
        bent = tuple((Z - free @ C) / scale for Z, C, scale in zip(parts, self.projections, self.scales, strict=True))
        return free[:, 1:] * units - self.means, bent

    @property
    def free_names(self) -> tuple[str, ...]:
        """Of the free columns: ``"x"``, ``"x:z"``."""
        return tuple(":".join(m.expression.text for m in inside) for inside in products(self.margins)[1:])

    @property
    def part_labels(self) -> tuple[str, ...]:
        """The names of the penalised parts: the curve's own, or by the margins that a part bends in."""
        if len(self.margins) == 1:
            return (self.label,)
        bent = [":".join(m.expression.text for m in inside) for inside in subsets(self.margins)]
        return tuple(f"{self.label}:{names}" for names in bent)


@dataclass(frozen=True, eq=False)
class SmoothCoding:
    """What a smooth term learnt from the training data.

    Parameters
    ----------
    term : SmoothTerm
    variables : tuple of Expression
        What it is smooth in.
    by : Expression or None
    levels : tuple of str or None
        Of ``by`` where that is a factor.
    pieces : tuple of Piece
    """

    term: SmoothTerm
    variables: tuple[Expression, ...]
    by: Expression | None
    levels: tuple[str, ...] | None
    pieces: tuple[Piece, ...]

    def apply(self, on: Evaluator) -> SmoothColumns:
        """The smooth on training data or on new data.

        Raises
        ------
        DataError
            For a level of ``by`` that training did not have.

        Warns
        -----
        DataWarning
            For rows beyond the training range, in new data.
        """
        values = [on.numbers(e) for e in self.variables]
        weight = None if self.by is None else on.value(self.by)
        made = [self._piece(piece, values, weight) for piece in self.pieces]
        if not on.learning:
            for piece, (rows, _) in zip(self.pieces, made, strict=True):
                self._warn_outside(piece, values, rows, on)
        return SmoothColumns(
            np.column_stack([np.zeros((on.table.n, 0)), *(c.X for _, c in made)]),
            tuple(label for _, c in made for label in c.labels),
            tuple(part for _, c in made for part in c.parts),
        )

    def _piece(
        self, piece: Piece, values: Sequence[Floats], weight: Floats | Factor | None
    ) -> tuple[NDArray[np.bool_], SmoothColumns]:
        """One curve's columns, and the rows where it counts."""
        X, parts = self.curve(piece, values)
        factor = np.ones(len(X))
        if isinstance(weight, Factor):
            factor = (weight.codes == piece.level).astype(np.float64)
        elif weight is not None:
            factor = weight
        found = tuple(
            SmoothPart(name, self.term, _frozen(factor[:, None] * Z))
            for name, Z in zip(piece.part_labels, parts, strict=True)
        )
        return factor != 0, SmoothColumns(factor[:, None] * X, self.free_labels(piece), found)

    def rows_of(self, piece: Piece, on: Evaluator) -> tuple[Floats, ...]:
        """The variables' values in the rows that one curve belongs to."""
        values, weight = [on.numbers(e) for e in self.variables], None if self.by is None else on.value(self.by)
        own = weight.codes == piece.level if isinstance(weight, Factor) else slice(None)
        return tuple(x[own] for x in values)

    def curve(self, piece: Piece, values: Sequence[Floats]) -> tuple[Floats, tuple[Floats, ...]]:
        """(free, penalised) columns of one curve, before ``by`` multiplies them.

        A varying coefficient, with a numeric ``by``, is not centred: its mean is one of its free columns.
        """
        X, parts = piece.columns(values)
        centred = self.by is None or self.levels is not None
        return X if centred else np.column_stack([np.ones(len(X)), X]), parts

    def free_labels(self, piece: Piece) -> tuple[str, ...]:
        """The labels of one curve's free columns among the common effects: ``"s(x):x"``; ``"s(x, by=z):z"`` first."""
        lines = [f"{piece.label}:{name}" for name in piece.free_names]
        if self.by is None or self.levels is not None:
            return tuple(lines)
        return (f"{piece.label}:{self.term.by}", *(f"{line}:{self.term.by}" for line in lines))

    def _warn_outside(self, piece: Piece, values: Sequence[Floats], rows: NDArray[np.bool_], on: Evaluator) -> None:
        for margin, x in zip(piece.margins, values, strict=True):
            outside = rows & margin.outside(x)
            if outside.any():
                low, high = margin.range
                warn_data(
                    f"{piece.label}: {outside.sum()} value{'s' if outside.sum() > 1 else ''} of "
                    f"{margin.expression.text!r} beyond [{low:g}, {high:g}], where the data were "
                    f"{show_rows(on.table.rows[outside].tolist())}. The curve is extrapolated as a straight line there."
                )


def fit_smooths(predictor: Predictor, on: Evaluator) -> tuple[SmoothCoding, ...]:
    """The smooths of one predictor on the training data.

    Raises
    ------
    DataError
        See :func:`fit_smooth`.

    Warns
    -----
    DataWarning
        Where curves of levels are centred and nothing lets the levels differ.
    """
    found = tuple(fit_smooth(term, on) for term in predictor.smooths)
    differ = {*identifiers(predictor.common), *(f for bar in predictor.bars for f in bar.factors)}
    for coding in found:
        if coding.levels is not None and coding.term.by not in differ:
            warn_data(
                f"{coding.term.label} gives each level of {coding.term.by!r} a curve that is zero on average, and "
                f"nothing lets the levels differ on average: add {coding.term.by}, or (1 | {coding.term.by})."
            )
    return found


def fit_smooth(term: SmoothTerm, on: Evaluator) -> SmoothCoding:
    """A smooth on the training data.

    Raises
    ------
    DataError
        For too few different values, overall or within a level of ``by``; for a variable that is no number.
    """
    variables = tuple(read_expression(text) for text in term.margins)
    values = [on.numbers(e) for e in variables]
    margins = tuple(
        fit_margin(term, place, expression, x)
        for place, (expression, x) in enumerate(zip(variables, values, strict=True))
    )
    by = None if term.by is None else read_expression(f"`{term.by}`")
    weight = None if by is None else on.value(by)
    every = np.ones(on.table.n, dtype=bool)
    if not isinstance(weight, Factor):
        if weight is not None and not weight.any():
            raise DataError(f"{term.by!r} is 0 in every row.", column=term.by, hint=f"Leave {term.text} out.")
        used = every if weight is None else weight != 0
        return SmoothCoding(term, variables, by, None, (_piece(term.label, None, margins, values, used),))
    check_factor(str(term.by), weight)
    pieces = []
    for code, level in enumerate(weight.levels):
        rows = weight.codes == code
        if rows.any():  # a boolean column keeps both of its levels
            pieces.append(
                _piece(f"{term.label}:{level}", code, margins, values, rows, f" where {term.by} is {level!r}")
            )
    return SmoothCoding(term, variables, by, weight.levels, tuple(pieces))


def _piece(
    label: str,
    level: int | None,
    margins: Sequence[Margin],
    values: Sequence[Floats],
    rows: NDArray[np.bool_],
    where: str = "",
) -> Piece:
    """Centre, orthogonalise and scale over some rows."""
    own = [x[rows] for x in values]
    located = tuple(m.located(x, where) for m, x in zip(margins, own, strict=True))
    free, parts = tensor(located, own)
    projections = tuple(np.linalg.lstsq(free, Z, rcond=None)[0] for Z in parts)
    bent = [Z - free @ C for Z, C in zip(parts, projections, strict=True)]
    sizes = [float(np.sqrt(np.mean(np.sum(Z**2, axis=1)))) for Z in bent]
    for Z, size, names in zip(parts, sizes, subsets(located), strict=True):
        if size <= 1e-9 * np.abs(Z).max(initial=0.0):
            text = ":".join(m.expression.text for m in names)
            raise DataError(
                f"{label} cannot bend in {text}: there are too few different values{where}.",
                column=names[0].expression.blame,
                hint="Use a straight line, or leave the smooth out.",
            )
    blank = Piece(label, level, located, np.zeros(free.shape[1] - 1), projections, tuple(sizes))
    return replace(blank, means=blank.columns(own)[0].mean(axis=0))


def _frozen(values: Floats) -> Floats:
    values = np.ascontiguousarray(values)
    values.setflags(write=False)
    return values
