"""coef: the coefficients of each level, common plus group effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm import names
from hierlm.posterior.draws import effect_draws, inhabited, known_group, select
from hierlm.posterior.intervals import Kind, check_interval
from hierlm.posterior.ranef import by_level

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.model.model import Model

__all__ = ["Column", "coef", "group_columns"]


@dataclass(frozen=True, eq=False)
class Column:
    """One effect of a grouping: where it enters, and the common effect that it varies around.

    Parameters
    ----------
    effect : str
        Its label in ``r_g``.
    response, parameter : str
        The predictor that it is part of.
    z : (n,) array
    common : str or None
        The label, in ``names.common(parameter)``, of the common effect of the same column.
    """

    effect: str
    response: str
    parameter: str
    z: NDArray[np.float64]
    common: str | None


def group_columns(model: Model, group: str) -> list[Column]:
    """The effects of a grouping, each with its common counterpart, found by name.

    A common effect is the counterpart when it has the same name in the same predictor *and* the same values.
    """
    columns = []
    for block in model.groups[group]:
        for piece in block.pieces:
            at = (piece.response, piece.parameter)
            predictor = next(p for p in model.predictors if (p.response, p.parameter) == at)
            response = next(r for r in model.responses if r.name == piece.response)
            common = {names.effect_label(response.label, names.MEAN, e): e for e in piece.source.effects}
            by_effect = {names.effect_label(response.label, piece.parameter, e): k for k, e in common.items()}
            for k, index in enumerate(piece.effects):
                effect, z = block.effects[index], piece.Z[:, k]
                label = by_effect[effect]
                same = label in predictor.labels and np.array_equal(predictor.X[:, predictor.labels.index(label)], z)
                columns.append(Column(effect, piece.response, piece.parameter, z, label if same else None))
    return columns


def coef(fit: Fit, group: str | None = None, *, level: float = 0.95, kind: Kind = "eti") -> pd.DataFrame:
    """What are the coefficients of each level?  Common plus group effect, draw by draw, on the link scale.

    c_j = b + r_j where the common effects have the same column; an effect without a common counterpart is r_j alone.
    Columns are joined by name, never by position.  Common effects that do not vary by the grouping are not repeated
    here: they are in :func:`~hierlm.posterior.fixef`.

    Parameters
    ----------
    fit : Fit
    group : str, optional
        One grouping; all of them unless given.
    level : float, default 0.95
        Probability inside the intervals.
    kind : {"eti", "hdi"}

    Returns
    -------
    DataFrame
        A row per level and effect: ``group``, ``level``, ``effect``, ``mean``, ``sd``, ``lower``, ``upper``.

    Raises
    ------
    PosteriorError
        For a grouping that the model does not have.

    Examples
    --------
    >>> coef(fit, "Subject").query("level == '308'")  # doctest: +SKIP
    """
    check_interval(level, kind)
    found = []
    for g in known_group(fit, group):
        levels, effects, r = effect_draws(fit, g)
        found.append((g, levels, effects, r + _common(fit, g, effects)[:, None, :]))
    return by_level(found, level, kind, {g: inhabited(fit.model, g) for g, *_ in found})


def _common(fit: Fit, group: str, effects: Sequence[str]) -> NDArray[np.float64]:
    """Draws (sample, effect) of the common counterparts, zero where there are none."""
    columns = {c.effect: c for c in group_columns(fit.model, group)}
    total = np.zeros((fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"], len(effects)))
    for k, effect in enumerate(effects):
        column = columns[effect]
        if column.common is not None:
            total[:, k] = select(fit, names.common(column.parameter), [column.common])[:, 0]
    return total
