"""slopes: how steep is the expected response in a number?"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import DataWarning, PredictionError
from hierlm.posterior.effects.answer import Effects, answer
from hierlm.posterior.effects.asking import By, Question, Scale, ask, averages, distinct
from hierlm.posterior.effects.columns import check_entering, column_of, grouping_only
from hierlm.posterior.effects.scenarios import changed
from hierlm.posterior.effects.targets import Target
from hierlm.posterior.intervals import Kind

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["slopes"]

Floats = NDArray[np.float64]
STEP = 1e-4
"""Of the difference, as a share of the column's range: its error falls with the square, rounding rises as 1/step."""


def slopes(
    fit: Fit,
    variables: str | Iterable[str],
    new: Any = None,
    *,
    grid: Mapping[str, Any] | None = None,
    by: By = None,
    target: Target | Mapping[str, Target] | None = None,
    scale: Scale = "response",
    response: str | None = None,
    parameter: str = names.MEAN,
    level: float = 0.95,
    kind: Kind = "eti",
    draws: int | None = None,
    seed: int | None = None,
) -> Effects:
    """How steep is the expected response in a number, on average or at chosen values?

    dE[y]/dx as the central difference (E[y | x + h] − E[y | x − h]) / 2h, h being 10⁻⁴ of the column's range; all that
    a formula does with x (``poly``, ``s``, interactions, random slopes) is differentiated with it.

    Parameters
    ----------
    fit : Fit
    variables : str or list of str
        Columns of numbers.
    new : data frame, optional
        Rows to ask about; the data unless given.
    grid : mapping of column to values, optional
        The rows of :func:`hierlm.grid`.
    by : bool, str or list of str, optional
        How slopes of rows are averaged, as in :func:`predictions`.
    target : {"given", "typical", "population"} or mapping, optional
        For which groups, as in :func:`predictions`.
    scale : {"response", "link"}
        Of what is differentiated.
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
        A row per column (``variable``) and cell, with ``p_direction``.

    Raises
    ------
    PredictionError
        For a column that is no number, or not in the model.

    Examples
    --------
    >>> import hierlm as hl
    >>> fit = hl.load("sleep.zarr")  # doctest: +SKIP
    >>> hl.slopes(fit, "Days", by="Subject")  # doctest: +SKIP
    """
    wanted = [variables] if isinstance(variables, str) else list(variables)
    question = ask(
        fit, new, grid, by, about=wanted, target=target, scale=scale, response=response, parameter=parameter,
        level=level, kind=kind, draws=draws, seed=seed,
    )  # fmt: skip
    question = distinct(question)
    if not wanted:
        raise PredictionError("No column is named.", hint="Write slopes(fit, 'x').")
    labels: dict[str, list[Any]] = {"variable": [], **{c: [] for c in question.cells.labels}}
    parts = []
    for name in dict.fromkeys(wanted):
        parts.append(_slope(question, name))
        labels["variable"] += [name] * parts[-1].shape[1]
        for cell, column_labels in question.cells.labels.items():
            labels[cell] += list(column_labels)
    quantity = f"slope of the {question.expectation.quantity}"
    return answer(question, np.concatenate(parts, axis=1), labels, quantity, 0.0)


def _slope(question: Question, name: str) -> Floats:
    column = column_of(question.fit.model, name)
    if column.levels is not None:
        raise PredictionError(
            f"'{name}' is a factor, which has no slope.", hint=f"Compare its levels: comparisons(fit, {name!r})."
        )
    if name in grouping_only(question.fit.model):
        raise PredictionError(
            f"{name!r} only tells which group a row belongs to, so nothing is steep in it.",
            hint=f"Compare levels: comparisons(fit, {{{name!r}: (…, …)}}).",
        )
    check_entering(question.expectation, name)
    if name not in question.table.columns:
        raise PredictionError(f"The rows have no column {name!r}.", hint="Add it, or ask over a grid.")
    if not np.ptp(column.values) > 0:
        raise PredictionError(f"{name!r} is constant in the data, so nothing is known of its slope.", hint="Leave it.")
    h, x = STEP * float(np.ptp(column.values)), question.table[name].values
    tables = [changed(question.fit.model, question.table, name, x + step) for step in (h, -h)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # x ± h may lie a hair outside the data, where splines end
        above, below = averages(question, tables)
    return (above - below) / (2 * h)
