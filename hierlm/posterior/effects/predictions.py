"""predictions: what is expected, for whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hierlm import names
from hierlm.posterior.effects.answer import Effects, answer
from hierlm.posterior.effects.asking import By, Scale, ask, averages
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
    question = ask(
        fit, new, grid, by, target=target, scale=scale, response=response, parameter=parameter, level=level, kind=kind,
        draws=draws, seed=seed,
    )  # fmt: skip
    [values] = averages(question, [None if question.untouched else question.table])
    return answer(question, values, question.cells.labels, question.expectation.quantity)
