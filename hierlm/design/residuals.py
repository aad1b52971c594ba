"""Blocks of correlated residuals, and where their rows were taken."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hierlm.design.column import labels_of_numbers
from hierlm.design.evaluate import Evaluator
from hierlm.design.expressions import Expression, read_expression
from hierlm.design.factor import Factor
from hierlm.design.levels import cells
from hierlm.design.positions import check_order
from hierlm.design.values import CorrelatedRows
from hierlm.errors import DataError
from hierlm.formula.values import ResidualTerm
from hierlm.names import EVERYTHING, cell_label

__all__ = ["check_distinct", "columns_of_residuals", "correlated_rows", "label_of_position", "positions_of", "ranks"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_KEY = "blocks of residuals"


def columns_of_residuals(term: ResidualTerm | None) -> Iterator[str]:
    """The columns of the data that say which residuals are correlated, and how far they are apart."""
    if term is not None:
        for text in term.positions:
            yield from read_expression(text).columns
        yield from term.factors


def correlated_rows(term: ResidualTerm, on: Evaluator) -> CorrelatedRows:
    """Blocks and positions of training or new data.

    Raises
    ------
    DataError
        For positions of the wrong kind, two rows of a block at the same position, and blocks of one row each.
    """
    codes, levels = _blocks(term, on)
    positions = positions_of(term, on, codes)
    if term.options.get("nugget") is not True:
        check_distinct(term, on, codes, levels, positions)
    if on.learning and np.bincount(codes).max() < 2:
        raise DataError(
            f"{term.text}: no level of {term.group!r} has two rows, so that no residuals are correlated.",
            column=term.factors[0] if term.factors else None,
            hint="Name the column within whose levels they are.",
        )
    codes.setflags(write=False)
    positions.setflags(write=False)
    return CorrelatedRows(term, codes, levels, positions)


def _blocks(term: ResidualTerm, on: Evaluator) -> tuple[Ints, tuple[str, ...]]:
    """Row → block, and the labels of all blocks: known ones, then new ones."""
    if not term.factors:
        return np.zeros(on.table.n, dtype=np.int64), (EVERYTHING,)
    codes, found = cells(on.table, term.factors)
    if on.learning:
        on.fitted[_KEY] = {cell: i for i, cell in enumerate(found)}
    known = dict(on.fitted[_KEY])
    place = np.array([known.setdefault(cell, len(known)) for cell in found], dtype=np.int64)
    return place[codes], tuple(cell_label(cell) for cell in known)


def positions_of(term: ResidualTerm, on: Evaluator, codes: Ints) -> Floats:
    """(n, d): where every row was taken; the rank of the row in its block where their order counts."""
    if not term.positions:
        return (np.zeros(len(codes)) if term.needs == "nothing" else ranks(codes))[:, None]
    expressions = [read_expression(text) for text in term.positions]
    found = np.stack([_coordinate(term, expression, on) for expression in expressions], axis=1)
    return np.ascontiguousarray(found + 0.0)  # no −0.0


def ranks(codes: Ints) -> Floats:
    """How many rows of its block come before each row."""
    order, rank = np.argsort(codes, kind="stable"), np.zeros(len(codes))
    start = np.concatenate([[0], np.cumsum(np.bincount(codes))])
    rank[order] = np.arange(len(codes)) - start[codes[order]]
    return rank


def _coordinate(term: ResidualTerm, expression: Expression, on: Evaluator) -> Floats:
    """One coordinate of every row as a number: of a factor the code of its level."""
    value, column, name = on.value(expression), expression.blame, term.function
    group = f" | {term.group}" if term.factors else ""
    if isinstance(value, Factor):
        if term.needs in ("times", "coordinates"):
            what = "times" if term.needs == "times" else "coordinates"
            hint = f"Name numbers: pd.to_numeric(d[{column!r}])."
            raise DataError(f"{name}() takes {what}, and {column!r} is a factor.", column=column, hint=hint)
        if on.learning and term.needs == "steps":
            check_order(name, value, on, counted=True)
        return value.codes.astype(np.float64)
    if value.ndim != 1:
        raise DataError(f"{expression.text!r} is not one number a row.", column=column, hint="Name a column.")
    if term.needs == "occasions":
        hint = f"Write {name}(C({expression.text}){group}) to make it one; ar1( ) and car1( ) take numbers."
        raise DataError(f"{name}() takes the levels of a factor, and {column!r} is numeric.", column=column, hint=hint)
    fraction = value != np.rint(value)
    if term.needs == "steps" and fraction.any():
        raise DataError(
            f"{name}() counts occasions in whole steps, and {column!r} is not whole",
            column=column,
            rows=on.table.rows[fraction].tolist(),
            hint=f"car1({expression.text}{group}) takes times; or number the occasions 1, 2, ….",
        )
    return np.asarray(value, dtype=np.float64)


def check_distinct(
    term: ResidualTerm, on: Evaluator, codes: Ints, levels: tuple[str, ...], positions: Floats, *, nugget: bool = True
) -> None:
    """Refuse two rows of a block at the same position: their residuals would be equal.

    Parameters
    ----------
    nugget : bool
        Whether a nugget would make them differ.
    """
    if not term.positions:
        return
    keys = np.column_stack([codes, positions])
    _, inverse, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    if (counts < 2).all():
        return
    rows = np.flatnonzero(inverse.reshape(-1) == np.flatnonzero(counts > 1)[0])
    label = label_of_position(term, on, positions[rows[0]])
    where = f" of {term.group} {levels[codes[rows[0]]]!r}" if term.factors else ""
    apart = term.needs == "coordinates" and nugget
    more = "a nugget: nugget=True" if apart else "a column that tells them apart after the bar"
    raise DataError(
        f"{term.text}: {len(rows)} rows{where} are at the same position, {' + '.join(term.positions)} = {label}",
        column=term.positions[0],
        rows=on.table.rows[rows].tolist(),
        hint=f"Leave one out, average them, or give {more}.",
    )


def label_of_position(term: ResidualTerm, on: Evaluator, position: Floats, join: str = ", ") -> str:
    """A position as it was typed: the level of a factor, or coordinates."""
    if len(position) == 1 and term.positions:
        value = on.value(read_expression(term.positions[0]))
        if isinstance(value, Factor):
            return value.levels[int(position[0])]
    return join.join(labels_of_numbers(position))
