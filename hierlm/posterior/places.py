"""Values where training had none: of latent residual processes, and of group effects with a structure over positions.

Effects at positions s are N(0, V), V a function of s.  So those at new positions are normal given those of the same
level that the fit knows, draw by draw: e_new | e ~ N(V_no V_oo⁻¹ e, V_nn − V_no V_oo⁻¹ V_on), which is kriging.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.correlations import Coefficient
from hierlm.design.values import Groups
from hierlm.errors import PredictionError
from hierlm.model.values import GroupBlock, Piece
from hierlm.posterior.structured import StructuredDraws

if TYPE_CHECKING:
    from hierlm.model import Model
    from hierlm.posterior.levels import NewLevels
    from hierlm.posterior.linear import Draws

__all__ = ["add_places", "beyond", "conditional", "forecasts", "new_places", "refuse_beyond"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
At = slice | Ints

MOST = 50_000_000
"""Numbers of all draws of W and L, 400 MB."""


def beyond(model: Model, block: GroupBlock) -> int:
    """At how many places of a block's rows the fit has no effects."""
    return len(block.effects) - len(trained(model, block).effects)


def trained(model: Model, block: GroupBlock) -> GroupBlock:
    """The block as it was fitted."""
    return next(b for b in model.groups[block.group] if b.effects[0] == block.effects[0])


def refuse_beyond(model: Model, blocks: tuple[GroupBlock, ...]) -> None:
    """Refuse rows where a block has no values in the fit.

    Raises
    ------
    PredictionError
    """
    for block in blocks:
        if beyond(model, block):
            own = block.label if block.process is None else block.process.text
            raise PredictionError(
                f"New data: {own} has no value at {block.effects[-1]}, where the model was fitted without a row.",
                hint="Ask fit.predict(), which draws it, or give rows at the positions of the data.",
            )


def new_places(model: Model, blocks: Sequence[GroupBlock], *, zero: bool) -> tuple[str, ...]:
    """In words, at how many places blocks have no values in the fit, and how these were foreseen.

    Parameters
    ----------
    zero : bool
        Whether they are means instead of draws.
    """
    found = []
    for block in blocks:
        count = beyond(model, block)
        if count:
            places = f"{count:,} new position{'s' if count > 1 else ''} of {block.label}"
            how = "means" if zero else "drawn"
            shown = block.effects[-count] + (", …" if count > 1 else "")
            found.append(f"{places} in {block.group} ({shown}): {how} given those of the same level")
    return tuple(found)


def add_places(
    eta: Floats,
    block: GroupBlock,
    piece: Piece,
    source: Groups,
    weights: Floats | None,
    draws: Draws,
    at: At,
    new: NewLevels,
) -> None:
    """Add the effects at the places of the rows of ``at`` to ``eta``.

    Values at places that training had are draws of the posterior, or of a new level from N(0, V).  Those at other
    places are drawn given these, all of a level together; with effects of new levels zero they are the means given
    these.

    Parameters
    ----------
    source : Groups
        The level of every row.
    weights : (n,) array or None
        Of the rows, in a multi-membership.
    """
    own = trained(draws.model, block)
    Z, codes, K = piece.Z[at], source.codes[at], len(own.effects)
    rows = np.flatnonzero(Z.any(axis=1))
    slots = Z[rows].argmax(axis=1)
    times = np.ones(len(rows)) if weights is None else weights[at][rows]
    known = codes[rows] >= 0
    if known.any():
        dims = {names.level_dim(block.group): own.levels, names.effect_dim(block.group): own.effects}
        r = draws.labelled(names.effects(block.group), **dims)
        old = known & (slots < K)
        eta[:, rows[old]] += r[:, codes[rows[old]], slots[old]] * times[old]
        for code in np.unique(codes[rows[known & (slots >= K)]]):
            here = known & (slots >= K) & (codes[rows] == code)
            e = forecasts(draws, block, r[:, code], own.levels[code], new)
            eta[:, rows[here]] += e[:, slots[here] - K] * times[here]
    if known.all() or source.unseen_codes is None:
        return
    unseen = source.unseen_codes[at][rows]
    columns = [new.labels(block.group).index(label) for label in own.effects]
    for code in np.unique(unseen[~known]) if not new.zero else ():
        here, level = ~known & (unseen == code), source.unseen[code]
        values = new.one(block.group, level)[:, columns]
        if (slots[here] >= K).any():
            values = np.concatenate([values, forecasts(draws, block, values, level, new)], axis=1)
        eta[:, rows[here]] += values[:, slots[here]] * times[here]


