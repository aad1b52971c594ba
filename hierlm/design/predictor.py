"""The right side: one linear predictor's texts, read, and what they make of data."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hierlm.design.common import Terms, columns_of, read_terms
from hierlm.design.evaluate import Evaluator
from hierlm.design.expressions import Expression, read_expression
from hierlm.design.values import Common, SmoothColumns, VarianceColumns
from hierlm.design.variances import columns_of_variance, variance_columns
from hierlm.errors import FormulaError
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

    @property
    def smooth_columns(self) -> tuple[str, ...]:
        """The columns that smooths are functions of, and their ``by``."""
        texts = (text for smooth in self.predictor.smooths for text in smooth.expressions)
        return tuple(dict.fromkeys(column for text in texts for column in read_expression(text).columns))

    def columns(self, skip: Collection[str] = ()) -> Iterator[str]:
        """The columns it uses, those of the groupings in ``skip`` aside."""
        yield from self.terms.columns
        for offset in self.offsets:
            yield from offset.columns
        yield from self.smooth_columns
        for term in self.predictor.variances:
            yield from columns_of_variance(term)
        for bar, terms in zip(self.predictor.bars, self.bars, strict=True):
            if bar.group not in skip:
                yield from terms.columns
                yield from bar.right

    def common(self, on: Evaluator, smooths: Sequence[SmoothColumns] = ()) -> Common:
        """Common effects, the free columns of smooths among them, and offset on training or new data."""
        X, labels = columns_of(self.terms, on)
        if smooths:
            X = np.ascontiguousarray(np.column_stack([X, *(s.X for s in smooths)]))
            X.setflags(write=False)
            labels = (*labels, *(label for s in smooths for label in s.labels))
            self._check_labels(labels)
        offset = np.zeros(on.table.n)
        for expression in self.offsets:
            offset = offset + on.numbers(expression)
        offset.setflags(write=False)
        return Common(X, labels, offset)

    def variances(self, on: Evaluator) -> tuple[VarianceColumns, ...]:
        """Variance functions on training or new data."""
        return tuple(variance_columns(term, on) for term in self.predictor.variances)

    def _check_labels(self, labels: Sequence[str]) -> None:
        for label in labels:
            if labels.count(label) > 1:
                text = self.predictor.text
                hint = "Rename a column or level."
                raise FormulaError(f"Two columns would be called {label!r}.", text=text, stop=len(text), hint=hint)


def plan_predictor(predictor: Predictor) -> PredictorPlan:
    """Read the texts of a predictor."""
    offsets = tuple(read_expression(text) for text in predictor.offsets)
    return PredictorPlan(
        predictor, read_terms(predictor.common), offsets, tuple(read_terms(bar.effects) for bar in predictor.bars)
    )
