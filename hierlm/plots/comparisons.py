"""comparisons: what changes with a column: on average, or along another column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hierlm.errors import PosteriorError
from hierlm.plots.along import check_options, grid_along, held
from hierlm.plots.effects import effects
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
    named = [variables] if isinstance(variables, str) else [str(name) for name in variables]
    title = f"What changes with {', '.join(named)}"
    if along is None:
        if at is not None:
            raise PosteriorError("at= holds columns of curves, and there are none.", hint="Add along= a number.")
        answer = asked(fit, variables, **options)
        return effects(answer, None, colour, panel, title=f"{title}{_change(answer)}")
    check_options(options)
    answer = asked(fit, variables, grid=grid_along(fit.model, along, colour, panel, at), **options)
    spare = [c for c in ("contrast", "variable", "category") if c in answer.labels and answer.table[c].nunique() > 1]
    for column in spare:
        colour, panel = (column, panel) if colour is None else (colour, column) if panel is None else (colour, panel)
    return effects(answer, along, colour, panel, title=f"{title}{_change(answer)}, along {along}", note=held(at))


def _change(answer: Effects) -> str:
    """The change, where it is one and so is not in the picture."""
    changes = list(dict.fromkeys(answer.table["contrast"]))
    return f": {changes[0]}" if len(changes) == 1 else ""
