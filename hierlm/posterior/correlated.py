"""The response of models with correlated residuals: densities and draws of rows given others of their block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import PosteriorError, PredictionError, did_you_mean
from hierlm.graph.evaluate import evaluate
from hierlm.model import Model
from hierlm.model.residuals import ResidualCorrelation
from hierlm.model.values import ModelResponse
from hierlm.posterior.block_draws import BlockDraws
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, Rows, chunks, linear_predictor

__all__ = ["GIVEN", "Standard", "check_coefficients", "check_given", "refuse_correlated", "standard"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GIVEN = ("others", "earlier")
"""A row given all others of its block; given those before it, so that the densities multiply to that of the block."""


def refuse_correlated(model: Model, what: str, hint: str) -> None:
    """Refuse what is only right for independent residuals.

    Parameters
    ----------
    what : str
        Begins the sentence: "Deviance residuals".

    Raises
    ------
    PosteriorError
    """
    if model.residual is not None:
        raise PosteriorError(
            f"{what} are about independent residuals, and those of this model are correlated: {model.residual.label}.",
            hint=hint,
        )


@dataclass(frozen=True, eq=False)
class Standard:
    """Location, scale and law of rows at each draw.

    Parameters
    ----------
    blocks : BlockDraws
    response : ModelResponse
    location, scale : (S, n) arrays
        On the scale of T(y).
    parameters : mapping of str to (S, 1) array
        Of the law of the errors.
    """

    blocks: BlockDraws
    response: ModelResponse
    location: Floats
    scale: Floats
    parameters: Mapping[str, Floats]

    def errors(self, y: Floats) -> Floats:
        """(T(y) − μ)/σ, (S, n)."""
        law = self.response.family.errors
        assert law is not None
        return (evaluate(law.scale_of, y=y) - self.location) / self.scale

    def per_block(self, z: Floats) -> tuple[Floats, Floats]:
        """Sum of squares and number of the rows of every block, (S, blocks) each."""
        codes, levels = self.blocks.residual.codes, len(self.blocks.residual.levels)
        q = np.zeros((len(z), levels))
        np.add.at(q.T, codes, (z**2).T)
        return q, np.broadcast_to(np.bincount(codes, minlength=levels).astype(float), q.shape)

    def step_density(self, y: Floats, d: Floats, log_sd: Floats, q: Floats, m: Floats) -> Floats:
        """log p of rows, (S, n), d standard deviations from their prediction by m others of squared length q."""
        law = self.response.family.errors
        assert law is not None
        tensors = {f"p_{p}": v for p, v in self.parameters.items()}

        def density(q: Floats, m: Floats, **given: Floats) -> Floats:
            return law.log_density(q, m, {p: given[f"p_{p}"] for p in self.parameters})

        gain = evaluate(density, q=q + d**2, m=m + 1.0, **tensors) - evaluate(density, q=q, m=m + 0.0, **tensors)
        return gain - log_sd - np.log(self.scale) + evaluate(law.log_slope, y=y)

    def log_density(self, y: Floats, given: str) -> Floats:
        """log p of every row given others of its block, (S, n)."""
        e, codes = self.errors(y), self.blocks.residual.codes
        z, logs = self.blocks.whiten(e)
        q, m = self.per_block(z)
        if given == "others":
            mean, sd = self.blocks.leave_one_out(e)
            d = (e - mean) / sd
            rest = np.maximum(q[:, codes] - d**2, 0.0)
            return self.step_density(y, d, np.log(sd), rest, m[:, codes] - 1.0)
        before, rank = _before(self.blocks.residual, z**2)
        return self.step_density(y, z, logs, before, np.broadcast_to(rank, z.shape))

    def drawn(self, noise: np.random.Generator) -> Floats:
        """One new y of every row, (S, n)."""
        law = self.response.family.errors
        assert law is not None
        e = self.blocks.colour(noise.standard_normal(self.location.shape))
        none = np.zeros((len(e), len(self.blocks.residual.levels)))
        e = e * law.stretch(none, none, self.parameters, noise)[:, self.blocks.residual.codes]
        return law.back(self.location + self.scale * e)

    def normalised(self, y: Floats) -> Floats:
        """What is left of every row after those before it in its block, over its standard deviation, (S, n)."""
        law = self.response.family.errors
        assert law is not None
        return self.blocks.whiten(self.errors(y))[0] / law.sd(self.parameters)

    def deviance(self, y: Floats) -> Floats:
        """sign √(2 (ℓ_max − ℓ)), ℓ the log density of every row given those before it in its block, (S, n).

        ℓ_max is the largest that another mean could give the row, which is where it was foreseen.  Normal ones are
        L⁻¹ e, whose squares add up to eᵀ R⁻¹ e.
        """
        z, logs = self.blocks.whiten(self.errors(y))
        before, rank = _before(self.blocks.residual, z**2)
        m = np.broadcast_to(rank, z.shape)
        loss = self.step_density(y, np.zeros(z.shape), logs, before, m) - self.step_density(y, z, logs, before, m)
        return np.sign(z) * np.sqrt(2 * np.maximum(loss, 0.0))


def _before(residual: ResidualCorrelation, squares: Floats) -> tuple[Floats, Floats]:
    """Of every row: the sum over the rows before it in its block, and their number."""
    order = np.lexsort((*residual.positions.T[::-1], residual.codes))
    codes = residual.codes[order]
    start = np.concatenate([[0], np.flatnonzero(np.diff(codes)) + 1])
    first = np.repeat(start, np.diff(np.append(start, len(codes))))
    before, rank = np.empty(squares.shape), np.empty(len(codes))
    rank[order] = np.arange(len(codes)) - first
    for a, b in zip(start, np.append(start[1:], len(codes)), strict=True):
        own = np.cumsum(squares[:, order[a:b]], axis=1)
        before[:, order[a:b]] = np.concatenate([np.zeros((len(own), 1)), own[:, :-1]], axis=1)
    return before, rank


def standard(
    rows: Rows, draws: Draws, response: ModelResponse, kept: Sequence[str], new: NewLevels, *, means: bool = False
) -> Standard:
    """Location and scale of all rows at each draw, with their blocks.

    Parameters
    ----------
    means : bool
        At one point instead: the posterior means of linear predictors, coefficients and parameters.
    """

    def taken(values: Floats) -> Floats:
        return values.mean(axis=0, keepdims=True) if means else values

    residual, family = rows.correlated, response.family
    assert residual is not None
    assert family.errors is not None
    values: dict[str, Floats] = {}
    for parameter in (names.MEAN, str(family.residual_scale)):
        if parameter not in response.links:
            free = taken(draws.labelled(parameter)[:, None])
            values[parameter] = np.broadcast_to(free, (len(free), rows.n))
            continue
        eta = np.empty((draws.size, rows.n))
        for at in chunks(draws.size, rows.n):
            eta[:, at] = linear_predictor(rows, draws, response.name, parameter, at, kept, new)
        values[parameter] = evaluate(response.links[parameter].inverse, eta=taken(eta))
    rescor = taken(draws.labelled(names.RESIDUAL, **{names.RESIDUAL_DIM: residual.labels}))
    check_coefficients(residual, rescor)
    parameters = {p: taken(draws.labelled(p)[:, None]) for p in family.errors.parameters}
    location, scale = values[names.MEAN], values[str(family.residual_scale)]
    return Standard(BlockDraws(residual, rescor), response, location, scale, parameters)


def check_coefficients(residual: ResidualCorrelation, rescor: Floats) -> None:
    """Refuse rows whose blocks need coefficients that the fit has not, or for which some draws give no matrix.

    Raises
    ------
    PredictionError
    """
    needed = residual.correlation.coefficients(residual.places)
    hint = "Predict the mean, or blocks like those of the data."
    if len(needed) > len(residual.coefficients):
        raise PredictionError(f"{residual.label} was not fitted with rows as far apart as some of these.", hint=hint)
    for i, c in enumerate(needed if len(needed) == len(residual.coefficients) else ()):
        if (rescor[:, i] <= c.lower).any():
            raise PredictionError(
                f"Some draws of {names.element(names.RESIDUAL, residual.labels[i])} lie below {c.lower:.3g}, "
                "where blocks as large as these have no correlation matrix.",
                hint=hint,
            )


def check_given(given: str) -> None:
    """Refuse an unknown choice of :data:`GIVEN`.

    Raises
    ------
    PredictionError
    """
    if given not in GIVEN:
        raise PredictionError(f"given={given!r} is no choice.", hint=did_you_mean(str(given), GIVEN))
