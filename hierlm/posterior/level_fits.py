"""What the rows of one level say by themselves: the no-pooling estimate, and the information behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.posterior.coef import Column, group_columns
from hierlm.posterior.draws import covariance_draws, effect_draws, select
from hierlm.posterior.level_likelihoods import LevelLikelihood, by_level, level_likelihood, mean_predictor
from hierlm.posterior.nested import Inner, information_beside, nested_groups

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.model.values import ModelResponse

__all__ = ["LevelFits", "level_fits"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STEPS = 30
HALVINGS = 12
WIDE = 10.0
"""The fallback's prior sd, in group sds."""


@dataclass(frozen=True, eq=False)
class LevelFits:
    """Estimates of the J levels of one grouping for its K effects on the mean of one response.

    Parameters
    ----------
    complete : (K,) array
        Posterior means of the common counterparts, 0 where there is none.
    partial, none : (J, K) array
        Posterior means of the level's coefficients, and their no-pooling estimates.
    information : (J, K, K) array
        Minus the second derivative of the level's log-likelihood at the posterior means, nested effects integrated out.
    rows : (J,) int array
    exact : (J,) bool array
        False where no finite no-pooling estimate exists, so that ``none`` has a wide prior.
    """

    complete: Floats
    partial: Floats
    none: Floats
    information: Floats
    rows: Ints
    exact: NDArray[np.bool_]


def level_fits(fit: Fit, group: str, response: ModelResponse, columns: Sequence[Column], V: Floats) -> LevelFits:
    """Fit every level by itself, all other terms held at their posterior means.

    Groupings nested inside this one are no knowledge about a level but noise in it: their effects are zero in the
    no-pooling estimate and integrated out of the information.

    With correlated residuals a level's rows have the density of their blocks, coefficients of R and standard deviations
    at posterior means too: of a gaussian response generalised least squares.  The information is then the expected one.

    Maximum likelihood by Newton's method from the partial-pooling estimate (for a gaussian response one step, least
    squares).  Where there is no finite maximum — fewer rows than effects, or all responses of a level alike in a
    logistic or Poisson model — the estimate is the mode with a normal prior around complete pooling that is 10 group
    sds wide, and ``exact`` is False.

    Parameters
    ----------
    columns : sequence of K Column
        The grouping's effects on the mean of ``response``.
    V : (K, K) array
        Posterior mean of their covariance.
    """
    codes = fit.model.groups[group][0].codes
    levels, effects, r = effect_draws(fit, group)
    Z = np.stack([c.z for c in columns], axis=1)
    common = [select(fit, names.common(names.MEAN), [c.common])[:, 0].mean() if c.common else 0.0 for c in columns]
    complete = np.array(common)
    partial = complete + r[:, :, [effects.index(c.effect) for c in columns]].mean(axis=0)
    eta = mean_predictor(fit, response, names.MEAN)
    inner = [_inner(fit, name, response.name) for name in nested_groups(fit.model, group)]
    noise = sum((mean for _, mean in inner), np.zeros(len(eta)))
    rest = eta - np.einsum("ik,ik->i", Z, partial[codes]) - noise
    J = len(levels)
    likelihood = level_likelihood(fit, response)
    information = information_beside(
        Z, codes, J, likelihood.information(eta), [part for part, _ in inner if part.Z.shape[1]]
    )
    exact = _full_rank(Z, codes, J)
    none, reached = _newton(likelihood, rest, Z, codes, partial, np.zeros((J, len(columns))), complete)
    exact &= reached
    if not exact.all():
        width = np.where(np.diag(V) > 0, WIDE * np.sqrt(np.diag(V)), np.inf)
        wide, _ = _newton(likelihood, rest, Z, codes, partial, np.broadcast_to(width**-2.0, partial.shape), complete)
        none = np.where(exact[:, None], none, wide)
    return LevelFits(complete, partial, none, information, np.bincount(codes, minlength=J), exact)


def _inner(fit: Fit, group: str, response: str) -> tuple[Inner, Floats]:
    """A nested grouping's effects on the mean of one response, and what they add to η at their posterior means."""
    model, (levels, effects, r) = fit.model, effect_draws(fit, group)
    predictor = (response, names.MEAN)
    columns = [c for c in group_columns(model, group) if (c.response, c.parameter) == predictor]
    codes = model.groups[group][0].codes
    Z = np.stack([c.z for c in columns], axis=1) if columns else np.zeros((len(codes), 0))
    mean = r[:, :, [effects.index(c.effect) for c in columns]].mean(axis=0)
    part = Inner(codes, Z, mean_covariance(fit, group, [c.effect for c in columns]), len(levels))
    return part, np.einsum("ik,ik->i", Z, mean[codes])


