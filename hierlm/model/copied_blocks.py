"""Blocks of correlated residuals, and latent residual processes, of copied groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hierlm.design.residuals import ranks
from hierlm.errors import ModelError
from hierlm.model.residuals import ResidualCorrelation
from hierlm.model.values import GroupBlock

__all__ = ["check_process", "copied_blocks"]

Ints = NDArray[np.int64]
FEWER = "Ask for at most as many rows of a level as the data have."


def copied_blocks(
    residual: ResidualCorrelation, keep: Ints, own: Ints, labels: Sequence[str], codes: Ints, group: str
) -> ResidualCorrelation:
    """The blocks of copies of levels, each with blocks of its own.

    Parameters
    ----------
    keep : (m,) int array
        Which rows of the data the new ones are copies of.
    own : (m,) int array
        The new level of each.
    labels : sequence of str
        Of the new levels.
    codes : (n,) int array
        The level of every row of the data.
    group : str
        What they are levels of.

    Raises
    ------
    ModelError
        Where blocks reach across levels, or a block would have two rows at one position, or more than any of the data.
    """
    if len(np.unique(np.stack([residual.codes, codes]), axis=1).T) != len(np.unique(residual.codes)):
        raise ModelError(
            f"Levels of '{group}' cannot be copied: blocks of {residual.label} reach across them.",
            hint="Choose another grouping: group=….",
        )
    pairs, new = np.unique(np.stack([own, residual.codes[keep]]), axis=1, return_inverse=True)
    new = new.reshape(-1).astype(np.int64)
    positions = residual.positions[keep]
    if residual.ordered_by_rows:
        positions = ranks(new)[:, None]
    if np.bincount(new).max() > np.bincount(residual.codes).max():
        raise ModelError(f"Blocks of {residual.label} would have more rows than any in the data.", hint=FEWER)
    apart = residual.correlation.needs != "nothing" and residual.correlation.given.get("nugget") is not True
    if apart and len(np.unique(np.column_stack([new, positions]), axis=0)) < len(new):
        raise ModelError(f"A block of {residual.label} would have two rows at one position.", hint=FEWER)
    levels = tuple(f"{labels[j]}:{residual.levels[i]}" for j, i in pairs.T)
    return replace(residual, codes=new, levels=levels, positions=positions)


def check_process(block: GroupBlock) -> None:
    """Refuse copies with two rows at one value of a latent residual process: they would share it.

    Raises
    ------
    ModelError
    """
    if block.process is None:
        return
    (piece,) = block.pieces
    taken = np.column_stack([block.codes, piece.Z.argmax(axis=1)])
    if len(np.unique(taken, axis=0)) < len(taken):
        raise ModelError(f"A block of {block.label} would have two rows at one position.", hint=FEWER)