def forecasts(draws: Draws, block: GroupBlock, values: Floats, level: str, new: NewLevels) -> Floats:
    """Values of one level at new places given those at the places of training, (S, new places).

    Parameters
    ----------
    block : GroupBlock
        With its new places behind those of training.
    values : (S, K) array
    """
    weights, L = new.conditional(block)
    mean = np.einsum("smk,sk->sm", weights, values)
    if new.zero:
        return mean
    z = new.innovations(block, level, block.effects[values.shape[1] :])
    return mean + np.einsum("smj,sj->sm", L, z)


def conditional(draws: Draws, block: GroupBlock) -> tuple[Floats, Floats]:
    """W and L with e_new | e ~ N(W e, L Lᵀ) of one level, (S, m, K) and (S, m, m).

    With L of the Cholesky factor of all places, those of training first: W = L_no L_oo⁻¹.

    Raises
    ------
    PredictionError
        Where the fit has not the parameters that these places need, or they take too much memory.
    """
    own = trained(draws.model, block)
    k, K = len(block.effects), len(own.effects)
    _check_parameters(own, block)
    if draws.size * (k - K) * k > MOST:
        raise PredictionError(
            f"{k - K:,} new positions of {block.label} in {draws.size:,} draws are more than fit into memory.",
            hint="Predict fewer at a time, or from fewer draws: draws=100.",
        )
    fitted = StructuredDraws(draws.model, draws, own)
    weights, lower = np.empty((draws.size, k - K, K)), np.empty((draws.size, k - K, k - K))
    for at, R in fitted.correlations(block.covariance, k):
        try:
            L = np.linalg.cholesky(R)
        except np.linalg.LinAlgError:
            raise PredictionError(
                f"Some draws of the coefficients of {block.label} give no correlation matrix at these positions.",
                hint="Round positions that are nearly the same, predict fewer rows of a level, or fit again with a "
                "prior of correlations that begins at 0.",
            ) from None
        weights[at] = np.linalg.solve(L[:, :K, :K].swapaxes(1, 2), L[:, K:, :K].swapaxes(1, 2)).swapaxes(1, 2)
        lower[at] = fitted.sds()[at, :1, None] * L[:, K:, K:]
    return weights, lower


def _check_parameters(own: GroupBlock, block: GroupBlock) -> None:
    """Refuse places whose covariance needs parameters that the fit has not."""
    K = len(own.effects)
    if K < 2 or len(own.covariance.sd_groups(K)) > 1:
        raise PredictionError(
            f"{block.label} of {block.group} has a standard deviation for each of its effects, so that of "
            f"{block.effects[-1]} is not known.",
            hint="Predict at the levels of the data, or fit a structure with one standard deviation: ar1( ), car1( ).",
        )
    had: Sequence[Coefficient] = own.covariance.coefficients(K)
    needed = block.covariance.coefficients(len(block.effects))
    if [(c.name, c.label) for c in had] != [(c.name, c.label) for c in needed]:
        raise PredictionError(
            f"{block.label} of {block.group} was not fitted with rows as far apart as some of these.",
            hint="Predict at positions like those of the data.",
        )
    # a bound that is narrower at more places, as of cs(), is met by the factor: it would have a negative pivot
