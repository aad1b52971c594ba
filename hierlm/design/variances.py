"""Variance functions applied to data: their covariate and strata."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hierlm.design.evaluate import Evaluator
from hierlm.design.expressions import read_expression
from hierlm.design.levels import cells
from hierlm.design.values import VarianceColumns
from hierlm.errors import DataError
from hierlm.formula.values import VarianceTerm
from hierlm.names import UNITS, cell_label, group_label

__all__ = ["columns_of_variance", "variance_columns"]


def columns_of_variance(term: VarianceTerm) -> Iterator[str]:
    """The columns of the data that a variance function reads."""
    if term.covariate:
        yield from read_expression(term.covariate).columns
    yield from term.strata


def variance_columns(term: VarianceTerm, on: Evaluator) -> VarianceColumns:
    """One variance function on training or new data.

    Raises
    ------
    DataError
        When strata are single rows or unknown.
    """
    v = on.numbers(read_expression(term.covariate)) if term.covariate else None
    if not term.strata:
        return VarianceColumns(term, v)
    group, key = group_label(term.strata), f"strata {group_label(term.strata)}"
    if UNITS in term.strata and UNITS not in on.table.columns:
        raise DataError(f"{term.text} has a stratum for each row.", hint="Use a factor with several rows a level.")
    codes, found = cells(on.table, term.strata)
    if on.learning:
        on.fitted[key] = {cell: i for i, cell in enumerate(found)}
        if len(found) < 2:
            raise DataError(
                f"The strata {group!r} of {term.text} have one level only.",
                column=term.strata[0],
                hint="Leave them out, or check whether a filter has left only one.",
            )
    known = on.fitted[key]
    unknown = [i for i, cell in enumerate(found) if cell not in known]
    if unknown:
        rows = np.flatnonzero(np.isin(codes, unknown))
        raise DataError(
            f"{term.text} was not fitted with the stratum {cell_label(found[unknown[0]])!r} of {group!r}",
            column=term.strata[0],
            rows=on.table.rows[rows].tolist(),
            hint=f"Known: {', '.join(cell_label(cell) for cell in list(known)[:9])}.",
        )
    place = np.array([known[cell] for cell in found], dtype=np.int64)
    return VarianceColumns(term, v, place[codes], tuple(cell_label(cell) for cell in known))
