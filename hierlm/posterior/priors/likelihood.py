"""The log-likelihood of all rows together at each draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from hierlm.errors import PosteriorError
from hierlm.posterior.comparison.loo import foreseen
from hierlm.posterior.integrals.units import inside
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, at_rows, chunks
from hierlm.posterior.response import log_density
from hierlm.posterior.rowwise import log_densities

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.model import Model

__all__ = ["Which", "outermost", "total_likelihood"]

Floats = NDArray[np.float64]
Which = Literal["auto", "integrated", "conditional"]
CHOICES = ("auto", "integrated", "conditional")


def total_likelihood(fit: Fit, which: Which) -> tuple[Floats, str]:
    """log p(y | θ), or log p(y | θ, r), (chain, draw), and which of them it is in words.

    Raises
    ------
    PosteriorError
        For an unknown choice, and where effects cannot be integrated out but were asked to be.
    """
    if which not in CHOICES:
        raise PosteriorError(f"likelihood={which!r} is no choice.", hint=f"Use one of: {', '.join(CHOICES)}.")
    shape = fit.posterior.sizes["chain"], fit.posterior.sizes["draw"]
    group = outermost(fit.model)
    if which == "integrated" and group is None and fit.model.groups:
        raise PosteriorError(
            "Group effects can be integrated out where all groupings are nested inside one, and these are not.",
            hint='Use likelihood="conditional".',
        )
    if group is not None and which != "conditional":
        try:
            found = foreseen(fit, "new_group", group, None)
        except PosteriorError:
            if which == "integrated":
                raise
        else:
            return found.values.sum(axis=1).reshape(shape), f"of the rows{found.method}"
    rows = "of the rows" if fit.model.residual is None else "of the blocks of residuals"
    words = f"{rows} given the group effects" if fit.model.groups else rows
    return _conditional(fit).reshape(shape), words


def _conditional(fit: Fit) -> Floats:
    """log p(y | θ, r) of every draw, (S,); chunks of rows are added up as they come."""
    model = fit.model
    draws, rows = Draws(model, fit.posterior), at_rows(model)
    new, kept = NewLevels(model, draws, 0, zero=True), tuple(model.groups)
    total = np.zeros(draws.size)
    for response in model.responses:
        if model.residual is not None:  # given the rows before it in its block: these add up to the joint density
            total += log_densities(rows, draws, response, response.y, kept, new, given="earlier").sum(axis=1)
            continue
        for at in chunks(draws.size, rows.n):
            total += log_density(rows, draws, response, response.y, at, kept, new).sum(axis=1)
    return total


def outermost(model: Model) -> str | None:
    """The grouping inside which all others are nested, and of which each level is a unit; None without one."""
    for group, blocks in model.groups.items():
        if blocks[0].separate and set(inside(model, group)) == set(model.groups):
            return group
    return None
