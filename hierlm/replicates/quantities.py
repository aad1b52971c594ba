"""What is ranked: parameters, effects of a known and of a new level, and the joint log-likelihood."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import PriorError
from hierlm.fit import Fit
from hierlm.posterior.draws import elements, inhabited
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, at_rows
from hierlm.posterior.rowwise import log_densities

__all__ = ["LIKELIHOOD", "check_possible", "quantities"]

Floats = NDArray[np.float64]
LIKELIHOOD = "log-likelihood"
NEW = "a new level"
MOST_EFFECTS = 3
"""Effects of a grouping that are ranked: of a structure over fifty times the first are enough."""


def quantities(fit: Fit, seed: int) -> dict[str, Floats]:
    """Name → numbers (draws,) of every free parameter, some effects, and the joint log-likelihood.

    Parameters
    ----------
    fit : Fit
        Of a truth, with one draw, or of draws from its posterior.
    seed : int
        Of the effects of a new level: those of a truth have another than those of draws.
    """
    model = fit.model
    found: dict[str, Floats] = {}
    for e in elements(fit):
        values = e.values.reshape(-1, len(e.names))
        found |= {name: values[:, i] for i, name in enumerate(e.names) if not e.constant[i]}
    draws = Draws(model, fit.posterior)
    fresh = NewLevels(model, draws, seed, zero=False)
    for group, blocks in model.groups.items():
        labels, levels = fresh.labels(group), blocks[0].levels
        there = inhabited(model, group)
        r = draws.labelled(
            names.effects(group), **{names.level_dim(group): levels, names.effect_dim(group): labels[:MOST_EFFECTS]}
        )
        new = fresh.one(group, NEW) if all(b.relation is None for b in blocks) and group not in model.scales else None
        for i, label in enumerate(labels[:MOST_EFFECTS]):
            if there[:, i].any():
                level = int(np.argmax(there[:, i]))
                found[names.element(names.effects(group), levels[level], label)] = r[:, level, i]
            if new is not None:
                found[names.element(names.effects(group), NEW, label)] = new[:, i]
    for block in model.smooths:
        first = draws.labelled(names.effects(block.group), **{names.effect_dim(block.group): block.effects[:1]})
        found[names.element(names.effects(block.group), block.effects[0])] = first[:, 0]
    return found | {LIKELIHOOD: _log_likelihood(fit, draws)}


def check_possible(true: Mapping[str, Floats]) -> None:
    """Refuse a truth whose data are beyond what can be computed, such as probabilities that have rounded to 1.

    Raises
    ------
    PriorError
        Naming the quantities.
    """
    bad = [name for name, values in true.items() if not np.isfinite(values).all()]
    if bad:
        raise PriorError(
            f"The drawn data are beyond what can be computed: {', '.join(bad)} of the truth is not finite.",
            hint="The priors are too wide on the link scale; narrow those of b and sd_…, or give values=.",
        )


def _log_likelihood(fit: Fit, draws: Draws) -> Floats:
    """Σ_i log p(y_i | parameters, effects) of every draw."""
    model, total = fit.model, np.zeros(draws.size)
    rows, none = at_rows(model), NewLevels(model, draws, 0, zero=True)
    for response in model.responses:
        kept = tuple(model.groups)
        total += log_densities(rows, draws, response, response.y, kept, none, given="earlier").sum(axis=1)
    return total
