"""Centred or non-centred: chosen for every block from the data.

Non-centred effects r = L z suit levels with little information, centred effects suit levels with much: with prior
variance τ² and information I_j about level j, the posterior of r_j given τ shrinks by 1/(1 + τ² I_j)
(Papaspiliopoulos, Roberts & Sköld 2007, *Statistical Science* 22:59–73).  The signal τ² I is estimated by one
moment step on least-squares residuals: the between-level mean square over the within-level mean square, minus one.
It is a sampling device and never changes the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hierlm.errors import ModelError, did_you_mean
from hierlm.model.values import GroupBlock, ModelPredictor, ModelResponse, Piece

__all__ = ["CENTRED_ABOVE", "choose_centring"]

CENTRED_ABOVE = 8.0
"""Centred where τ² I of the typical level is above this: the non-centred effects then share more than
eight ninths of their variance with the data's information and mix slowly."""

CHOICES = ("auto", "centered", "noncentered")


def choose_centring(
    choice: str | Mapping[str, str],
    blocks: Sequence[GroupBlock],
    predictors: Sequence[ModelPredictor],
    responses: Sequence[ModelResponse],
) -> tuple[bool, ...]:
    """Whether each block is sampled centred.

    Parameters
    ----------
    choice : {"auto", "centered", "noncentered"} or mapping of grouping to one of these
        ``"auto"`` for groupings that a mapping does not name.

    Raises
    ------
    ModelError
        For an unknown choice or grouping.
    """
    known = list(dict.fromkeys(b.group for b in blocks))
    given = dict.fromkeys(known, choice) if isinstance(choice, str) else dict(choice)
    for group, value in given.items():
        if group not in known:
            raise ModelError(f"parameterization names the grouping '{group}'.", hint=did_you_mean(group, known))
        if value.replace("centred", "centered") not in CHOICES:
            raise ModelError(f"parameterization='{value}' is unknown.", hint=did_you_mean(value, CHOICES))
    decided = {g: v.replace("centred", "centered") for g, v in given.items()}
    residuals = {r.name: _working(r, predictors) for r in responses}
    return tuple(
        _signal(block, residuals) > CENTRED_ABOVE
        if decided.get(block.group, "auto") == "auto"
        else decided[block.group] == "centered"
        for block in blocks
    )


def _working(response: ModelResponse, predictors: Sequence[ModelPredictor]) -> NDArray[np.float64]:
    """Least-squares residuals of the response (per trial) on X, response scale."""
    target = response.y / response.additions.get("trials", 1.0)
    mean = next(p for p in predictors if p.response == response.name and p.parameter == "mu")
    coefficients, *_ = np.linalg.lstsq(mean.X, target, rcond=None) if mean.X.shape[1] else (np.zeros(0),)
    return np.asarray(target - mean.X @ coefficients)


def _signal(block: GroupBlock, residuals: Mapping[str, NDArray[np.float64]]) -> float:
    """The smallest τ² I over the block's effects, zero for effects of parameters other than the mean."""
    signals = []
    for piece in block.pieces:
        if piece.parameter != "mu":
            return 0.0
        signals.extend(_one(piece, k, block, residuals[piece.response]) for k in range(piece.Z.shape[1]))
    return min(signals, default=0.0)


def _one(piece: Piece, column: int, block: GroupBlock, residual: NDArray[np.float64]) -> float:
    """Between over within mean square, minus one, of the regressions of ``residual`` on one column by level."""
    z, J = piece.Z[:, column], len(block.levels)
    zz = np.bincount(block.codes, z * z, J)
    zr = np.bincount(block.codes, z * residual, J)
    rows = int(np.count_nonzero(z))
    used = zz > 0
    if used.sum() < 3 or rows <= used.sum():
        return 0.0
    between = float(np.sum(zr[used] ** 2 / zz[used]) / used.sum())
    within = float((np.sum(residual[z != 0] ** 2) - between * used.sum()) / (rows - used.sum()))
    return between / max(within, np.finfo(float).tiny) - 1.0
