"""Variance components of a structure with coefficients: what means something about it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.model.coefficients import coefficient_rows
from hierlm.posterior.draws import flat, labelled
from hierlm.posterior.linear import Draws
from hierlm.posterior.structured import StructuredDraws, sd_draws
from hierlm.posterior.variance import VarianceParts, block_variance

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.model.values import GroupBlock

__all__ = ["structured_rows"]

Floats = NDArray[np.float64]
Rows = list[tuple[tuple[object, ...], Floats]]

MOST_PAIRS = 435
"""Correlations that are listed, those of 30 effects; of more the coefficients speak."""


def structured_rows(fit: Fit, block: GroupBlock, parts: Mapping[str, VarianceParts]) -> Rows:
    """Standard deviations, the share of the mean's variance, correlations, coefficients.

    Structures without standard deviations of their own (``rr``, ``propto``) have those that follow from V.
    Correlations are those of R, where effects are not places and there are not too many pairs.

    Returns
    -------
    list of (labels, draws)
        As the rows of :func:`~hierlm.posterior.varcorr.varcorr`.
    """
    k = len(block.effects)
    piece = block.pieces[0]
    common = (block.group, block.structure, len(block.levels), piece.response, piece.parameter)
    rows: Rows = []

    def row(quantity: str, values: Floats, effect: str, *others: str) -> None:
        name = names.element(f"{quantity}_{names.safe(block.group)}", effect, *others)
        rows.append(((name, quantity, *common, effect, ", ".join(others)), values))

    draws = Draws(fit.model, fit.posterior)
    listed = k * (k - 1) // 2 <= MOST_PAIRS and block.covariance.needs != "coordinates"
    derived = StructuredDraws(fit.model, draws, block).covariances() if listed or not block.scales else None
    if block.scales:
        sds = sd_draws(draws, block, fit.model.groups[block.group])
        shown = [(label, sds[:, own[0]]) for label, own in block.scales]
    else:
        assert derived is not None
        shown = [(e, np.sqrt(derived[:, i, i])) for i, e in enumerate(block.effects)]
    for position, (label, sd) in enumerate(shown):
        row("sd", sd, label)
        row("var", sd**2, label)
        if position == 0 and piece.parameter == names.MEAN and piece.response in parts:
            part, variance = parts[piece.response], block_variance(fit, block, piece.response)
            assert variance is not None
            row("share", variance / (part.random + part.residual), label)
    if derived is not None and listed:
        for i, j in combinations(range(k), 2):
            r = derived[:, i, j] / np.sqrt(derived[:, i, i] * derived[:, j, j])
            row("cor", r, block.effects[i], block.effects[j])
    return rows + _coefficients(fit, block, common)


def _coefficients(fit: Fit, block: GroupBlock, common: tuple[object, ...]) -> Rows:
    """Each coefficient under the name that it has everywhere."""
    rows: Rows = []
    for row in coefficient_rows(fit.model.groups[block.group]):
        if row.block.effects != block.effects:
            continue
        known, values = labelled(fit, row.variable)
        name = row.variable if row.label is None else names.element(row.variable, row.label)
        draws = flat(values)[:, known.index(row.label or "")]
        rows.append(((name, "coefficient", *common, row.label or "", ""), draws))
    return rows
