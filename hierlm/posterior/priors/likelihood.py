"""The log-likelihood of all rows together at each draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import PosteriorError
from hierlm.links import get_link
from hierlm.posterior.comparison.loo import foreseen
from hierlm.posterior.integrals.integrate import likelihoods_of
from hierlm.posterior.integrals.making import make_batch
from hierlm.posterior.integrals.mode import find_mode
from hierlm.posterior.integrals.units import inside, together
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import CHUNK, Draws, at_rows, chunks
from hierlm.posterior.response import log_density
from hierlm.posterior.rowwise import log_densities

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.model import Model

__all__ = ["Which", "outermost", "total_likelihood"]

Floats = NDArray[np.float64]
Which = Literal["auto", "integrated", "conditional"]
LARGEST = 40_000_000
"""Draws × rows × effects of crossed groupings, 320 MB, beyond which effects stay as they were drawn."""
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
    if fit.model.groups and which != "conditional":
        try:
            values, how = _integrated(fit)
        except PosteriorError:
            if which == "integrated":
                raise
        else:
            return values.reshape(shape), f"of the rows{how}"
    rows = "of the rows" if fit.model.residual is None else "of the blocks of residuals"
    words = f"{rows} given the group effects" if fit.model.groups else rows
    return _conditional(fit).reshape(shape), words


def _integrated(fit: Fit) -> tuple[Floats, str]:
    """log p(y | θ) of every draw, (S,), and how the group effects were integrated out.

    Where groupings cross all effects are integrated over together, by Laplace's method: exact for Gaussian responses.
    """
    model, group = fit.model, outermost(fit.model)
    if group is not None:
        found = foreseen(fit, "new_group", group, None)
        return found.values.sum(axis=1), found.method
    draws, rows = Draws(model, fit.posterior), at_rows(model)
    units = together(model, rows)
    if draws.size * rows.n * int(units.sizes[0]) > LARGEST:
        raise PosteriorError(
            f"{int(units.sizes[0]):,} effects of crossed groupings are too many to integrate out of {rows.n:,} rows at "
            f"{draws.size:,} draws.",
            hint='Use fewer draws=, or likelihood="conditional".',
        )
    ys = {r.name: r.y for r in model.responses}
    likelihoods, new = likelihoods_of(model, rows, draws, ys, units), NewLevels(model, draws, 0, zero=True)
    batch = make_batch(rows, draws, likelihoods, units, new, np.arange(rows.n)[None], int(units.sizes[0]))
    step = max(1, CHUNK // (rows.n * int(units.sizes[0])))
    parts = [np.arange(i, min(i + step, draws.size)) for i in range(0, draws.size, step)]
    value = np.concatenate([find_mode(batch.draws(part)).laplace[:, 0] for part in parts])
    exact = all(r.family.normal_errors and r.links[names.MEAN] == get_link("identity") for r in model.responses)
    how = "in closed form" if exact else "by Laplace's method"
    return value, f", effects of {', '.join(units.groupings)} out {how}"


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
