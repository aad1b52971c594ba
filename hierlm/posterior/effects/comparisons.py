"""comparisons: what changes when a column changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import PredictionError
from hierlm.posterior.effects.answer import Effects, answer
from hierlm.posterior.effects.asking import By, Question, Scale, ask, averages, distinct
from hierlm.posterior.effects.changes import Change, changes
from hierlm.posterior.effects.columns import check_entering, column_of, grouping_only
from hierlm.posterior.effects.measures import Compare, Measure, compared, measure as measure_of
from hierlm.posterior.effects.scenarios import changed
from hierlm.posterior.effects.targets import Target
from hierlm.posterior.intervals import Kind

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["comparisons"]

Floats = NDArray[np.float64]
FIRST = {"averages": "Averages are taken first and then compared", "rows": "Rows are compared first, then averaged"}


def comparisons(
    fit: Fit,
    variables: str | Iterable[str] | Mapping[str, Any],
    new: Any = None,
    *,
    grid: Mapping[str, Any] | None = None,
    by: By = None,
    measure: str | Compare = "difference",
    of: Literal["averages", "rows"] = "averages",
    target: Target | Mapping[str, Target] | None = None,
    scale: Scale = "response",
    response: str | None = None,
    parameter: str = names.MEAN,
    level: float = 0.95,
    kind: Kind = "eti",
    draws: int | None = None,
    seed: int | None = None,
) -> Effects:
    """How does the expected response change when a column changes and all others stay?

    Every row is asked twice, with the column at lo and at hi.  Over the data the answer is the average effect of the
    change in these data.

    Parameters
    ----------
    fit : Fit
    variables : str, list of str, or mapping of column to change
        A number changes by +1 unless the mapping says otherwise: a step, ``"sd"`` or ``"2sd"`` (centred on the row's
        value), ``"iqr"``, ``"minmax"``, a pair ``(lo, hi)`` or a list of pairs.  A factor: ``"reference"`` (each level
        against the first), ``"pairwise"``, ``"sequential"``, or pairs of levels.
    new : data frame, optional
        Rows to ask about; the data unless given.
    grid : mapping of column to values, optional
        The rows of :func:`hierlm.grid`.
    by : bool, str or list of str, optional
        How rows are averaged, as in :func:`predictions`.
    measure : {"difference", "ratio", "log_ratio", "lift", "odds_ratio", "log_odds_ratio"} or callable
        hi − lo, hi/lo, log(hi/lo), hi/lo − 1, the ratio of odds, its logarithm; or a function of the arrays (hi, lo).
    of : {"averages", "rows"}
        Whether averages are compared, or the comparisons of rows averaged: the same for differences, not for ratios.
    target : {"given", "typical", "population"} or mapping, optional
        For which groups, as in :func:`predictions`; ``"given"`` where levels of a grouping are compared.
    scale : {"response", "link"}
        Of what is compared.
    response, parameter : str, optional
        As in :func:`predictions`.
    level : float
        Of the intervals, in (0, 1).
    kind : {"eti", "hdi"}
        Equal-tailed or shortest intervals.
    draws : int, optional
        Use that many draws of each chain, evenly spaced.
    seed : int, optional
        Of scattered points; nothing else is random.

    Returns
    -------
    Effects
        A row per change (``variable``, ``contrast``) and cell, with ``p_direction``.

    Raises
    ------
    PredictionError
        For an unknown column, change or measure.

    Examples
    --------
    >>> import hierlm as hl
    >>> fit = hl.load("cbpp.zarr")  # doctest: +SKIP
    >>> hl.comparisons(fit, {"period": "sequential"}, measure="odds_ratio", target="typical")  # doctest: +SKIP
    """
    how = measure_of(measure)
    if of not in FIRST:
        raise PredictionError(f"of={of!r} is unknown.", hint="Use of='averages' or of='rows'.")
    wanted = _asked(variables)
    question = ask(
        fit, new, grid, by, about=wanted, target=target, scale=scale, response=response, parameter=parameter,
        level=level, kind=kind, draws=draws, seed=seed,
    )  # fmt: skip
    question = distinct(question)
    labels: dict[str, list[Any]] = {"variable": [], "contrast": [], **{c: [] for c in question.cells.labels}}
    parts = []
    for name, asked in wanted.items():
        column = column_of(fit.model, name)
        check_entering(question.expectation, name)
        if column.levels is None and name in grouping_only(fit.model) and not isinstance(asked, (tuple, list)):
            raise PredictionError(
                f"{name!r} only tells which group a row belongs to, so it has no steps.",
                hint=f"Give pairs of levels: {{{name!r}: ({_two(column.values)})}}.",
            )
        values = question.table[name].values if name in question.table.columns else np.zeros(question.table.n)
        found = changes(column, values, asked, how.sign)
        for change, part in zip(found, _compare(question, name, found, how, of), strict=True):
            parts.append(part)
            size = part.shape[1]
            labels["variable"] += [name] * size
            labels["contrast"] += [change.words] * size
            for cell, column_labels in question.cells.labels.items():
                labels[cell] += list(column_labels)
    quantity = f"{how.name.replace('_', ' ')} ({how.words}) of the {question.expectation.quantity}"
    several = not question.cells.rows and how.name != "difference"
    return answer(question, np.concatenate(parts, axis=1), labels, quantity, how.null, [FIRST[of]] if several else [])


def _two(values: NDArray[Any]) -> str:
    return ", ".join(f"{v:g}" for v in np.unique(values)[:2])


def _asked(variables: str | Iterable[str] | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(variables, Mapping):
        found = dict(variables)
    else:
        found = dict.fromkeys([variables] if isinstance(variables, str) else list(variables))
    if not found:
        raise PredictionError(
            "No column is named.", hint="Write comparisons(fit, 'x') or comparisons(fit, {'x': 'sd'})."
        )
    return found


def _compare(question: Question, name: str, found: list[Change], how: Measure, of: str) -> list[Floats]:
    """The comparison of every change, (S, cells, K); values that several share are asked once."""
    values = {key: v for change in found for key, v in zip(change.keys, (change.lo, change.hi), strict=True)}
    tables = {key: changed(question.fit.model, question.table, name, value) for key, value in values.items()}
    what = question.expectation.quantity
    if of == "averages" or question.cells.rows:
        each = dict(zip(tables, averages(question, list(tables.values())), strict=True))
        return [compared(how, each[c.keys[1]], each[c.keys[0]], what) for c in found]
    asker = question.expectation
    asked = {key: asker.rows(table) for key, table in tables.items()}
    asker.prepare(list(asked.values()))
    totals = [np.zeros((asker.draws.size, question.cells.number, asker.size)) for _ in found]
    for at in asker.chunks(next(iter(asked.values()))):
        row = {key: asker.values(rows, at) for key, rows in asked.items()}
        for change, total in zip(found, totals, strict=True):
            question.cells.add(total, compared(how, row[change.keys[1]], row[change.keys[0]], what), at)
    return totals
