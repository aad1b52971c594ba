"""Centred or non-centred: chosen for every block from the data.

Non-centred effects r = L z suit levels with little information, centred effects suit levels with much: with prior
variance τ² and information I_j about level j, the posterior of r_j given τ shrinks by 1/(1 + τ² I_j)
(Papaspiliopoulos, Roberts & Sköld 2007, *Statistical Science* 22:59–73).  The signal τ² I of every block is
estimated from the response itself by backfitting: least squares for X, then for one block after the other the
moment estimate of τ² and the shrunken effects, given all the others.  It is rough, cheap (a few passes over the rows)
and only a sampling device: it never changes the model.  Exchangeable residuals (``cs``) are counted where they add
information.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierlm.errors import ModelError, did_you_mean
from hierlm.links.numbers import numbers
from hierlm.model.correlated_signals import exchangeable_rho, gain
from hierlm.model.residuals import ResidualCorrelation
from hierlm.model.values import GroupBlock, ModelPredictor, ModelResponse
from hierlm.names import MEAN

__all__ = ["CENTRED_ABOVE", "choose_centring"]

CENTRED_ABOVE = 8.0
"""Centred where τ² I of the typical level is above this: the non-centred effects then share more than
eight ninths of their variance with the data's information and mix slowly."""

LARGEST = 1e9
"""Of signals: where nothing is left within levels the ratio has no bound."""

PASSES = 6
"""Of the backfitting; the signals change little after three."""

CHOICES = ("auto", "centered", "noncentered")


def choose_centring(
    choice: str | Mapping[str, str],
    blocks: Sequence[GroupBlock],
    predictors: Sequence[ModelPredictor],
    responses: Sequence[ModelResponse],
    correlation: ResidualCorrelation | None = None,
) -> tuple[bool, ...]:
    """Whether each block is sampled centred.

    Parameters
    ----------
    choice : {"auto", "centered", "noncentered"} or mapping of grouping to one of these
        ``"auto"`` for groupings that a mapping does not name.
    correlation : ResidualCorrelation, optional
        Of the residuals.

    Raises
    ------
    ModelError
        For an unknown choice or grouping.
    """
    known = list(dict.fromkeys(b.group for b in blocks))
    decided = _decided(choice, known)
    _check_centred(blocks, decided)
    signals = [0.0] * len(blocks)
    for response in responses:
        for i, signal in _signals(response, blocks, predictors, correlation).items():
            signals[i] = signal
    return tuple(
        bool(signal > CENTRED_ABOVE) and _plain(block)
        if decided.get(block.group, "auto") == "auto"
        else decided[block.group] == "centered"
        for block, signal in zip(blocks, signals, strict=True)
    )


def _plain(block: GroupBlock) -> bool:
    """Whether the signal of its levels says how well its effects are known."""
    return block.relation is None and block.members is None and not block.covariance.singular


def _check_centred(blocks: Sequence[GroupBlock], decided: Mapping[str, str]) -> None:
    """Refuse to centre effects that have no density of their own, or none that is cheap."""
    for block in blocks:
        if decided.get(block.group) == "centered" and (block.relation is not None or block.covariance.singular):
            what = "of related levels" if block.relation is not None else f"of {block.label}"
            raise ModelError(
                f"Effects {what} are sampled non-centred only ('{block.group}').",
                hint=f'Write parameterization={{"{block.group}": "noncentered"}}.',
            )


def _decided(choice: str | Mapping[str, str], known: Sequence[str]) -> dict[str, str]:
    """Grouping → its choice, spelt the American way."""
    given = dict.fromkeys([*known, ""], choice) if isinstance(choice, str) else choice
    if not isinstance(given, Mapping):
        raise ModelError(f"parameterization={choice!r} is unknown.", hint=did_you_mean("", CHOICES))
    for group, value in given.items():
        if group not in known and given is choice:
            raise ModelError(f"parameterization names the grouping '{group}'.", hint=did_you_mean(str(group), known))
        if not isinstance(value, str) or value.replace("centred", "centered") not in CHOICES:
            raise ModelError(f"parameterization={value!r} is unknown.", hint=did_you_mean(str(value), CHOICES))
    return {g: v.replace("centred", "centered") for g, v in given.items()}


def _signals(
    response: ModelResponse,
    blocks: Sequence[GroupBlock],
    predictors: Sequence[ModelPredictor],
    correlation: ResidualCorrelation | None,
) -> dict[int, float]:
    """Block → the smallest τ² I over its effects; blocks that reach beyond the mean of this response are left out."""
    X = next(p.X for p in predictors if p.response == response.name and p.parameter == MEAN)
    columns = [
        _Column(i, piece.Z[:, k], block.codes, len(block.levels))
        for i, block in enumerate(blocks)
        if all((p.response, p.parameter) == (response.name, MEAN) for p in block.pieces)
        for piece in block.pieces
        for k in range(piece.Z.shape[1])
    ]
    y = _scores(response)
    fitted = [np.zeros(len(y)) for _ in columns]
    rotation, _ = np.linalg.qr(X) if X.shape[1] else (np.zeros((len(y), 0)), None)
    found: dict[int, float] = {}
    for _ in range(PASSES):
        found = {}
        for c, column in enumerate(columns):
            partial = y - sum(f for i, f in enumerate(fitted) if i != c)
            partial = partial - rotation @ (rotation.T @ partial)
            signal, fitted[c] = column.shrunken(partial)
            found[column.block] = min(found.get(column.block, np.inf), signal)
    if correlation is None or not correlation.correlation.exchangeable or not columns:
        return found
    rho = exchangeable_rho(correlation, y, [(c.z, c.codes) for c in columns], X)
    gains: dict[int, float] = {}
    for column in columns:
        gains[column.block] = min(gains.get(column.block, np.inf), gain(correlation, rho, column.z, column.codes))
    return {block: signal * gains[block] for block, signal in found.items()}


def _scores(response: ModelResponse) -> NDArray[np.float64]:
    """g((y + ȳ)/2), y per trial: the response on the link scale, drawn to its mean to keep zeros and ones inside."""
    y = response.y / response.additions.get("trials", 1.0)
    values = numbers(response.links[MEAN], "link", (y + y.mean()) / 2.0)
    return values if np.isfinite(values).all() else y


@dataclass(frozen=True, eq=False)
class _Column:
    """One effect of one block: its column of Z and its levels."""

    block: int
    z: NDArray[np.float64]
    codes: NDArray[np.int64]
    levels: int

    def shrunken(self, residual: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """(τ² I of the typical level, fitted values) of the regressions of ``residual`` on z by level.

        With mean squares B between and W within levels, E[B]/E[W] = 1 + τ² I: the signal is B/W − 1, and the
        level estimates are shrunk by signal/(signal + 1).
        """
        zz = np.bincount(self.codes, self.z * self.z, self.levels)
        zr = np.bincount(self.codes, self.z * residual, self.levels)
        used, rows = zz > 0, int(np.count_nonzero(self.z))
        if used.sum() < 3 or rows <= used.sum():
            return 0.0, np.zeros_like(residual)
        explained = float(np.sum(zr[used] ** 2 / zz[used]))
        within = (float(np.sum(residual[self.z != 0] ** 2)) - explained) / (rows - used.sum())
        between = explained / used.sum()
        signal = max(0.0, between / max(within, between / LARGEST, np.finfo(float).tiny) - 1.0)
        estimates = np.divide(zr, zz, out=np.zeros_like(zz), where=used) * signal / (signal + 1.0)
        return signal, estimates[self.codes] * self.z
