"""slopes: how steep the expected response is: on average, or along a column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hierlm.errors import PosteriorError
from hierlm.plots.along import check_options, grid_along, held
from hierlm.plots.effects import effects
from hierlm.plots.picture import Picture
from hierlm.posterior.effects import slopes as asked

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["slopes"]


def slopes(
    fit: Fit,
    variables: str | Iterable[str],
    along: str | None = None,
    colour: str | None = None,
    panel: str | None = None,
    *,
    at: Mapping[str, Any] | None = None,
    **options: Any,
) -> Picture:
    """How steep the expected response is: on average, or along a column.

    Parameters
    ----------
    fit : Fit
    variables : str or list of str
        Columns of numbers.
    along : str, optional
        A number to draw curves along, others at typical values; averages over the data (``by=``) unless given.
    colour, panel : str, optional
        Columns to tell apart: factors at all levels, numbers at their mean and one sd below and above.  Without
        ``along``, columns of the answer.
    at : mapping of column to value, optional
        With ``along``: other columns at these values instead of typical ones.
    **options
        Of :func:`hierlm.slopes`: ``by``, ``new``, ``target``, ``scale``, ``response``, ``parameter``, ``level``,
        ``kind``, ``draws``, ``seed``.

    Returns
    -------
    Picture

    Raises
    ------
    PosteriorError, PredictionError
        For an unknown column or option.

    Examples
    --------
    >>> fit.plot.slopes("zBase", along="zBase", colour="Trt")  # doctest: +SKIP
    """
    named = [variables] if isinstance(variables, str) else [str(name) for name in variables]
    title = f"Slope in {', '.join(named)}"
    if along is None:
        if at is not None:
            raise PosteriorError("at= holds columns of curves, and there are none.", hint="Add along= a number.")
        return effects(asked(fit, variables, **options), None, colour, panel, title=title)
    check_options(options)
    answer = asked(fit, variables, grid=grid_along(fit.model, along, colour, panel, at), **options)
    spare = [c for c in ("contrast", "variable", "category") if c in answer.labels and answer.table[c].nunique() > 1]
    for column in spare:
        colour, panel = (column, panel) if colour is None else (colour, column) if panel is None else (colour, panel)
    return effects(answer, along, colour, panel, title=f"{title}, along {along}", note=held(at))
