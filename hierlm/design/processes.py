"""Latent residual processes: the effects of a block are its values where rows were taken."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hierlm.design.common import MOST_NUMBERS
from hierlm.design.evaluate import Evaluator
from hierlm.design.positions import Places
from hierlm.design.residuals import check_distinct, label_of_position, positions_of, ranks
from hierlm.errors import DataError, warn_data
from hierlm.formula.values import Bar, ResidualTerm
from hierlm.names import cell_label, process_label

if TYPE_CHECKING:
    from hierlm.design.groups import GroupCoding
    from hierlm.design.levels import Cell
    from hierlm.design.values import Groups

__all__ = ["fit_slots", "new_slots"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MANY = 10
"""Values of the process for each row of data beyond which the user is told."""


def fit_slots(bar: Bar, on: Evaluator, codes: Ints, found: list[Cell]) -> tuple[Places, Floats]:
    """Where the rows of the training data were taken, and (n, k) indicators of each row's place.

    Raises
    ------
    DataError
        For blocks of one row each, two rows of a block at the same place, and more places than fit into memory.

    Warns
    -----
    DataWarning
        Where blocks have places of their own, so that there are many more values than rows.
    """
    term = bar.process
    assert term is not None
    at = _places(term, on, codes)
    check_distinct(term, on, codes, tuple(cell_label(cell) for cell in found), at, nugget=False)
    column = term.factors[0] if term.factors else None
    if np.bincount(codes).max() < 2:
        raise DataError(
            f"{term.text}: no level of {term.group!r} has two rows, so that no residuals are correlated.",
            column=column,
            hint="Name the column within whose levels they are.",
        )
    positions = np.unique(at, axis=0)
    n, k, levels = len(codes), len(positions), len(found)
    if k * max(k, n, levels) > MOST_NUMBERS:
        raise DataError(
            f"{term.text} has {k:,} positions in {n:,} rows, more than fit into memory.",
            column=column,
            hint="Round the positions.",
        )
    if k * levels > MANY * n:
        warn_data(
            f"{term.text}: {k:,} positions in all × {levels:,} blocks are {k * levels:,} values of the process, and "
            f"only {n:,} have a row. Rounding the positions, or counting them from the first of each block, saves time."
        )
    positions.setflags(write=False)
    places = Places(positions, _labels(term, on, positions))
    return places, places.columns(at)


def new_slots(coding: GroupCoding, on: Evaluator, codes: Ints, blocks: Ints, *, known_rows: bool) -> Groups:
    """The example of the coding with the places of new rows, those that training did not have behind those it had.

    Parameters
    ----------
    codes : (n,) int array
        Row → level of training, −1 for others.
    blocks : (n,) int array
        Row → block, whatever it is called.
    known_rows : bool
        Whether the rows are those of the training data.  Else they follow these where the order of the rows counts.
    """
    term, trained = coding.bar.process, coding.places
    assert term is not None
    assert trained is not None
    if not term.positions and known_rows:
        return coding.example
    at = _places(term, on, blocks)
    if not term.positions:
        counts = np.bincount(coding.example.codes, minlength=len(coding.levels))
        at = at + np.where(codes >= 0, counts[codes], 0)[:, None]
    places = trained.beyond(at, lambda new: _labels(term, on, new))
    return replace(coding.example, Z=places.columns(at), effects=places.labels, positions=places.positions)


def _places(term: ResidualTerm, on: Evaluator, codes: Ints) -> Floats:
    """Where every row was taken; without positions its rank in its block, so that every row has a value of its own."""
    return positions_of(term, on, codes) if term.positions else ranks(codes)[:, None]


def _labels(term: ResidualTerm, on: Evaluator, positions: Floats) -> tuple[str, ...]:
    counted = positions if term.positions else positions + 1
    return tuple(process_label(label_of_position(term, on, row, ":")) for row in counted)
