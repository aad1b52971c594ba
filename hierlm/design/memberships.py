"""Multi-membership: a row belongs to several levels of one grouping, with weights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hierlm.design.column import labels_of_numbers
from hierlm.design.table import Table
from hierlm.design.values import Floats, Members
from hierlm.errors import DataError
from hierlm.formula.values import Bar

__all__ = ["member_levels", "members_of"]


def member_levels(bar: Bar, table: Table) -> tuple[str, ...]:
    """The levels that occur in any of the columns of ``mm(…)``: numbers in their order, else the order of the levels.

    Raises
    ------
    DataError
        When some of the columns hold numbers and others text.
    """
    columns = [table[name] for name in bar.factors]
    if len({column.levels is None for column in columns}) > 1:
        raise DataError(
            f"The columns of {bar.group} name the same levels, but some hold numbers and others text.",
            column=bar.factors[0],
            hint="Give all of them the same type, such as text: astype(str).",
        )
    if columns[0].levels is None:
        return labels_of_numbers(np.unique(np.concatenate([c.values for c in columns])))
    if len({column.levels for column in columns}) == 1:
        return columns[0].levels
    return tuple(sorted({level for column in columns for level in column.levels or ()}))


def members_of(bar: Bar, table: Table, place: Mapping[str, int]) -> tuple[Members, tuple[str, ...]]:
    """The levels and weights of every row, and the labels that ``place`` lacks.

    Parameters
    ----------
    place : mapping of str to int
        Level → its position.

    Raises
    ------
    DataError
        For weights that are no weights.
    """
    labels = [_labels(table, name) for name in bar.factors]
    unseen: dict[str, int] = {}
    for _, own in labels:
        for label in own:
            if label not in place:
                unseen.setdefault(label, len(unseen))
    codes, other = [], []
    for own_codes, own in labels:
        codes.append(np.array([place.get(label, -1) for label in own], dtype=np.int64)[own_codes])
        other.append(np.array([unseen.get(label, -1) for label in own], dtype=np.int64)[own_codes])
    weights = _weights(bar, table)
    found = Members(np.stack(codes, axis=1), weights, np.stack(other, axis=1))
    for array in (found.codes, found.weights, found.unseen):
        array.setflags(write=False)
    return found, tuple(unseen)


def _labels(table: Table, name: str) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    column = table[name]
    if column.levels is not None:
        return column.values, column.levels
    found, codes = np.unique(column.values, return_inverse=True)
    return codes.astype(np.int64).reshape(-1), labels_of_numbers(found)


def _weights(bar: Bar, table: Table) -> Floats:
    """(n, M): equal without columns; divided by their sum unless told otherwise."""
    if not bar.weights:
        return np.full((table.n, len(bar.factors)), 1.0 / len(bar.factors) if bar.scaled else 1.0)
    for name in bar.weights:
        column = table[name]
        if column.levels is not None:
            raise DataError(f"The weight {name!r} of {bar.group} is no number.", column=name, hint="Give numbers.")
        if (column.values < 0).any():
            rows = table.rows[column.values < 0].tolist()
            raise DataError(f"The weight {name!r} of {bar.group} is negative", column=name, rows=rows, hint="Check it.")
    weights = np.stack([table[name].values for name in bar.weights], axis=1)
    if not bar.scaled:
        return weights
    total = weights.sum(axis=1, keepdims=True)
    if (total == 0).any():
        rows = table.rows[total[:, 0] == 0].tolist()
        hint = "Leave the rows out, or write scale=False in mm( )."
        raise DataError(f"All weights of {bar.group} are zero", column=bar.weights[0], rows=rows, hint=hint)
    return np.asarray(weights / total)
