"""The parts that the variance of a response has on the link scale: common, group, distribution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import PosteriorError
from hierlm.graph.evaluate import evaluate
from hierlm.posterior.draws import covariance_draws, select
from hierlm.posterior.family_values import family_values
from hierlm.posterior.level_scales import level_factors
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, Rows, at_rows, chunks, linear_predictor
from hierlm.posterior.response import free_values
from hierlm.posterior.structured import StructuredDraws

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.model.values import GroupBlock, ModelResponse

__all__ = [
    "VarianceParts",
    "block_variance",
    "distribution_variance",
    "mean_is_linear",
    "one_level_per_row",
    "variance_parts",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class VarianceParts:
    """Variance of one response on the link scale of its mean, draw by draw; every array has shape (sample,).

    Parameters
    ----------
    response : str
    fixed : array
        Of the common effects and the smooths, b' S b with S the covariance of their columns over rows (n − 1);
        offsets left out.
    groups : mapping grouping → array
        Of each grouping: the mean over rows of z' V z (Johnson 2014), summed over its independent terms.
    units : mapping grouping → array
        The same for groupings with one level per row, and for a latent residual process: additive overdispersion.
    distribution : array
        Distribution-specific, see :func:`distribution_variance`.
    """

    response: str
    fixed: Floats
    groups: Mapping[str, Floats]
    units: Mapping[str, Floats]
    distribution: Floats

    @property
    def random(self) -> Floats:
        """All group variance but overdispersion."""
        return sum(self.groups.values(), np.zeros_like(self.fixed))

    @property
    def residual(self) -> Floats:
        """Distribution-specific variance and overdispersion."""
        return sum(self.units.values(), self.distribution)


def variance_parts(fit: Fit, response: ModelResponse) -> VarianceParts:
    """The parts of the variance of one response.

    Raises
    ------
    PosteriorError
        When the link has no latent variance.

    References
    ----------
    Nakagawa & Schielzeth (2013), Methods in Ecology and Evolution 4:133–142; Johnson (2014), ibid. 5:944–946;
    Nakagawa, Johnson & Schielzeth (2017), Journal of the Royal Society Interface 14:20170213.
    """
    groups: dict[str, Floats] = {}
    units: dict[str, Floats] = {}
    for group, blocks in fit.model.groups.items():
        found = []
        for block in blocks:
            part = block_variance(fit, block, response.name)
            if part is None:
                continue
            if block.process is not None:
                units[names.element(group, block.label)] = part
            else:
                found.append(part)
        if found:
            (units if one_level_per_row(blocks[0]) else groups)[group] = np.sum(found, axis=0)
    return VarianceParts(response.name, _fixed(fit, response), groups, units, distribution_variance(fit, response))


def one_level_per_row(block: GroupBlock) -> bool:
    """Whether every row has a level of its own: an observation-level effect."""
    return block.members is None and int(np.bincount(block.codes).max()) == 1


def block_variance(fit: Fit, block: GroupBlock, response: str) -> Floats | None:
    """Mean over rows of f z' V z = tr(V Z' F Z/n), (sample,); None where the block has no part in that response's mean.

    V is that of each row's level, where the standard deviations have a formula; f is 1, K_jj for related levels, and
    what the weights of a multi-membership add up to, squared.
    """
    pieces = [p for p in block.pieces if (p.response, p.parameter) == (response, names.MEAN)]
    if not pieces:
        return None
    Z = np.concatenate([p.Z for p in pieces], axis=1)
    own = [e for p in pieces for e in p.effects]
    f = row_factors(block)
    if block.covariance.structured(len(block.effects)) and (np.count_nonzero(Z, axis=1) == 1).all():
        variances = StructuredDraws(fit.model, Draws(fit.model, fit.posterior), block).variances()
        weights = np.ones(len(Z)) if f is None else f
        return np.asarray(variances[:, own] @ (weights @ Z**2) / len(Z))
    V = covariance_draws(fit, block)[:, own][:, :, own]
    factors = level_factors(fit.model, Draws(fit.model, fit.posterior), block.group)
    if factors is None:
        return np.einsum("sij,ij->s", V, Z.T @ (Z if f is None else f[:, None] * Z) / len(Z))
    squares = np.einsum("ni,nj->nij", Z, Z).reshape(len(Z), -1)
    products = np.stack([np.bincount(block.codes, s, len(block.levels)) for s in squares.T], axis=1) / len(Z)
    return np.einsum("sq,sj,jq->s", V.reshape(len(V), -1), factors**2, products)


def row_factors(block: GroupBlock) -> Floats | None:
    """By how much the variance of a row's effects is that of a level's; None for 1."""
    if block.relation is not None:
        return np.asarray(block.relation.diagonal(block.levels)[block.codes])
    if block.members is None:
        return None
    codes, weights = block.members.codes, block.members.weights
    same = codes[:, :, None] == codes[:, None, :]
    return np.einsum("im,in,imn->i", weights, weights, same)


def _fixed(fit: Fit, response: ModelResponse) -> Floats:
    predictor = next(p for p in fit.model.predictors if (p.response, p.parameter) == (response.name, names.MEAN))
    columns, coefficients = [predictor.X], [select(fit, names.common(names.MEAN), predictor.labels)]
    for block in fit.model.smooths:
        (piece,) = block.pieces
        if (piece.response, piece.parameter) == (response.name, names.MEAN):
            columns.append(piece.Z)
            coefficients.append(select(fit, names.effects(block.group), block.effects))
    X, b = np.concatenate(columns, axis=1), np.concatenate(coefficients, axis=1)
    centred = X - X.mean(axis=0)
    return np.einsum("si,ij,sj->s", b, centred.T @ centred / (len(centred) - 1), b)


def distribution_variance(fit: Fit, response: ModelResponse) -> Floats:
    """The distribution-specific variance on the link scale, (sample,).

    Links with a latent threshold have a constant (π²/3 logit, 1 probit, π²/6 cloglog and loglog).  Others take the
    family's ``latent_variance`` at the *mean over rows of the fitted means* μ_i (group effects included), and at each
    row's own value of the other parameters and additions, averaged over rows.  Nakagawa et al. (2017) take the mean
    from an intercept-only model instead.  Infinite where the distribution has no variance (Student t, ν ≤ 2).

    Raises
    ------
    PosteriorError
        When the link has no latent variance, or a draw's variance is not a number.
    """
    draws, rows = Draws(fit.model, fit.posterior), at_rows(fit.model)
    free = free_values(draws, response)
    others = [p for p in response.links if p != names.MEAN]
    link = response.links[names.MEAN]
    centre = np.full((draws.size, 1), 0.5)
    if _depends_on_mean(fit, response, free, others):
        total = np.zeros(draws.size)
        for at in chunks(draws.size, rows.n):
            eta = _eta(fit, rows, draws, response, names.MEAN, at)
            total += evaluate(lambda eta: link.inverse(eta), eta=eta).sum(axis=1)
        centre = evaluate(lambda mu: link.link(mu), mu=total[:, None] / rows.n)
    variance = np.zeros(draws.size)
    for at in chunks(draws.size, rows.n):
        etas = {names.MEAN: centre} | {p: _eta(fit, rows, draws, response, p, at) for p in others}
        variance += _latent(response, at, etas, free).sum(axis=1)
    lost = int(np.isnan(variance).sum())
    if lost:
        raise PosteriorError(
            f"The variance of '{response.name}' on the link scale is undefined in {lost} draws.",
            hint="The mean leaves the range of the link there; use another link, or fit.varcorr().",
        )
    return variance / rows.n


def _eta(fit: Fit, rows: Rows, draws: Draws, response: ModelResponse, parameter: str, at: slice) -> Floats:
    new_levels = NewLevels(fit.model, draws, 0, zero=True)
    return linear_predictor(rows, draws, response.name, parameter, at, fit.model.groups, new_levels)


def _latent(response: ModelResponse, at: slice, etas: Mapping[str, Floats], free: Mapping[str, Floats]) -> Floats:
    """The family's latent variance, broadcast to (sample, rows)."""
    additions = {a: v[at] for a, v in response.additions.items()}
    values = family_values(lambda a, p: response.family.latent_variance(a, **p), response, additions, etas, free)
    size = next(iter(etas.values())).shape[0]
    return np.broadcast_to(values, (size, len(response.y[at])))


def _depends_on_mean(fit: Fit, response: ModelResponse, free: Mapping[str, Floats], others: list[str]) -> bool:
    """Whether the latent variance differs between two means; if not, no linear predictor needs to be computed."""
    one = {p: v[:1] for p, v in free.items()}
    etas = {p: np.full((1, 1), 0.5) for p in others}
    at = slice(0, 1)
    low, high = (_latent(response, at, {names.MEAN: np.full((1, 1), eta)} | etas, one) for eta in (0.3, 0.7))
    return not np.array_equal(low, high)


def mean_is_linear(fit: Fit, response: ModelResponse) -> bool:
    """Whether E[y] is the linear predictor itself, so that the link scale is the response scale."""
    if response.categories:
        return False
    first = fit.posterior.isel(chain=[0], draw=[0])
    draws, rows = Draws(fit.model, first), at_rows(fit.model)
    at = slice(0, rows.n)
    etas = {p: _eta(fit, rows, draws, response, p, at) for p in response.links}
    free = free_values(draws, response)
    mean = family_values(lambda a, p: response.family.mean(a, **p), response, response.additions, etas, free)
    return bool(np.allclose(mean, etas[names.MEAN]))
