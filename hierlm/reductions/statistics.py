"""Sufficient statistics of a Gaussian model."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hierlm.kernels.packing import pack
from hierlm.kernels.problem import common_fields
from hierlm.kernels.structure import Structure, accumulate
from hierlm.model import Model
from hierlm.priors.fixed import Fixed
from hierlm.priors.prior import Prior
from hierlm.reductions.arrangement import Arrangement, Rows, arrange, model_rows
from hierlm.reductions.theta import make_parameters

__all__ = ["cross_products", "digits_obstacles", "gaussian_buffer", "sigma_prior", "sparse_statistics"]

Floats = NDArray[np.float64]

ROUNDING = 1e-4
"""The largest error of the log density that is tolerated: NUTS does not see it."""


def cross_products(structure: Structure, rows: Rows, weights: Floats, scores: Floats) -> tuple[Floats, Floats]:
    """(WᵀΩW in the pattern of the structure, WᵀΩy): one pass over the rows."""
    S, r = np.zeros(structure.values), np.zeros(structure.columns)
    block_of = np.repeat(np.arange(structure.blocks), structure.size)
    accumulate(structure, block_of, rows.columns, rows.Z, rows.X, weights, scores, S, r)
    return S, r


def gaussian_buffer(model: Model, place: Arrangement) -> Floats:
    """Everything that the marginal density needs."""
    (response,) = model.responses
    rows = model_rows(model, place)
    weights = response.additions.get("weights", np.ones(len(response.y)))
    errors = response.additions.get("se", np.ones(len(response.y)))
    omega = weights / errors**2
    y = response.y - rows.offset
    S, r = cross_products(place.structure, rows, omega, y)
    constant = -(weights * np.log(errors)).sum() - 0.5 * place.log_determinant
    own = np.array([weights.sum(), constant, omega @ y**2])
    p = make_parameters(model, place, [sigma_prior(model)])
    return pack(len(p.centre), [*common_fields(p, place.structure, S, r), own])


def sparse_statistics(model: Model, place: Arrangement) -> tuple[sparse.csr_array, Floats, Floats]:
    """WᵀΩW in compressed rows, WᵀΩy, and (Σ weights, yᵀΩy) of a normal response."""
    (response,) = model.responses
    rows = model_rows(model, place)
    n, C = rows.columns.shape
    weights = np.broadcast_to(np.asarray(response.additions.get("weights", 1.0), dtype=float), (n,))
    Z = sparse.csr_array(
        (rows.Z.ravel(), rows.columns.ravel(), np.arange(0, n * C + 1, C)), shape=(n, place.columns - rows.X.shape[1])
    )
    W = sparse.hstack([Z, sparse.csr_array(rows.X)], format="csr")
    S = sparse.csr_array(W.T @ (sparse.diags_array(weights) @ W))
    y = response.y - rows.offset
    return S, W.T @ (weights * y), np.array([weights.sum(), weights @ y**2])


def sigma_prior(model: Model) -> Prior | Fixed:
    """The prior of σ; one where standard errors are known, or where σ has a formula of its own."""
    (response,) = model.responses
    if not response.free:
        return Fixed(1.0)
    return next(a.prior for a in model.assignments if a.variable == response.free[0])  # type: ignore[return-value]


def digits_obstacles(model: Model) -> Iterator[str]:
    """Whether yᵀy/σ² would round away the density, were σ² a hundredth of the variance about the common effects."""
    predictor = model.predictors[0]
    y = model.responses[0].y - predictor.offset - predictor.X @ arrange(model).means
    rest = y - predictor.X @ np.linalg.lstsq(predictor.X, y, rcond=None)[0] if predictor.X.shape[1] else y
    variance = max(rest.var(), 1e-6 * y.var(), np.finfo(float).tiny)
    if np.finfo(float).eps * (y @ y) / (0.01 * variance) > ROUNDING:
        yield "responses lie so far from their prior mean that sums of their squares would keep too few digits"
