"""What all questions about effects have in common: their options, the rows, and the averages over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.design.table import Table
from hierlm.errors import PredictionError, did_you_mean
from hierlm.posterior.effects.cells import Cells, cells_of
from hierlm.posterior.effects.columns import explaining, grouping_only, own_groups
from hierlm.posterior.effects.expectation import Asked, Expectation
from hierlm.posterior.effects.grid import grid_table
from hierlm.posterior.effects.scenarios import new_table
from hierlm.posterior.effects.targets import is_units, resolve
from hierlm.posterior.intervals import Kind, check_interval
from hierlm.posterior.linear import Draws, thinned
from hierlm.posterior.options import checked_seed
from hierlm.posterior.predict import chosen_response

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["By", "Options", "Question", "Scale", "ask", "averages", "distinct"]

Floats = NDArray[np.float64]
Scale = Literal["response", "link"]
By = bool | str | Sequence[str] | None
SCALES = ("response", "link")


class Options(TypedDict):
    """What all questions take."""

    target: Any
    scale: str
    response: str | None
    parameter: str
    level: float
    kind: Kind
    draws: int | None
    seed: int | None


@dataclass(frozen=True, eq=False)
class Question:
    """Rows and what is asked about them.

    Parameters
    ----------
    fit : Fit
    expectation : Expectation
    table : Table
        The rows.
    untouched : bool
        Whether they are the data as they were.
    cells : Cells
        How they are averaged.
    place : str
        Which rows, in words.
    level, kind : float, str
        Of the intervals.
    elsewhere : str
        Of a grid: where the columns are that were not asked for.
    """

    fit: Fit
    expectation: Expectation
    table: Table
    untouched: bool
    cells: Cells
    place: str
    level: float
    kind: str
    elsewhere: str = ""

    @property
    def header(self) -> tuple[str, ...]:
        """Rows and target."""
        return (self.place, self.expectation.targets.words)

    @property
    def numerics(self) -> tuple[str, ...]:
        """How groups were averaged over."""
        return self.expectation.numerics


def ask(
    fit: Fit,
    new: Any,
    grid: Mapping[str, Any] | None,
    by: By,
    *,
    about: Iterable[str] = (),
    target: Any,
    scale: str,
    response: str | None,
    parameter: str,
    level: float,
    kind: Kind,
    draws: int | None,
    seed: int | None,
) -> Question:
    """Options checked and rows read.

    Parameters
    ----------
    about : iterable of str
        Columns that are compared.  Where these, ``by`` or ``grid`` name levels of a grouping, the target is "given"
        unless said otherwise.

    Raises
    ------
    PredictionError, PosteriorError
    """
    check_interval(level, kind)
    if scale not in SCALES:
        raise PredictionError(f"scale={scale!r} is unknown.", hint=did_you_mean(str(scale), SCALES))
    model, chosen = fit.model, chosen_response(fit.model, response)
    if parameter not in chosen.links:
        raise PredictionError(
            f"'{parameter}' of '{chosen.name}' has no formula of its own.", hint=did_you_mean(parameter, chosen.links)
        )
    if parameter != names.MEAN and scale != "link":
        raise PredictionError(f"parameter={parameter!r} goes with scale='link'.", hint="Add scale='link'.")
    table, cells, place, elsewhere = _rows(
        fit, new, grid, by, [c for c in explaining(model, chosen.name) if c not in {*about}]
    )
    named = {*_named(by), *(grid or ()), *about}
    targets = resolve(model, target, "given" if own_groups(model) & named else "population")
    used, root = Draws(model, thinned(fit, draws)), 0 if seed is None else checked_seed(seed)
    asked = Expectation(fit, used, chosen, targets, None if scale == "response" else parameter, root)
    return Question(fit, asked, table, new is None and grid is None, cells, place, level, kind, elsewhere)


def _named(by: By) -> list[str]:
    return [by] if isinstance(by, str) else list(by) if isinstance(by, Sequence) else []


def _rows(
    fit: Fit, new: Any, grid: Mapping[str, Any] | None, by: By, own: Sequence[str]
) -> tuple[Table, Cells, str, str]:
    """The rows, their cells, both in words, and where the other columns of a grid are."""
    model, elsewhere = fit.model, ""
    if new is not None and grid is not None:
        raise PredictionError("Both new= and grid= say which rows are meant.", hint="Leave one of them out.")
    named = _named(by)
    if grid is not None:
        if not isinstance(grid, Mapping):
            raise PredictionError(f"grid={grid!r} is no mapping.", hint="Write grid={'Days': [0, 5]}.")
        made = grid_table(model, (), grid)
        table, shown = made.table, made.asked
        elsewhere = made.words(own)
        place = f"of a grid{f'; elsewhere {elsewhere}' if elsewhere else ''}"
    elif new is not None:
        table = new_table(model, new, named)
        shown = tuple(getattr(new, "attrs", {}).get("varied", ())) or _varied(model, table)
        place = "that were given"
    else:
        table, shown, place = model.data, (), "of the data"
        absent = [name for name in named if name not in table.columns]
        if absent:
            raise PredictionError(
                f"The model does not use a column {absent[0]!r}, so it has not kept it.",
                hint=f"Give the data: new=data; {did_you_mean(absent[0], explaining(model))}",
            )
    cells = cells_of(table, (new is None and grid is None) if by is None else by, shown)
    number = f"{table.n:,} row{'s' if table.n != 1 else ''}"
    if cells.rows:
        return table, cells, f"Rows: each of {number} {place}", elsewhere
    if cells.labels:
        same = ", ".join(cells.labels)
        return table, cells, f"Rows: averages over those with the same {same}, of {number} {place}", elsewhere
    return table, cells, f"Rows: the average over {number} {place}", elsewhere


def _varied(model: Any, table: Table) -> tuple[str, ...]:
    return tuple(c for c in explaining(model) if c in table.columns and len(np.unique(table[c].values)) > 1)


def distinct(question: Question) -> Question:
    """The same question about fewer rows: those alike in all that the expectation depends on are asked once."""
    table, model = question.table, question.fit.model
    given = question.expectation.targets.of("given")
    if question.cells.rows or any(is_units(model, group) for group in given):
        return question
    told = {f for b in model.blocks if b.group in given or b.members is not None for f in b.factors}
    skipped = grouping_only(model) - told
    additions = {c for r in model.design.schema.responses for c in r.columns(response=False)}
    keys = [c.values for name, c in table.columns.items() if name in {*explaining(model), *additions} - skipped]
    first, cells = question.cells.distinct(keys)
    if len(first) == table.n:
        return question
    columns = {name: replace(column, values=column.values[first]) for name, column in table.columns.items()}
    return replace(question, table=Table(columns, table.rows[first]), cells=cells, untouched=False)


def averages(question: Question, tables: Sequence[Table | None]) -> list[Floats]:
    """The expectation of each table's rows, averaged by cell: (S, cells, K) each.

    The rows of all tables are the same but for columns that were changed, so they have the same cells.
    """
    asked = [question.expectation.rows(table) for table in tables]
    question.expectation.prepare(asked)
    return [_average(question, rows) for rows in asked]


def _average(question: Question, asked: Asked) -> Floats:
    found = question.expectation
    total = np.zeros((found.draws.size, question.cells.number, found.size))
    for at in found.chunks(asked):
        question.cells.add(total, found.values(asked, at), at)
    return total
