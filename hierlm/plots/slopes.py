"""slopes: how steep the expected response is: on average, or along a column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hierlm.plots.changes import changes
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
    return changes(fit, asked, variables, along, colour, panel, at, options, lambda named, _: f"Slope in {named}")
