"""update_group: the effects of a group that the fit has not seen, from a few of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import PosteriorError, PredictionError, did_you_mean
from hierlm.fit import Fit
from hierlm.model import Model
from hierlm.posterior.comparison.loo import check_target
from hierlm.posterior.comparison.psis import good_k, relative_efficiency, weights_of
from hierlm.posterior.estimates import Estimates
from hierlm.posterior.integrals.conditional import proposed
from hierlm.posterior.integrals.units import Units, level_names, units_of
from hierlm.posterior.intervals import check_interval, describe_into
from hierlm.posterior.layout import html_lines, html_page
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, Rows, at_rows, chunks, thinned
from hierlm.posterior.loglik import new_values
from hierlm.posterior.options import check_finite, checked_seed, labelled_draws
from hierlm.posterior.prediction import Prediction, frame_of
from hierlm.posterior.response import drawn_response, expected_response, linear_of

__all__ = ["UpdatedGroup", "update_group"]

Floats = NDArray[np.float64]
KINDS = ("mean", "linear", "response")


@final
@dataclass(frozen=True, eq=False, repr=False)
class UpdatedGroup:
    """What a fit says about a level that it has not seen, after some of its rows.

    Parameters
    ----------
    group, level : str
    effects : Estimates
        ``group``, ``level``, ``effect``, ``mean``, ``sd``, ``lower``, ``upper``, on the link scale; those of nested
        groupings too.
    khat : float
        Pareto k̂ of the importance weights p(y_new | draw); above ``good_k`` fit the model again with the new rows.
    good_k : float
    ess : float
        Draws that the weights are worth.
    posterior : Dataset
        Draws of everything else given the old and the new data, equally weighted.
    model : Model
    given : mapping of (grouping, level) to (S, effects) array
        Draws of the effects that belong to them.
    """

    group: str
    level: str
    effects: Estimates
    khat: float
    good_k: float
    ess: float
    posterior: xr.Dataset
    model: Model
    given: Mapping[tuple[str, str], Floats] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the weights are reliable."""
        return bool(self.khat <= self.good_k)

    def predict(
        self,
        new: Any,
        *,
        kind: Literal["mean", "linear", "response"] = "mean",
        response: str | None = None,
        level: float = 0.95,
        seed: int | None = None,
    ) -> Prediction:
        """Predictions for rows of the new level, or of any other.

        Parameters
        ----------
        new : data frame
        kind : {"mean", "linear", "response"}
            E[y], η of the mean, or new observations.
        response : str, optional
            Which one, in a model of several.
        level : float
            Of the intervals.
        seed : int, optional
            Of new observations, and of further new levels.

        Returns
        -------
        Prediction

        Raises
        ------
        PredictionError, PosteriorError
        """
        if kind not in KINDS:
            raise PredictionError(f"kind={kind!r} is unknown.", hint=did_you_mean(str(kind), KINDS))
        check_interval(level, "eti")
        known = {r.name: r for r in self.model.responses}
        name = next(iter(known)) if response is None and len(known) == 1 else response
        if name not in known:
            raise PredictionError(f"Name a response, not {response!r}.", hint=f"One of: {', '.join(known)}.")
        chosen = known[name]
        if chosen.categories:
            raise PredictionError(
                f"'{name}' has categories.", hint="Fit the model again with the new rows, and predict."
            )
        draws, rows, root = (
            Draws(self.model, self.posterior),
            at_rows(self.model, new, forecasts=True),
            checked_seed(seed),
        )
        effects = NewLevels(self.model, draws, root, zero=False, given=self.given)
        noise, kept = np.random.default_rng(np.random.SeedSequence([root])), tuple(self.model.groups)
        out = np.empty((draws.size, rows.n))
        for at in chunks(draws.size, rows.n):
            if kind == "linear":
                out[:, at] = linear_of(rows, draws, chosen, at, kept, effects, names.MEAN)[names.MEAN]
            elif kind == "mean":
                out[:, at] = expected_response(rows, draws, chosen, at, kept, effects)
            else:
                out[:, at] = drawn_response(rows, draws, chosen, at, kept, effects, noise)
        check_finite(out, rows)
        quantity = {"mean": f"E[{name}]", "linear": f"Linear predictor of {name}", "response": f"New {name}"}[kind]
        return Prediction(
            frame_of(out, rows, level), labelled_draws(out, draws, rows, quantity), quantity, level, {}, "draw"
        )

    def _footer(self) -> str:
        verdict = "reliable" if self.ok else "not reliable: fit the model again with the new rows"
        k = "exact" if np.isneginf(self.khat) else f"k̂ = {self.khat:.2f} (good up to {self.good_k:.2f})"
        return f"Weights of the draws given the new rows: {k}, worth {self.ess:,.0f} draws, {verdict}."

    def __repr__(self) -> str:
        return f"{self.group} {self.level}, from its new rows\n{self.effects!r}\n{self._footer()}"

    def _repr_html_(self) -> str:
        return html_page(self.effects._repr_html_(), html_lines([self._footer()]))


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
    posterior = thinned(fit, draws)
    used, found = Draws(model, posterior), at_rows(model, rows, response=True)
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
    return UpdatedGroup(chosen, label, frame, khat, good_k(used.size), ess, again, model, given)


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
