"""Blocks of correlated errors: eᵀ R⁻¹ e of every block and log |R|."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor import linalg

from hierlm.correlations import Correlation
from hierlm.model.residual_blocks import Batch, batches, chain
from hierlm.model.residuals import ResidualCorrelation

__all__ = ["block_terms", "factor"]

Tensor = Any
Values = Mapping[str, Tensor]


def block_terms(residual: ResidualCorrelation, values: Values, errors: Tensor) -> tuple[Tensor, Tensor]:
    """Eᵀ R⁻¹ e of every block, (blocks,), and ½ Σ log |R| of all of them.

    Parameters
    ----------
    residual : ResidualCorrelation
    values : mapping of str to tensor
        Coefficient → its value.
    errors : (n,) tensor
        With variance one.

    Returns
    -------
    (blocks,) tensor, scalar tensor
        NaN where R is not positive definite in double precision; zero for a block without rows.
    """
    if residual.correlation.markov:
        return _chained(residual, values, errors)
    if residual.correlation.exchangeable:
        return _exchangeable(residual, values, errors)
    alone = np.flatnonzero(np.bincount(residual.codes)[residual.codes] == 1)
    found, half = [pt.zeros(1), errors[alone] ** 2], pt.constant(np.float64(0))
    place = np.zeros(len(residual.levels), dtype=np.int64)  # of each block in what is found; first a zero
    place[residual.codes[alone]] = 1 + np.arange(len(alone))
    start = 1 + len(alone)
    for batch in batches(residual):
        q, log = _batched(residual.correlation, values, errors, batch)
        found.append(q)
        half = half + log
        place[residual.codes[batch.rows[:, 0]]] = start + np.arange(len(batch.rows))
        start += len(batch.rows)
    return pt.concatenate(found)[place], half


def _summed(residual: ResidualCorrelation, values: Tensor) -> Tensor:
    """The sum over the rows of every block."""
    return pt.zeros(len(residual.levels))[residual.codes].inc(values)


def _chained(residual: ResidualCorrelation, values: Values, errors: Tensor) -> tuple[Tensor, Tensor]:
    """z_t = (e_t − a e_{t−1})/√v: one pass over the rows, without a matrix."""
    own = chain(residual)
    step = residual.correlation.step(values, own.gaps) if len(own.later) else None
    if step is None:
        return _summed(residual, errors**2), pt.constant(np.float64(0))
    a, v = step
    z = (errors[own.later] - a * errors[own.before]) / pt.sqrt(v)
    return _summed(residual, errors[own.later].set(z) ** 2), 0.5 * pt.log(v).sum()


def _exchangeable(residual: ResidualCorrelation, values: Values, errors: Tensor) -> tuple[Tensor, Tensor]:
    """(Σ e² − ρ (Σ e)²/(1 + (m − 1) ρ))/(1 − ρ) and |R| = (1 − ρ)^(m − 1) (1 + (m − 1) ρ), of m rows."""
    (rho,) = values.values()
    m = np.bincount(residual.codes, minlength=len(residual.levels)).astype(np.float64)
    more = 1 + np.maximum(m - 1, 0.0) * rho
    q = (_summed(residual, errors**2) - rho / more * _summed(residual, errors) ** 2) / (1 - rho)
    sizes, often = np.unique(m[m > 0], return_counts=True)
    logs = (sizes - 1) * pt.log1p(-rho) + pt.log1p((sizes - 1) * rho)
    return q, 0.5 * (often * logs).sum()


def _batched(correlation: Correlation, values: Values, errors: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """|L⁻¹ e|² of the blocks of a batch, (B,), and Σ log L_ii."""
    filled = batch.rows >= 0
    e = errors[np.where(filled, batch.rows, 0).ravel()].reshape(filled.shape)  # one axis of indices compiles fast
    e = e if filled.all() else e * filled.astype(np.float64)
    L = factor(correlation, values, batch)
    if len(batch.positions) == 1:
        z = linalg.solve_triangular(L, e.T, lower=True)
        return (z**2).sum(axis=0), float(len(batch.rows)) * pt.log(pt.diagonal(L)).sum()
    z = linalg.solve_triangular(L[batch.pattern], e[..., None], lower=True, b_ndim=2)[..., 0]
    often = np.bincount(batch.pattern, minlength=len(batch.positions)).astype(np.float64)
    return (z**2).sum(axis=1), (often * pt.log(pt.diagonal(L, axis1=-2, axis2=-1)).sum(axis=-1)).sum()


def factor(correlation: Correlation, values: Values, batch: Batch) -> Tensor:
    """L of every matrix of a batch, (P, M, M), or (M, M) of one; the rows that are filled up are those of 1."""
    one = len(batch.positions) == 1
    R = correlation.matrix(values, batch.positions[0] if one else batch.positions)
    if not batch.filled.all():
        filled = batch.filled[0] if one else batch.filled
        both = filled[..., :, None] & filled[..., None, :]
        R = pt.where(both, R, np.eye(filled.shape[-1]))
    return linalg.cholesky(R, lower=True, on_error="nan")
