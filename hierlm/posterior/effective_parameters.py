"""effective_parameters: how many numbers have the data determined, term by term?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hierlm import names
from hierlm.errors import PosteriorError
from hierlm.model.subset import unknown_parts
from hierlm.posterior.draws import effect_draws
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws
from hierlm.priors.fixed import Fixed

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["effective_parameters"]


def effective_parameters(fit: Fit) -> pd.DataFrame:
    """How many of the effects of each grouping have the data determined?  Between none and all of them.

    With whitened effects w = Λ⁻¹r, which are N(0, I) before the data, Σ (1 − Var(w | y)) over levels and effects: 1 for
    an effect that the data determine, 0 for one that they say nothing about.  Given the standard deviations of a
    Gaussian model it is the trace of the hat matrix that belongs to the term (Hodges & Sargent 2001).  Common effects
    count in full, as their priors are wide; the straight part of a smooth is among them, its bends are a term.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    DataFrame
        ``term``, ``parameters`` (how many there are), ``effective``, ``share``.

    Raises
    ------
    PosteriorError
        When a grouping's levels are related.

    References
    ----------
    Hodges & Sargent (2001), Biometrika 88:367–379.

    Examples
    --------
    >>> fit.effective_parameters()  # doctest: +SKIP
    """
    model = fit.model
    rows: list[tuple[str, int, float]] = []
    fixed = {key for a in model.assignments if isinstance(a.prior, Fixed) for key in a.keys}
    for predictor in model.predictors:
        name = names.common(predictor.parameter)
        free = sum(names.element(name, label) not in fixed and name not in fixed for label in predictor.labels)
        rows.append((name if len(model.responses) == 1 else f"{name} of {predictor.response}", free, float(free)))
    draws = Draws(model, fit.posterior)
    new = NewLevels(model, draws, 0, zero=True)
    for group, blocks in model.groups.items():
        strange = [s for block in blocks for s in unknown_parts(block)]
        if strange:
            raise PosteriorError(
                f"Levels of {group} have '{strange[0]}', so their effects are not counted one by one.",
                hint="See fit.loo(), whose p is the effective number of parameters of the whole model.",
            )
        levels, effects, r = effect_draws(fit, group)
        root = new.root(group)
        sd = np.sqrt((root**2).sum(axis=-1, keepdims=True))
        w = np.linalg.solve(root + 1e-10 * sd * np.eye(root.shape[-1]), np.swapaxes(r, 1, 2))
        known = 1.0 - w.var(axis=0, ddof=1)
        rows.append((group, len(levels) * len(effects), float(known.sum())))
    for block in model.smooths:
        bends = draws.labelled(names.effects(block.group), **{names.effect_dim(block.group): block.effects})
        sd = draws.labelled(names.sd(block.group))[:, None]
        known = 1.0 - (bends / sd).var(axis=0, ddof=1)
        rows.append((block.group, len(block.effects), float(known.sum())))
    frame = pd.DataFrame(rows, columns=["term", "parameters", "effective"])
    frame["share"] = frame["effective"] / frame["parameters"].where(frame["parameters"] > 0)
    return frame