def mean_covariance(fit: Fit, group: str, effects: Sequence[str]) -> Floats:
    """Posterior mean of the covariance of some effects of a grouping; independent blocks have none between them."""
    place = {effect: i for i, effect in enumerate(effects)}
    V = np.zeros((len(effects), len(effects)))
    for block in fit.model.groups[group]:
        inside = [(i, place[e]) for i, e in enumerate(block.effects) if e in place]
        mean = covariance_draws(fit, block).mean(axis=0)
        for i, a in inside:
            for j, b in inside:
                V[a, b] = mean[i, j]
    return V


def _full_rank(Z: Floats, codes: Ints, J: int) -> NDArray[np.bool_]:
    """Whether a level's rows determine all its effects."""
    ZZ = by_level(Z, codes, J, np.ones(len(Z)))
    size = np.sqrt(np.diagonal(ZZ, axis1=1, axis2=2))
    scale = np.where(size > 0, size, 1.0)
    return np.linalg.eigvalsh(ZZ / (scale[:, :, None] * scale[:, None, :]))[:, 0] > 1e-9


def _newton(
    likelihood: LevelLikelihood, rest: Floats, Z: Floats, codes: Ints, start: Floats, precision: Floats, centre: Floats
) -> tuple[Floats, NDArray[np.bool_]]:
    """Maximise every level's ℓ_j(c) − ½ Σ_k precision (c − centre)²; (J, K) and whether it was reached."""
    J, _ = start.shape
    c = np.array(start)

    def at(values: Floats) -> tuple[Floats, Floats, Floats]:
        eta = rest + np.einsum("ik,ik->i", Z, values[codes])
        density, gradient, hessian = likelihood.derivatives(eta, Z, codes, J)
        total = density - 0.5 * (precision * (values - centre) ** 2).sum(axis=1)
        gradient = gradient - precision * (values - centre)
        hessian = hessian + precision[:, :, None] * np.eye(len(centre))
        return np.where(np.isfinite(total), total, -np.inf), gradient, hessian

    with np.errstate(all="ignore"):
        now, gradient, hessian = at(c)
        # Steps in standard errors at the start: with separation the steps stay long while the gradient vanishes.
        unit = np.sqrt(np.abs(np.diagonal(hessian, axis1=1, axis2=2)))
        size = np.full(J, np.inf)
        for _ in range(STEPS):
            step = _uphill(gradient, hessian)
            length = np.ones(J)
            for _ in range(HALVINGS):
                trial = at(c + length[:, None] * step)
                worse = ~(trial[0] >= now - 1e-10 * (1 + np.abs(now)))
                if not worse.any():
                    break
                length = np.where(worse, length / 2, length)
            length = np.where(worse, 0.0, length)
            c = c + length[:, None] * step
            now, gradient, hessian = at(c)
            size = (np.abs(_uphill(gradient, hessian)) * unit).max(axis=1)
            if (size < 1e-7).all():
                break
    return c, _curved(hessian) & (size < 1e-4)


def _uphill(gradient: Floats, hessian: Floats) -> Floats:
    """Newton's step, with the absolute curvature where the log-likelihood is not concave; none where it is flat."""
    usable = np.isfinite(hessian).all(axis=(1, 2)) & np.isfinite(gradient).all(axis=1)
    values, vectors = np.linalg.eigh(np.where(usable[:, None, None], hessian, np.eye(hessian.shape[1])))
    top = np.abs(values).max(axis=1, keepdims=True)
    inverse = np.where(np.abs(values) > 1e-12 * top, 1 / np.where(values == 0, 1.0, np.abs(values)), 0.0)
    return np.einsum("jab,jb,jcb,jc->ja", vectors, inverse, vectors, np.where(usable[:, None], gradient, 0.0))


def _curved(hessian: Floats) -> NDArray[np.bool_]:
    """Whether the maximum is a proper one."""
    finite = np.isfinite(hessian).all(axis=(1, 2))
    values = np.linalg.eigvalsh(np.where(finite[:, None, None], hessian, np.eye(hessian.shape[1])))
    return finite & (values[:, 0] > 0)
