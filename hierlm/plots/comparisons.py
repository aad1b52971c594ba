"""comparisons: what changes with a column: on average, or along another column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hierlm.plots.changes import changes
from hierlm.plots.picture import Picture
from hierlm.posterior.effects import comparisons as asked

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.posterior.effects import Effects

__all__ = ["comparisons"]


def comparisons(
    fit: Fit,
    variables: str | Iterable[str] | Mapping[str, Any],
    along: str | None = None,
    colour: str | None = None,
    panel: str | None = None,
    *,
    at: Mapping[str, Any] | None = None,
    **options: Any,
) -> Picture:
    """What changes with a column: on average, or along another column.

    Parameters
    ----------
    fit : Fit
    variables : str, list of str, or mapping of column to change
        What is changed and by how much, as in :func:`hierlm.comparisons`.
    along : str, optional
        A number to draw curves along, others at typical values; averages over the data (``by=``) unless given.
    colour, panel : str, optional
        Columns to tell apart: factors at all levels, numbers at their mean and one sd below and above.  Without
        ``along``, columns of the answer.
    at : mapping of column to value, optional
        With ``along``: other columns at these values instead of typical ones.
    **options
        Of :func:`hierlm.comparisons`: ``measure``, ``of``, ``by``, ``new``, ``target``, ``scale``, ``response``,
        ``parameter``, ``level``, ``kind``, ``draws``, ``seed``.

    Returns
    -------
    Picture

    Raises
    ------
    PosteriorError, PredictionError
        For an unknown column or option.

    Examples
    --------
    >>> fit.plot.comparisons({"period": "sequential"}, measure="odds_ratio")  # doctest: +SKIP
    """
    return changes(fit, asked, variables, along, colour, panel, at, options, _title)


def _title(variables: str, answer: Effects) -> str:
    """What is changed; by how much, where that is one and so is not in the picture."""
    found = list(dict.fromkeys(answer.table["contrast"]))
    return f"What changes with {variables}" + (f": {found[0]}" if len(found) == 1 else "")
