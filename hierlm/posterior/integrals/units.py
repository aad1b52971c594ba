"""Which rows belong together, and where the effects lie that are integrated over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierlm.errors import PosteriorError, did_you_mean
from hierlm.model import Model
from hierlm.posterior.linear import Rows

__all__ = ["Units", "inside", "known_groups", "level_ids", "level_names", "together", "trained_ids", "units_of"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Units:
    """The rows of every level of one grouping, and the effects that only these rows have.

    Parameters
    ----------
    group : str
    groupings : tuple of str
        Those whose effects are integrated over: ``group`` and what is nested inside it.
    labels : tuple of str
        Of the U levels that have rows.
    rows : tuple of int arrays
        Positions of the rows of each.
    slots : mapping grouping → (n,) int array
        Where in its unit's vector of effects a row's effects of that grouping begin.
    sizes : (U,) int array
        How many effects each unit has in all.
    """

    group: str
    groupings: tuple[str, ...]
    labels: tuple[str, ...]
    rows: tuple[Ints, ...]
    slots: Mapping[str, Ints]
    sizes: Ints


def known_groups(model: Model) -> tuple[str, ...]:
    """The groupings whose levels may be units: those of group terms, and that of blocks of correlated residuals."""
    blocks = () if model.residual is None or not model.residual.group else (model.residual.group,)
    return tuple(dict.fromkeys((*model.groups, *blocks)))


def trained_ids(model: Model, group: str) -> Ints:
    """The level of every row of the data, of one of :func:`known_groups`."""
    if group in model.groups:
        return np.asarray(model.groups[group][0].codes)
    assert model.residual is not None
    return np.asarray(model.residual.codes)


def inside(model: Model, group: str) -> tuple[str, ...]:
    """``group``, and every grouping each of whose levels lies within one level of it (nested, or one level a row).

    Without ``group`` itself where it has no effects, only correlated residuals.
    """
    outer = trained_ids(model, group)
    found = [group] if group in model.groups else []
    for name, blocks in model.groups.items():
        if name != group and blocks[0].separate:
            codes = blocks[0].codes
            pairs = len(np.unique(np.stack([codes, outer]), axis=1).T)
            if pairs == len(np.unique(codes)):
                found.append(name)
    return tuple(found)


def units_of(model: Model, rows: Rows, group: str) -> Units:
    """The units of a grouping in these rows, levels that the fit has not seen among them.

    Raises
    ------
    PosteriorError
        When the model has no such grouping.
    """
    known = known_groups(model)
    if group not in known:
        hint = did_you_mean(group, known) if known else "The model has no group terms."
        raise PosteriorError(f"The model has no grouping '{group}'.", hint=hint)
    if group in model.groups and not model.groups[group][0].separate:
        raise PosteriorError(
            f"Levels of '{group}' are no units of their own: they are related, or rows belong to several.",
            hint="Ask for single rows.",
        )
    groupings = inside(model, group)
    ids = {name: level_ids(rows, name) for name in groupings}
    present, unit = np.unique(level_ids(rows, group), return_inverse=True)
    names = level_names(rows, group)
    sizes = np.zeros(len(present), dtype=np.int64)
    slots: dict[str, Ints] = {}
    for name in groupings:
        k = sum(len(b.effects) for b in model.groups[name])
        cells, cell = np.unique(np.stack([unit, ids[name]]), axis=1, return_inverse=True)
        first = np.searchsorted(cells[0], np.arange(len(present)))
        cell = np.ravel(cell)
        slots[name] = sizes[unit] + k * (cell - first[unit])
        sizes = sizes + k * np.bincount(cells[0], minlength=len(present))
    order = np.argsort(unit, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(unit, minlength=len(present)))[:-1])
    return Units(group, groupings, tuple(names[i] for i in present), tuple(parts), slots, sizes)


def together(model: Model, rows: Rows) -> Units:
    """All rows as one unit, with the effects of every grouping; for groupings that cross.

    Raises
    ------
    PosteriorError
        When levels of a grouping are related, or rows belong to several.
    """
    slots: dict[str, Ints] = {}
    size = 0
    for name, blocks in model.groups.items():
        if not blocks[0].separate:
            raise PosteriorError(
                f"Levels of '{name}' are related, or rows belong to several.", hint="Ask given the group effects."
            )
        k, (levels, cell) = sum(len(b.effects) for b in blocks), np.unique(level_ids(rows, name), return_inverse=True)
        slots[name] = size + k * np.ravel(cell)
        size += k * len(levels)
    return Units("all groupings", tuple(model.groups), ("all rows",), (np.arange(rows.n),), slots, np.array([size]))


def level_ids(rows: Rows, group: str) -> Ints:
    """Row → level, those that the fit has not seen numbered behind those that it has."""
    block = next((b for b in rows.blocks if b.group == group), None)
    if block is None:
        assert rows.correlated is not None
        return np.asarray(rows.correlated.codes)
    source = block.pieces[0].source
    if source.unseen_codes is None:
        return np.asarray(source.codes)
    return np.where(source.codes >= 0, source.codes, len(block.levels) + source.unseen_codes)


def level_names(rows: Rows, group: str) -> tuple[str, ...]:
    """Labels of :func:`level_ids`."""
    block = next((b for b in rows.blocks if b.group == group), None)
    if block is None:
        assert rows.correlated is not None
        return rows.correlated.levels
    return (*block.levels, *block.pieces[0].source.unseen)
