"""predictions: what is expected, for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

from hierlm import names
from hierlm.errors import PredictionError
from hierlm.posterior.effects.answer import Effects, answer
from hierlm.posterior.effects.asking import By, Options, Scale, ask, averages, distinct
from hierlm.posterior.effects.columns import check_entering
from hierlm.posterior.effects.scenarios import new_table
from hierlm.posterior.effects.settings import set_rows
from hierlm.posterior.effects.targets import Target
from hierlm.posterior.intervals import Kind

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["predictions"]


def predictions(
    fit: Fit,
    new: Any = None,
    *,
    grid: Mapping[str, Any] | None = None,
    setting: Mapping[str, Any] | None = None,
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
    """What response is expected, on average over the data, by cells, or at chosen values?

    On the response scale E[y | parameters], a share of the trials where there are trials, the probability of every
    category of an ordinal response.  ``target`` says for which groups:

    * ``"given"``: the levels of the rows, with their own effects.
    * ``"typical"``: a level whose effects are zero, E[y | b, r = 0].
    * ``"population"``: the average over all levels that there could be, ∫ E[y | b, r] N(r | 0, V) dr, for every draw of
      b and V.  With a curved link it differs from the typical level: with the log link it is exp(η + z'Vz/2).  Effects
      of all groupings of a row shift its linear predictor by one normal number, so that the integral is one-dimensional
      and Gauss–Hermite quadrature does it, with a finer rule until nothing changes; where effects enter two parameters
      it has two dimensions, and with more it is taken over scattered points.  The header states the error.

    Without ``target`` it is ``"population"``, or ``"given"`` if ``by`` names a grouping's column.

    Parameters
    ----------
    fit : Fit
    new : data frame, optional
        Rows to ask about; the data unless given.  Columns that only tell the group are needed for ``"given"`` only.
    grid : mapping of column to values, optional
        The rows of :func:`hierlm.grid`: these values in all combinations, other columns at typical values.
    setting : mapping of column to values, optional
        Averages over the rows as if all of them had these values, for each combination: ``{"f": ["a", "b"]}``.  What
        else differs between rows with one level and another is then the same for all.
    by : bool, str or list of str, optional
        Columns: averages over the rows that have the same values there.  ``True``: one average over all rows, which is
        what is meant for the data; ``False``: every row by itself, which is meant for ``new`` and ``grid``.
    target : str, or mapping of grouping to str, optional
        ``{"Subject": "given", "Item": "population"}``; see above.
    scale : {"response", "link"}
        The expectation, or the linear predictor.
    response : str, optional
        Which one, in a model of several.
    parameter : str
        Of which distributional parameter, for ``scale="link"``.
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
        ``.frame`` with ``mean``, ``sd``, ``lower``, ``upper``; ``.draws`` with every draw.

    Raises
    ------
    PredictionError
        When rows do not fit the model or an option is unknown.
    PosteriorError
        For a level that is no probability.

    Examples
    --------
    >>> import hierlm as hl
    >>> fit = hl.load("sleep.zarr")  # doctest: +SKIP
    >>> hl.predictions(fit, grid={"Days": [0, 5]}, target="typical")  # doctest: +SKIP
    """
    if setting is not None:
        return _at_settings(fit, new, grid, setting, by, target=target, scale=scale, response=response,
                            parameter=parameter, level=level, kind=kind, draws=draws, seed=seed)  # fmt: skip
    question = ask(
        fit, new, grid, by, target=target, scale=scale, response=response, parameter=parameter, level=level, kind=kind,
        draws=draws, seed=seed,
    )  # fmt: skip
    question = distinct(question)
    [values] = averages(question, [None if question.untouched else question.table])
    return answer(question, values, question.cells.labels, question.expectation.quantity)


def _at_settings(
    fit: Fit, new: Any, grid: Any, setting: Mapping[str, Any], by: By, **options: Unpack[Options]
) -> Effects:
    """Averages over rows, each of them at every setting."""
    if grid is not None:
        raise PredictionError("A grid has no rows to set.", hint="grid= and setting= are two ways to choose rows.")
    named = [by] if isinstance(by, str) else list(by) if isinstance(by, Sequence) else []
    if isinstance(by, bool) or set(named) & set(setting):
        raise PredictionError(
            f"by={by!r} does not go with setting=, which is averaged by itself.", hint="by= names further columns."
        )
    table = fit.model.data if new is None else new_table(fit.model, new, named)
    made = set_rows(fit.model, table, setting)
    question = ask(fit, made, None, [*setting, *named], **options)
    for name in setting:
        check_entering(question.expectation, name)
    where = "of the data" if new is None else "that were given"
    by_words = f" with the same {', '.join(named)}" if named else ""
    place = f"Rows: averages over {table.n:,} rows {where}{by_words}, all with the same {', '.join(setting)}"
    question = distinct(replace(question, place=place))
    [values] = averages(question, [question.table])
    return answer(question, values, question.cells.labels, question.expectation.quantity)
