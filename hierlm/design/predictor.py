"""The right side: one linear predictor's texts, read, and what they make of data."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from hierlm.design.common import Terms, columns_of, read_terms
from hierlm.design.evaluate import Evaluator
from hierlm.design.expressions import Expression, read_expression
from hierlm.design.values import Common
from hierlm.formula.values import Predictor

__all__ = ["Key", "PredictorPlan", "plan_predictor"]

Key = tuple[str, str]
"""(response, distributional parameter)"""


@dataclass(frozen=True, eq=False)
class PredictorPlan:
    """A predictor with its texts read."""

    predictor: Predictor
    terms: Terms
    offsets: tuple[Expression, ...]
    bars: tuple[Terms, ...]

    @property
    def key(self) -> Key:
        """(response, parameter)."""
        return self.predictor.response, self.predictor.parameter

    def columns(self, skip: Collection[str] = ()) -> Iterator[str]:
        """The columns it uses, those of the groupings in ``skip`` aside."""
        yield from self.terms.columns
        for offset in self.offsets:
            yield from offset.columns
        for bar, terms in zip(self.predictor.bars, self.bars, strict=True):
            if bar.group not in skip:
                yield from terms.columns
                yield from bar.right

    def common(self, on: Evaluator) -> Common:
        """Common effects and offset on training or new data."""
        X, labels = columns_of(self.terms, on)
        offset = np.zeros(on.table.n)
        for expression in self.offsets:
            offset = offset + on.numbers(expression)
        offset.setflags(write=False)
        return Common(X, labels, offset)


def plan_predictor(predictor: Predictor) -> PredictorPlan:
    """Read the texts of a predictor."""
    offsets = tuple(read_expression(text) for text in predictor.offsets)
    return PredictorPlan(
        predictor, read_terms(predictor.common), offsets, tuple(read_terms(bar.effects) for bar in predictor.bars)
    )
