"""From the penalised parts of smooths to blocks of effects: one level, independent effects, one standard deviation."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from hierlm import names
from hierlm.covariances.idv import Idv
from hierlm.design.values import Design, Groups, SmoothPart
from hierlm.errors import ModelError
from hierlm.formula.values import Bar
from hierlm.model.values import GroupBlock, ModelResponse, Piece

__all__ = ["smooth_blocks"]


def smooth_blocks(
    design: Design, responses: Sequence[ModelResponse], groups: Collection[str] = ()
) -> tuple[GroupBlock, ...]:
    """A block for each penalised part of each smooth, in the order typed.

    To the graph and the reductions it is a grouping with one level: r ~ N(0, sd² I).  To users it is none: it belongs
    to the fixed part of a predictor.

    Parameters
    ----------
    groups : collection of str
        The groupings, which must have other names.

    Raises
    ------
    ModelError
        When a grouping is called like a smooth.
    """
    labels = {r.name: r.label for r in responses}
    found = tuple(
        _block(names.effect_label(labels[response], parameter, part.label), response, parameter, part)
        for response, parameter, part in _parts(design)
    )
    taken = {names.safe(g) for g in groups}
    for block in found:
        if names.safe(block.group) in taken:
            raise ModelError(f"'{block.group}' names two terms, whose variables would be one.", hint="Rename a column.")
        taken.add(names.safe(block.group))
    return found


def _parts(design: Design) -> Iterator[tuple[str, str, SmoothPart]]:
    for (response, parameter), predictor in design.predictors.items():
        for part in predictor.smooths:
            yield response, parameter, part


def _block(label: str, response: str, parameter: str, part: SmoothPart) -> GroupBlock:
    n, k = part.Z.shape
    codes = np.zeros(n, dtype=np.int64)
    codes.setflags(write=False)
    effects = tuple(str(i + 1) for i in range(k))
    bar = Bar("", (label,), Idv.name, text=part.term.text, start=part.term.start, stop=part.term.stop)
    source = Groups(bar, codes, (label,), part.Z, effects)
    return GroupBlock(
        group=label,
        factors=(label,),
        levels=(label,),
        codes=codes,
        effects=effects,
        columns=tuple(range(k)),
        covariance=Idv(),
        structure="smooth",
        pieces=(Piece(response, parameter, part.Z, tuple(range(k)), source),),
    )
