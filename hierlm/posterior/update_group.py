"""update_group: the effects of a group that the fit has not seen, from a few of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierlm.errors import PosteriorError
from hierlm.fit import Fit
from hierlm.model import Model
from hierlm.posterior.comparison.loo import check_target
from hierlm.posterior.comparison.psis import good_k, relative_efficiency, weights_of
from hierlm.posterior.estimates import Estimates
from hierlm.posterior.integrals.conditional import proposed
from hierlm.posterior.integrals.units import Units, level_names, units_of
from hierlm.posterior.intervals import check_interval, describe_into
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, Rows, at_rows, thinned
from hierlm.posterior.loglik import new_values
from hierlm.posterior.options import checked_seed
from hierlm.posterior.updated_group import UpdatedGroup

__all__ = ["update_group"]

Floats = NDArray[np.float64]


def update_group(
    fit: Fit,
    rows: Any,
    *,
    group: str | None = None,
    level: float = 0.95,
    draws: int | None = None,
    seed: int | None = None,
) -> UpdatedGroup:
    """What are the effects of a group that the fit has not seen, given a few of its rows?  No refit.

    For every posterior draw θ the effects b of the new level are drawn from q(b), the normal approximation of
    p(b | y_new, θ) at its mode, which is p(b | y_new, θ) itself in Gaussian models.  The pairs (θ, b) are weighed by
    p(y_new | b, θ) p(b | θ)/q(b), so that θ learns from the new rows too, Pareto smoothed, and drawn again by these
    weights.  k̂ says whether that is reliable; more rows, and rows that surprise the fit, make it larger.

    Parameters
    ----------
    fit : Fit
    rows : data frame
        Rows of one level, with the response and all columns of the model.
    group : str, optional
        The grouping; need not be named where there is one only.
    level : float
        Of the intervals.
    draws : int, optional
        Use that many draws of each chain, evenly spaced.
    seed : int, optional

    Returns
    -------
    UpdatedGroup
        ``.effects``, ``.khat``, and ``.predict(new)`` for further rows of that level.

    Raises
    ------
    PosteriorError
        When the rows are of several levels, of one that the fit has seen, or of new levels of other groupings.
    PredictionError
        When the rows do not fit the model.

    References
    ----------
    Vehtari, Simpson, Gelman, Yao & Gabry (2024), Journal of Machine Learning Research 25(72).

    Examples
    --------
    >>> new = {"Days": [0, 1], "Subject": ["new", "new"], "Reaction": [300.0, 330.0]}
    >>> fit.update_group(new, seed=1).predict({"Days": [9], "Subject": ["new"]})  # doctest: +SKIP
    """
    check_interval(level, "eti")
    model, root = fit.model, checked_seed(seed)
    chosen = str(check_target(model, "new_group", group, asked="update_group"))
    if chosen not in model.groups:
        raise PosteriorError(
            f"The model has no group effects of '{chosen}': only its residuals are correlated.",
            hint=f"Add (1 | {chosen}), or fit the model again with the new rows.",
        )
    posterior = thinned(fit, draws)
    used, found = Draws(model, posterior), at_rows(model, rows, response=True, positions=True)
    units = units_of(model, found, chosen)
    label = _only_new(model, found, units)
    ys = {r.name: new_values(found, r, t) for r, t in zip(model.responses, model.design.responses, strict=True)}
    rng = np.random.default_rng(np.random.SeedSequence([root, 9]))
    log_weights, w = proposed(model, found, used, ys, units, rng)
    weights, khat = weights_of(log_weights, relative_efficiency(fit, posterior))
    place = np.searchsorted(np.cumsum(weights), (np.arange(used.size) + rng.uniform()) / used.size)
    place = rng.permutation(np.minimum(place, used.size - 1))
    new = NewLevels(model, used, 0, zero=True)
    given = {
        key: np.einsum("sij,sj->si", new.root(key[0]), w[:, at])[place]
        for key, at in _slots(model, found, units).items()
    }
    ess = 1 / float((weights**2).sum())
    frame, again = _frame(model, given, new, level), _again(posterior, place)
    observed = None if found.correlated is None else (found, ys[model.responses[0].name])
    return UpdatedGroup(chosen, label, frame, khat, good_k(used.size), ess, again, model, given, observed)


def _only_new(model: Model, rows: Rows, units: Units) -> str:
    """The label of the one new level.

    Raises
    ------
    PosteriorError
    """
    if len(units.labels) != 1:
        raise PosteriorError(
            f"The rows are of {len(units.labels)} levels of {units.group}: {', '.join(units.labels[:4])}.",
            hint="Give the rows of one new level at a time.",
        )
    (label,) = units.labels
    if label in model.groups[units.group][0].levels:
        raise PosteriorError(
            f"The fit has seen '{label}' of {units.group}.",
            hint="Its effects are in fit.ranef(); refit with all its rows.",
        )
    for block in rows.blocks:
        unseen = block.pieces[0].source.unseen
        if block.group not in units.groupings and unseen:
            raise PosteriorError(
                f"The rows have a level of {block.group} that the fit has not seen: {unseen[0]}.",
                hint=f"Only levels of {', '.join(units.groupings)} may be new.",
            )
    return label


def _slots(model: Model, rows: Rows, units: Units) -> dict[tuple[str, str], slice]:
    """Where the effects of every level lie among those of the unit."""
    from hierlm.posterior.integrals.units import level_ids

    found = {}
    for name in units.groupings:
        k = sum(len(b.effects) for b in model.groups[name])
        labels, ids = level_names(rows, name), level_ids(rows, name)
        for id_ in np.unique(ids):
            start = int(units.slots[name][ids == id_][0])
            found[name, labels[id_]] = slice(start, start + k)
    return found


def _frame(model: Model, given: Mapping[tuple[str, str], Floats], new: NewLevels, level: float) -> Estimates:
    columns: dict[str, list[str]] = {"group": [], "level": [], "effect": []}
    for group, label in given:
        for effect in new.labels(group):
            for column, text in zip(columns.values(), (group, label, effect), strict=True):
                column.append(text)
    return describe_into(columns, np.concatenate(list(given.values()), axis=1), level, "eti")


def _again(posterior: xr.Dataset, place: NDArray[np.int64]) -> xr.Dataset:
    """Draws at these positions, as one chain."""
    draws = posterior.sizes["draw"]
    chain, draw = (xr.DataArray(v, dims="draw") for v in (place // draws, place % draws))
    picked = posterior.isel(chain=chain, draw=draw).drop_vars(["chain", "draw"], errors="ignore")
    return picked.expand_dims("chain").assign_coords(chain=[0], draw=np.arange(len(place)))
