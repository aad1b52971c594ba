"""Linear predictors from draws: η = offset + X b + Σ Z r, every term joined by its label."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierlm import names
from hierlm.design.values import Design, Response
from hierlm.errors import DataError, PosteriorError, PredictionError, did_you_mean
from hierlm.families.checks import check_additions
from hierlm.fit import Fit
from hierlm.model import Model
from hierlm.model.blocks import group_blocks
from hierlm.model.residuals import ResidualCorrelation
from hierlm.model.smooths import smooth_blocks
from hierlm.model.specify import predictors_of
from hierlm.model.values import GroupBlock, ModelPredictor
from hierlm.posterior.group_effects import add_group
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.places import refuse_beyond
from hierlm.posterior.scales import log_scale_factors
from hierlm.priors.fixed import Fixed

__all__ = ["At", "Draws", "Rows", "at_rows", "chunks", "linear_predictor", "thinned"]

Floats = NDArray[np.float64]
At = slice | NDArray[np.int64]
"""Rows that are asked for."""

CHUNK = 2_000_000
"""Draws × rows that are worked on at once, 16 MB an array."""


@final
class Draws:
    """Posterior draws as arrays: one leading axis over all S draws of all chains, everything else looked up by label.

    Parameters
    ----------
    model : Model
        For parameters that are held fixed, which samplers need not return.
    posterior : Dataset
    """

    def __init__(self, model: Model, posterior: xr.Dataset) -> None:
        self._model, self._posterior = model, posterior
        self.chains, self.draws = posterior.sizes["chain"], posterior.sizes["draw"]
        self.size = self.chains * self.draws
        self.coords = {dim: posterior[dim].to_numpy() for dim in ("chain", "draw")}

    @property
    def model(self) -> Model:
        """The model that the draws are of."""
        return self._model

    def first(self) -> Draws:
        """The first draw alone."""
        return Draws(self._model, self._posterior.isel(chain=[0], draw=[0]))

    def thinned(self, most: int) -> Draws:
        """At most so many of the draws, evenly spaced in every chain."""
        keep = np.unique(np.linspace(0, self.draws - 1, max(1, most // self.chains)).astype(int))
        return Draws(self._model, self._posterior.isel(draw=keep))

    def labelled(self, variable: str, **wanted: Sequence[str]) -> Floats:
        """A variable at the wanted labels of each of its dimensions, in their order, shape (S, …).

        Raises
        ------
        PosteriorError
            When there is no such variable or label.
        """
        if variable not in self._posterior:
            return self._constant(variable, *wanted.values())
        array = self._posterior[variable].transpose("chain", "draw", *wanted)
        values = array.to_numpy().reshape(self.size, *array.shape[2:])
        for axis, (dim, labels) in enumerate(wanted.items(), start=1):
            place = _positions(variable, array[dim].to_numpy(), labels)
            if len(place) and np.all(np.diff(place) == 1):  # a view where it can be
                values = values[(slice(None),) * axis + (slice(place[0], place[-1] + 1),)]
            else:
                values = np.take(values, place, axis=axis)
        return np.asarray(values, dtype=np.float64)

    def has(self, variable: str) -> bool:
        """Whether there are draws of a variable, or it is fixed."""
        return variable in self._posterior or any(a.variable == variable for a in self._model.assignments)

    def _constant(self, variable: str, *labels: Sequence[str]) -> Floats:
        """The values of a variable all of whose elements are fixed."""
        fixed: dict[str | None, float] = {}
        for a in self._model.assignments:
            if a.variable == variable and isinstance(a.prior, Fixed):
                fixed |= dict.fromkeys((a.label, *a.also), a.prior.value)
        wanted: list[str | None] = [*labels[0]] if labels else [None]
        absent = [label for label in wanted if label not in fixed]
        if absent:
            name = variable if absent[0] is None else names.element(variable, absent[0])
            raise PosteriorError(
                f"The fit has no draws of {name}.", hint=did_you_mean(variable, map(str, self._posterior))
            )
        row = np.array([fixed[label] for label in wanted])
        return np.broadcast_to(row if labels else row[0], (self.size, *(len(at) for at in labels)))


def _positions(variable: str, present: NDArray[Any], wanted: Sequence[str]) -> NDArray[np.int64]:
    place = {str(label): i for i, label in enumerate(present)}
    for label in wanted:
        if label not in place:
            raise PosteriorError(
                f"The fit has no draws of {names.element(variable, label)}.", hint=did_you_mean(label, place)
            )
    return np.array([place[label] for label in wanted], dtype=np.int64)


def thinned(fit: Fit, draws: int | None) -> xr.Dataset:
    """The posterior with ``draws`` evenly spaced draws of each chain; all of them for None.

    Raises
    ------
    PredictionError
        When the fit has not that many.
    """
    posterior = fit.posterior
    if draws is None:
        return posterior
    most = posterior.sizes["draw"]
    if isinstance(draws, bool) or not isinstance(draws, (int, np.integer)) or not 1 <= draws <= most:
        raise PredictionError(
            f"draws={draws!r} is not a whole number from 1 to {most}.", hint=f"The fit has {most} draws a chain."
        )
    return posterior.isel(draw=np.linspace(0, most - 1, int(draws)).round().astype(int))


@dataclass(frozen=True, eq=False)
class Rows:
    """A model applied to rows: its predictors and group blocks with the columns of those rows.

    Parameters
    ----------
    index : (n,) int array
        Where each row lay in the user's data.
    responses : tuple of Response
        As those rows have them (additions such as trials; values too where the data hold them).
    predictors : tuple of ModelPredictor
    blocks : tuple of GroupBlock
        Their pieces' ``source`` tells unseen levels.
    smooths : tuple of GroupBlock
        The penalised parts of smooths.
    correlated : ResidualCorrelation or None
        The blocks of correlated residuals; None for independent ones, and where nobody asked.
    """

    index: NDArray[np.int64]
    responses: tuple[Response, ...]
    predictors: tuple[ModelPredictor, ...]
    blocks: tuple[GroupBlock, ...]
    smooths: tuple[GroupBlock, ...] = ()
    correlated: ResidualCorrelation | None = None

    @property
    def n(self) -> int:
        """How many rows."""
        return len(self.index)


def at_rows(
    model: Model,
    new: Any = None,
    *,
    kept: Iterable[str] | None = None,
    response: bool = False,
    positions: bool = False,
    forecasts: bool = False,
    strangers: Iterable[str] = (),
) -> Rows:
    """The model at new data, or at the data it was made from.

    Parameters
    ----------
    new : data frame, optional
    kept : iterable of str, optional
        The groupings that will be asked for; new data need not have the columns of others.
    response : bool
        Whether the new data must hold the responses' values.
    positions : bool
        Whether they must hold where residuals that are correlated were taken.
    forecasts : bool
        Whether rows may be at places where the fit has no effects: of a latent residual process, or of a structure over
        positions.
    strangers : iterable of str
        Groupings of related levels that may have levels related to none of them.

    Raises
    ------
    PredictionError
        When the new data lack a column, or hold one of another kind.
    """
    if new is None:
        design = model.design
        index = np.asarray(design.rows)
        return Rows(index, design.responses, model.predictors, model.blocks, model.smooths, model.residual)
    schema = model.design.schema
    skip = set(model.groups) - set(model.groups if kept is None else kept)
    design = schema.apply(
        new, need_response=response, skip_groups=skip, need_positions=positions, strangers=[*strangers]
    )
    _check_new_additions(design)
    predictors = predictors_of(design, model.responses)
    blocks = group_blocks(design, model.responses, model.options.matrices)
    if not forecasts:
        refuse_beyond(model, blocks)
    smooths = smooth_blocks(design, model.responses)
    correlated = None if model.residual is None else model.residual.at(design.correlated)
    return Rows(np.asarray(design.rows), design.responses, predictors, blocks, smooths, correlated)


def _check_new_additions(design: Design) -> None:
    """Refuse trials, weights and standard errors of new rows that are none."""
    for response in design.responses:
        try:
            check_additions(response.additions)
        except DataError as problem:
            raise PredictionError(f"New data: {problem.message}", hint=problem.hint) from problem


def chunks(draws: int, rows: int) -> Iterator[slice]:
    """Slices of rows such that draws × rows stays within :data:`CHUNK`."""
    step = max(1, CHUNK // max(draws, 1))
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))


def linear_predictor(
    rows: Rows, draws: Draws, response: str, parameter: str, at: At, kept: Iterable[str], new_levels: NewLevels
) -> Floats:
    """η of one parameter of one response on the link scale, variance functions included; (S, rows in ``at``).

    Every row is computed by itself, so a row's numbers do not depend on which others there are.

    Parameters
    ----------
    kept : iterable of str
        The groupings whose effects count; those of the others are zero.  Smooths always count.
    new_levels : NewLevels
        Effects of levels that the fit has not seen.
    """
    predictor = next(p for p in rows.predictors if (p.response, p.parameter) == (response, parameter))
    X = predictor.X[at]
    eta = np.repeat(predictor.offset[None, at], draws.size, axis=0)
    if predictor.labels:
        b = draws.labelled(names.common(parameter), **{names.common_dim(parameter): predictor.labels})
        for j in range(X.shape[1]):  # not b @ X.T: a matrix product rounds by its shape
            if np.any(X[:, j]):
                eta += b[:, j, None] * X[:, j]
    for block in rows.smooths:
        _add_smooth(eta, block, draws, response, parameter, at)
    groups = set(kept)
    for block in rows.blocks:
        if block.group in groups:
            add_group(eta, block, draws, response, parameter, at, new_levels)
    if predictor.variances:
        mean = linear_predictor(rows, draws, response, names.MEAN, at, groups, new_levels)
        eta += log_scale_factors(predictor, draws, mean, at)
    return eta


def _add_smooth(eta: Floats, block: GroupBlock, draws: Draws, response: str, parameter: str, at: At) -> None:
    """Add the penalised part of a smooth, Z r, to ``eta``."""
    (piece,) = block.pieces
    if (piece.response, piece.parameter) != (response, parameter):
        return
    r = draws.labelled(names.effects(block.group), **{names.effect_dim(block.group): block.effects})
    for k, z in enumerate(piece.Z[at].T):
        eta += r[:, k, None] * z
