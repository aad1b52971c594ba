"""The log-likelihood of all rows together at each draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from hierlm.errors import PosteriorError
from hierlm.posterior.comparison.loo import conditional, foreseen
from hierlm.posterior.integrals.units import inside
from hierlm.posterior.linear import Draws

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
    if fit.model.residual is not None:
        joint = conditional(fit.model, Draws(fit.model, fit.posterior), given="earlier")
        return joint.sum(axis=1).reshape(shape), "of the blocks of residuals"
    words = "of the rows given the group effects" if fit.model.groups else "of the rows"
    return foreseen(fit, "row", None, None).values.sum(axis=1).reshape(shape), words


def outermost(model: Model) -> str | None:
    """The grouping inside which all others are nested, and of which each level is a unit; None without one."""
    for group, blocks in model.groups.items():
        if blocks[0].separate and set(inside(model, group)) == set(model.groups):
            return group
    return None
