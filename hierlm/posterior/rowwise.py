"""Densities and draws of all rows, of one another independent or in correlated blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierlm.model import Model
from hierlm.model.residuals import ResidualCorrelation
from hierlm.model.subset import subset
from hierlm.model.values import ModelResponse
from hierlm.posterior.correlated import standard
from hierlm.posterior.known_errors import known_errors
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, Rows, at_rows, chunks
from hierlm.posterior.response import drawn_response, log_density

__all__ = ["drawn_responses", "following", "left_out_densities", "log_densities", "shifted"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def log_densities(
    rows: Rows,
    draws: Draws,
    response: ModelResponse,
    y: Floats,
    kept: Sequence[str],
    new: NewLevels,
    *,
    given: str = "others",
) -> Floats:
    """w_i log p(y_i | parameters), (S, n); with correlated residuals also given rows of the same block.

    Parameters
    ----------
    given : {"others", "earlier"}
        Which rows of the block, where residuals are correlated: all others, or those before it, so that the densities
        of all rows multiply to their joint one.
    """
    if rows.correlated is not None:
        return standard(rows, draws, response, kept, new).log_density(y, given)
    out = np.empty((draws.size, rows.n))
    for at in chunks(draws.size, rows.n):
        out[:, at] = log_density(rows, draws, response, y, at, kept, new)
    return out


def drawn_responses(
    rows: Rows,
    draws: Draws,
    response: ModelResponse,
    kept: Sequence[str],
    new: NewLevels,
    noise: np.random.Generator,
) -> NDArray[Any]:
    """One new y per draw and row, measured anew, (S, n); with correlated residuals those of a block together."""
    if rows.correlated is not None:
        return standard(rows, draws, response, kept, new).drawn(noise)
    out = np.empty((draws.size, rows.n), dtype=np.int64 if response.family.discrete else np.float64)
    for at in chunks(draws.size, rows.n):
        out[:, at] = drawn_response(rows, draws, response, at, kept, new, noise)
    return out


def following(model: Model, rows: Rows) -> Rows:
    """New rows whose positions are the order of the rows: they come after those of the data."""
    return rows if model.residual is None else shifted(rows, model.residual)


def shifted(rows: Rows, known: ResidualCorrelation) -> Rows:
    """Rows whose positions are the order of the rows: they come after the known ones of their blocks."""
    new = rows.correlated
    if new is None or not known.ordered_by_rows:
        return rows
    counts = np.bincount(known.codes, minlength=len(new.levels))
    return replace(rows, correlated=replace(new, positions=new.positions + counts[new.codes][:, None]))


def left_out_densities(model: Model, keep: Ints, out: Ints, draws: Draws) -> Floats:
    """log p(y_i | θ, b) of every row left out, all responses of a row together, (S, rows left out).

    With correlated residuals given the rows of its block that were kept, each row by itself.
    """
    held = subset(model, out)
    rows, new, kept = at_rows(held), NewLevels(model, draws, 0, zero=True), tuple(model.groups)
    if rows.correlated is not None:
        (response,) = held.responses
        known = known_errors(model, draws, rows, keep)
        return known.log_density(standard(rows, draws, response, kept, new), response.y)
    found = np.zeros((draws.size, rows.n))
    for response in held.responses:
        found += log_densities(rows, draws, response, response.y, kept, new)
    return found
