"""What pictures of comparisons and of slopes share: on average, or along another column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hierlm.errors import PosteriorError
from hierlm.plots.along import check_options, grid_along, held, told_apart
from hierlm.plots.effects import effects
from hierlm.plots.picture import Picture

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.posterior.effects import Effects

__all__ = ["changes"]


def changes(
    fit: Fit,
    asked: Callable[..., Effects],
    variables: str | Iterable[str] | Mapping[str, Any],
    along: str | None,
    colour: str | None,
    panel: str | None,
    at: Mapping[str, Any] | None,
    options: Mapping[str, Any],
    title: Callable[[str, Effects], str],
) -> Picture:
    """Averages over the data, or curves along a number with the others at typical values.

    Parameters
    ----------
    asked : callable
        :func:`hierlm.comparisons` or :func:`hierlm.slopes`.
    title : callable
        What the picture is called, given the variables in words and the answer.

    Raises
    ------
    PosteriorError
        When columns of curves are held, or rows chosen, where there are none.
    """
    named = ", ".join([variables] if isinstance(variables, str) else [str(name) for name in variables])
    check_options(asked, options, curves=along is not None)
    if along is None:
        if at is not None:
            raise PosteriorError("at= holds columns of curves, and there are none.", hint="Add along= a number.")
        answer = asked(fit, variables, **options)
        return effects(answer, None, colour, panel, title=title(named, answer))
    answer = asked(fit, variables, grid=grid_along(fit.model, along, colour, panel, at), **options)
    colour, panel = told_apart(answer, colour, panel, "contrast", "variable", "category")
    return effects(answer, along, colour, panel, title=f"{title(named, answer)}, along {along}", note=held(at))
