"""The left side: a response as the data have it, and its additions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hierlm.design.evaluate import Evaluator
from hierlm.design.expressions import Expression, read_expression
from hierlm.design.factor import Factor, as_factor
from hierlm.design.values import Floats, Response
from hierlm.errors import DataError, did_you_mean
from hierlm.formula.values import ResponseTerm

__all__ = ["ResponsePlan", "plan_response"]

OPTIONAL = ("weights",)
"""Additions that new data need not have: they say how much a row of the *training* data counts."""


@dataclass(frozen=True, eq=False)
class ResponsePlan:
    """A response term with its expressions read."""

    term: ResponseTerm
    expression: Expression
    additions: tuple[tuple[str, Expression], ...]

    def columns(self, *, response: bool = True) -> tuple[str, ...]:
        """The columns that it uses; without the response, those that predictions need."""
        needed = [e for name, e in self.additions if response or name not in OPTIONAL]
        return tuple(c for e in ([self.expression] if response else []) + needed for c in e.columns)

    def apply(self, on: Evaluator, *, response: bool = True) -> Response:
        """The response on training or new data.

        Parameters
        ----------
        response : bool
            Whether the data have the response; if not, ``values`` is empty and optional additions are left out.

        Raises
        ------
        DataError
            For a level that is not there, or additions that are not numbers.
        """
        values, levels = self._values(on) if response else (np.zeros(0), None)
        additions = {
            name: _frozen(on.numbers(e).copy()) for name, e in self.additions if response or name not in OPTIONAL
        }
        options = {f"{a.name}.{key}": value for a in self.term.additions for key, value in a.options.items()}
        column = next(iter(self.expression.columns), self.expression.text)
        ordered = response and column in on.table.columns and on.table.columns[column].ordered
        return Response(self.term.name, _frozen(values), levels, additions, self.term.level, options, column, ordered)

    def _values(self, on: Evaluator) -> tuple[Floats, tuple[str, ...] | None]:
        value = on.value(self.expression)
        level = self.term.level
        if level is not None and not isinstance(value, Factor):
            value = on.factor(f"response {self.term.name}", _as_levels(self.term.name, value), value)
        if isinstance(value, Factor):
            if level is not None and level not in value.levels:
                near = did_you_mean(level, value.levels) if len(value.levels) <= 12 else "It has many different values."
                raise DataError(
                    f"The response {self.term.name!r} has no level {level!r}.",
                    column=self.term.name,
                    hint=f'{near} A level is picked for family="bernoulli" only.',
                )
            return value.codes.astype(np.float64), value.levels
        if value.ndim != 1:
            hint = "A response is one number a row; several are mvbind(y1, y2)."
            raise DataError(
                f"The response {self.term.name!r} has {value.shape[1]} columns.", column=self.term.name, hint=hint
            )
        return np.array(value, dtype=np.float64), None


def plan_response(term: ResponseTerm) -> ResponsePlan:
    """Read the expressions of a response term."""
    additions = tuple((a.name, read_expression(a.expression)) for a in term.additions)
    return ResponsePlan(term, read_expression(term.expression), additions)


def _as_levels(name: str, value: Floats) -> Callable[[], Factor]:
    return lambda: as_factor(name, value)


def _frozen(values: Floats) -> Floats:
    values.setflags(write=False)
    return values
