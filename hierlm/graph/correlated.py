"""Correlated residuals made independent: z = L⁻¹ e, block by block, with L Lᵀ = R."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor import linalg

from hierlm.correlations import Correlation
from hierlm.model.residual_blocks import Batch, Chain, batches, chain
from hierlm.model.residuals import ResidualCorrelation

__all__ = ["factor", "whiten"]

Tensor = Any
Values = Mapping[str, Tensor]


def whiten(residual: ResidualCorrelation, values: Values, errors: Tensor) -> tuple[Tensor, Tensor]:
    """Independent errors, and the logarithm of what each was divided with.

    Within a block, ordered by position, an error is predicted from those before it: z is what is left, over its
    standard deviation.  z depends on that order, Σ z² of a block, eᵀ R⁻¹ e, does not.

    Parameters
    ----------
    residual : ResidualCorrelation
    values : mapping of str to tensor
        Coefficient → its value.
    errors : (n,) tensor
        With variance one.

    Returns
    -------
    (n,) tensor, (n,) tensor
        z and log L_ii; NaN where R is not positive definite in double precision.
    """
    if residual.correlation.markov:
        return _chained(residual.correlation, values, errors, chain(residual))
    n = len(residual.codes)
    z, logs, places = [errors], [pt.zeros(n)], [np.arange(n)]
    for batch in batches(residual):
        own, log = _batched(residual.correlation, values, errors, batch)
        filled = batch.rows >= 0
        z.append(own[filled])
        logs.append(log[filled])
        places.append(batch.rows[filled])
    last = np.zeros(n, dtype=np.int64)  # of each row where it was written last
    last[np.concatenate(places)] = np.arange(sum(map(len, places)))
    return pt.concatenate(z)[last], pt.concatenate(logs)[last]


def _chained(correlation: Correlation, values: Values, errors: Tensor, own: Chain) -> tuple[Tensor, Tensor]:
    """z_t = (e_t − a e_{t−1})/√v: one pass over the rows, without a matrix."""
    logs = pt.zeros(errors.shape)
    step = correlation.step(values, own.gaps) if len(own.later) else None
    if step is None:
        return errors, logs
    a, v = step
    z = (errors[own.later] - a * errors[own.before]) / pt.sqrt(v)
    return errors[own.later].set(z), logs[own.later].set(0.5 * pt.log(v))


def _batched(correlation: Correlation, values: Values, errors: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """(B, M) z and log L_ii; zero where a block has no more rows."""
    filled = batch.rows >= 0
    L = factor(correlation, values, batch)
    e = errors[np.where(filled, batch.rows, 0)]
    e = e if filled.all() else pt.where(filled, e, 0.0)
    if len(batch.positions) == 1:
        z = linalg.solve_triangular(L, e.T, lower=True).T
        return z, pt.broadcast_to(pt.log(pt.diagonal(L)), filled.shape)
    z = linalg.solve_triangular(L[batch.pattern], e[..., None], lower=True, b_ndim=2)[..., 0]
    return z, pt.log(pt.diagonal(L, axis1=-2, axis2=-1))[batch.pattern]


def factor(correlation: Correlation, values: Values, batch: Batch) -> Tensor:
    """L of every matrix of a batch, (P, M, M), or (M, M) of one; the rows that are filled up are those of 1."""
    one = len(batch.positions) == 1
    R = correlation.matrix(values, batch.positions[0] if one else batch.positions)
    if not batch.filled.all():
        filled = batch.filled[0] if one else batch.filled
        both = filled[..., :, None] & filled[..., None, :]
        R = pt.where(both, R, np.eye(filled.shape[-1]))
    return linalg.cholesky(R, lower=True, on_error="nan")
