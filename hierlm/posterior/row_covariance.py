"""V = Z G Zᵀ + R of some rows, draw by draw: what group effects and residuals give two rows in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import spsolve

from hierlm import names
from hierlm.graph.colouring import per_draw
from hierlm.model.residuals import ResidualCorrelation
from hierlm.posterior.draws import covariance_draws
from hierlm.posterior.family_values import family_values
from hierlm.posterior.level_scales import level_factors
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, at_rows
from hierlm.posterior.response import additions, free_values, linear_of

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.model.values import GroupBlock, ModelResponse

__all__ = ["residual_covariance", "row_covariances"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def row_covariances(fit: Fit, response: ModelResponse, at: Ints) -> dict[str, Floats]:
    """Z G Zᵀ of every grouping with effects on the mean, (S, m, m) each.

    Parameters
    ----------
    at : (m,) int array
        The rows.
    """
    found: dict[str, Floats] = {}
    draws = Draws(fit.model, fit.posterior)
    for group, blocks in fit.model.groups.items():
        parts = [_block(fit, block, response.name, at) for block in blocks]
        own = [part for part in parts if part is not None]
        if own:
            total = np.sum(own, axis=0)
            factors = level_factors(fit.model, draws, group)
            if factors is not None:
                f = factors[:, blocks[0].codes[at]]
                total = total * f[:, :, None] * f[:, None, :]
            found[group] = total
    return found


def _block(fit: Fit, block: GroupBlock, response: str, at: Ints) -> Floats | None:
    pieces = [p for p in block.pieces if (p.response, p.parameter) == (response, names.MEAN)]
    if not pieces:
        return None
    Z = np.concatenate([p.Z[at] for p in pieces], axis=1)
    own = [e for p in pieces for e in p.effects]
    V = covariance_draws(fit, block)[:, own][:, :, own]
    return np.einsum("ia,sab,jb->sij", Z, V, Z) * _alike(block, at)


def _alike(block: GroupBlock, at: Ints) -> Floats:
    """The covariance of the levels of two rows, for effects with variance one, (m, m)."""
    if block.members is not None:
        W = np.zeros((len(at), len(block.levels)))
        for codes, weights in zip(block.members.codes[at].T, block.members.weights[at].T, strict=True):
            W[np.arange(len(at)), codes] += weights
        return W @ W.T
    codes = block.codes[at]
    if block.relation is None:
        return (codes[:, None] == codes).astype(np.float64)
    every, place = np.unique(codes, return_inverse=True)
    labels = block.relation.labels
    wanted = block.relation.places([block.levels[j] for j in every])
    columns = np.zeros((len(labels), len(every)))
    columns[wanted, np.arange(len(every))] = 1.0
    K = np.asarray(spsolve(sparse.csc_array(block.relation.precision(labels)), columns)).reshape(columns.shape)[wanted]
    return K[np.ix_(place, place)]


def residual_covariance(fit: Fit, response: ModelResponse, at: Ints) -> Floats:
    """R, (S, m, m): the distribution-specific variance of every row on the link scale, and its correlations."""
    draws, rows = Draws(fit.model, fit.posterior), at_rows(fit.model)
    kept, new = tuple(fit.model.groups), NewLevels(fit.model, draws, 0, zero=True)
    etas, free = linear_of(rows, draws, response, at, kept, new), free_values(draws, response)
    values = family_values(
        lambda a, p: response.family.latent_variance(a, **p), response, additions(rows, response, at), etas, free
    )
    sd = np.sqrt(np.broadcast_to(values, (draws.size, len(at))))
    residual = fit.model.residual
    if residual is None:
        return np.eye(len(at)) * sd[:, :, None] * sd[:, None, :]
    rescor = draws.labelled(names.RESIDUAL, **{names.RESIDUAL_DIM: residual.labels})
    return _correlations(residual, rescor, at) * sd[:, :, None] * sd[:, None, :]


def _correlations(residual: ResidualCorrelation, rescor: Floats, at: Ints) -> Floats:
    R = np.zeros((len(rescor), len(at), len(at)))
    codes, positions = residual.codes[at], residual.positions[at]
    for code in np.unique(codes):
        own = np.flatnonzero(codes == code)
        question = per_draw(residual, lambda values, own=own: residual.correlation.matrix(values, positions[own]))
        R[:, own[:, None], own] = question(rescor)[0]
    return R
