"""A model of other groups: whole groups of the data again and again, as new levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hierlm.design.values import Design, Groups, LevelScale
from hierlm.errors import ModelError
from hierlm.model.copied_blocks import check_process, copied_blocks
from hierlm.model.model import Model
from hierlm.model.subset import subset
from hierlm.model.values import GroupBlock

__all__ = ["drawn_levels", "resample", "rows_of_level"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Levels:
    """The new levels of one grouping.

    Parameters
    ----------
    codes : (rows,) int array
    labels : tuple of str
    old : (labels,) int array
        The level of the data that each is a copy of.
    """

    codes: Ints
    labels: tuple[str, ...]
    old: Ints


def drawn_levels(levels: int, wanted: int, rng: np.random.Generator) -> Ints:
    """Which of the data's levels to copy: each as often as any other, the remainder without replacement."""
    whole, rest = divmod(wanted, levels)
    return np.concatenate([np.tile(np.arange(levels), whole), np.sort(rng.permutation(levels)[:rest])])


def rows_of_level(own: Ints, wanted: int | None) -> Ints:
    """Rows of one level: all of them; as many as wanted, evenly spaced; or whole repetitions and the rest so."""
    if wanted is None:
        return own
    whole, rest = divmod(wanted, len(own))
    spaced = np.linspace(0, len(own) - 1, rest).round().astype(np.int64) if rest > 1 else np.arange(rest)
    return np.concatenate([np.tile(own, whole), own[spaced]])


def resample(model: Model, group: str, picks: Ints, rows: int | None = None) -> Model:
    """The model given copies of some of its groups, with their rows, as new levels ``1``, ``2``, …

    Levels of groupings that lie within ``group`` are copied with it; levels of others stay the same, so that crossed
    groupings stay crossed.  Priors, transforms and the coding of factors are those of the data.

    Parameters
    ----------
    model : Model
    group : str
        A grouping whose levels are independent.
    picks : (J,) int array
        The position of the level that each new one is a copy of.
    rows : int, optional
        Of each new level, see :func:`rows_of_level`; all that its copy has unless given.

    Raises
    ------
    ModelError
        Where levels are related or rows belong to several, so that copies are no new levels; where blocks of correlated
        residuals reach across levels, or a block would have two rows at one position, or more rows than any in the
        data.

    Examples
    --------
    >>> import hierlm as hl
    >>> model = hl.Model("Reaction ~ Days + (Days | Subject)", hl.load_data("sleepstudy"))
    >>> larger = resample(model, "Subject", np.arange(36) % 18, rows=4)
    >>> larger.design.n, larger.blocks[0].levels[-1], larger.priors().equals(model.priors())
    (144, '36', True)
    """
    codes = model.groups[group][0].codes
    parts = [rows_of_level(np.flatnonzero(codes == pick), rows) for pick in picks]
    keep, own = np.concatenate(parts), np.repeat(np.arange(len(picks)), [len(p) for p in parts])
    labels = tuple(str(j + 1) for j in range(len(picks)))
    made = {group: _Levels(own, labels, np.asarray(picks, dtype=np.int64))}
    for other, blocks in model.groups.items():
        if other != group and _lies_within(blocks[0], codes):
            made[other] = _copied(blocks[0], keep, own, labels)
    for name in made:
        for block in model.groups[name]:
            if block.relation is not None or block.members is not None:
                raise ModelError(
                    f"Levels of '{name}' cannot be copied: they are related, or rows belong to several.",
                    hint="Choose another grouping: group=….",
                )
    taken = subset(model, keep)
    state = vars(taken)
    state["blocks"] = tuple(_block(b, made[b.group]) if b.group in made else b for b in taken.blocks)
    state["scales"] = {g: _scale(s, made[g]) if g in made else s for g, s in model.scales.items()}
    state["design"] = _design(taken.design, made, state["scales"])
    if model.residual is not None:
        state["residual"] = copied_blocks(model.residual, keep, own, labels, codes, group)
        correlated = state["design"].correlated
        found = state["residual"]
        correlated = replace(correlated, codes=found.codes, levels=found.levels, positions=found.positions)
        state["design"] = replace(state["design"], correlated=correlated)
    for block in taken.blocks:
        check_process(block)
    return taken


def _lies_within(block: GroupBlock, codes: Ints) -> bool:
    """Whether every level of a block has rows of one level of the resampled grouping only."""
    if block.members is not None:
        return False
    pairs = np.unique(np.stack([block.codes, codes]), axis=1)
    return len(np.unique(pairs[0])) == pairs.shape[1]


def _copied(block: GroupBlock, keep: Ints, own: Ints, labels: tuple[str, ...]) -> _Levels:
    """Levels within the resampled grouping: one for each copy; one a row where they are single rows."""
    old = block.codes[keep]
    if len(block.levels) == len(block.codes):
        named = tuple(f"{labels[j]}:{i + 1}" for i, j in enumerate(own))
        return _Levels(np.arange(len(keep)), named, old)
    pairs, codes = np.unique(np.stack([own, old]), axis=1, return_inverse=True)
    named = tuple(f"{labels[j]}:{block.levels[i]}" for j, i in pairs.T)
    return _Levels(codes.reshape(-1).astype(np.int64), named, pairs[1])


def _block(block: GroupBlock, new: _Levels) -> GroupBlock:
    return replace(
        block,
        codes=new.codes,
        levels=new.labels,
        inhabited=None if block.inhabited is None else block.inhabited[new.old],
        pieces=tuple(replace(p, source=_groups(p.source, new)) for p in block.pieces),
    )


def _groups(groups: Groups, new: _Levels) -> Groups:
    home = None if groups.home is None else groups.home[new.old]
    return replace(groups, codes=new.codes, levels=new.labels, home=home)


def _scale(scale: LevelScale, new: _Levels) -> LevelScale:
    return replace(scale, X=scale.X[new.old])


def _design(design: Design, made: Mapping[str, _Levels], scales: Mapping[str, LevelScale]) -> Design:
    """The design with the new levels; it knows no table any more, and so cannot code other rows."""
    predictors = {
        key: replace(p, groups=tuple(_groups(g, made[g.bar.group]) if g.bar.group in made else g for g in p.groups))
        for key, p in design.predictors.items()
    }
    return replace(design, rows=np.arange(design.n), predictors=predictors, scales=scales)
