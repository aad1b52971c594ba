"""predictions: the expected response along a column, beside the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hierlm.plots.along import check_options, grid_along, held, points_along, told_apart
from hierlm.plots.effects import effects
from hierlm.plots.picture import Picture
from hierlm.posterior.effects import predictions as asked
from hierlm.posterior.predict import chosen_response

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["predictions"]


def predictions(
    fit: Fit,
    x: str,
    colour: str | None = None,
    panel: str | None = None,
    *,
    at: Mapping[str, Any] | None = None,
    data: bool = True,
    **options: Any,
) -> Picture:
    """The expected response along a column, others at typical values; beside the data.

    Parameters
    ----------
    fit : Fit
    x : str
        A number, along which curves are drawn from its smallest to its largest value; or a factor, with a row a level.
    colour, panel : str, optional
        Further columns: factors at all levels, numbers at their mean and one sd below and above.
    at : mapping of column to value, optional
        Other columns at these values instead of typical ones.
    data : bool
        Whether to draw the rows of the data too, where the scale is the response's and x is a number.
    **options
        Of :func:`hierlm.predictions`: ``target``, ``scale``, ``response``, ``parameter``, ``level``, ``kind``,
        ``draws``, ``seed``.

    Returns
    -------
    Picture

    Raises
    ------
    PosteriorError, PredictionError
        For an unknown column or option.

    Examples
    --------
    >>> fit.plot.predictions("Days", target="typical").savefig("days.png")  # doctest: +SKIP
    """
    check_options(asked, options, curves=True)
    grid = grid_along(fit.model, x, colour, panel, at)
    answer = asked(fit, grid=grid, **options)
    chosen = chosen_response(fit.model, options.get("response"))
    numbers = fit.model.data[x].levels is None
    shown = data and numbers and not chosen.categories and options.get("scale", "response") == "response"
    colour, panel = told_apart(answer, colour, panel, "category")
    return effects(
        answer,
        x if numbers else None,
        colour,
        panel,
        title=f"{chosen.name} by {' and '.join(c for c in (x, colour, panel) if c not in (None, 'category'))}",
        points=points_along(fit.model, chosen, x, (colour, panel), at) if shown else None,
        note=held(at),
    )
