"""marginal_means: the expected response at levels of factors, the others balanced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hierlm.plots.along import check_options
from hierlm.plots.effects import effects
from hierlm.plots.picture import Picture
from hierlm.posterior.effects import marginal_means as asked

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["marginal_means"]


def marginal_means(
    fit: Fit, factors: str | Sequence[str], colour: str | None = None, panel: str | None = None, **options: Any
) -> Picture:
    """The expected response at levels of factors, the others balanced.

    Parameters
    ----------
    fit : Fit
    factors : str or list of str
        Of several factors the second is told apart by colour and the third by panel, unless said otherwise.
    colour, panel : str, optional
        Which of them, or ``"category"`` of an ordinal response.
    **options
        Of :func:`hierlm.marginal_means`: ``at``, ``weights``, ``target``, ``scale``, ``response``, ``parameter``,
        ``level``, ``kind``, ``draws``, ``seed``.

    Returns
    -------
    Picture

    Raises
    ------
    PosteriorError, PredictionError
        For an unknown factor or option.

    Examples
    --------
    >>> fit.plot.marginal_means(["period", "herd_size"]).savefig("means.png")  # doctest: +SKIP
    """
    check_options(asked, options, curves=False)
    answer = asked(fit, factors, **options)
    named = [c for c in answer.labels if c not in (colour, panel)]
    if colour is None and len(named) > 1:
        colour = named.pop(1)
    if panel is None and len(named) > 1:
        panel = named.pop(1)
    factors = [factors] if isinstance(factors, str) else list(factors)
    return effects(answer, None, colour, panel, title=f"Marginal means of {' and '.join(factors)}")
