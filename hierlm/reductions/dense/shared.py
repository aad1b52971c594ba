"""What all sets of rows share: columns of coefficients and smooths, and the response less its prior mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.graph.evaluate import evaluate
from hierlm.model import Model
from hierlm.priors.fixed import Fixed
from hierlm.priors.prior import Prior

__all__ = ["Shared", "shared"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Shared:
    """What all sets share.

    Parameters
    ----------
    W : (n, q) array
        Columns of free coefficients, then of smooths.
    residue : (n,) array
        y on the scale of its mean, less offset and prior mean.
    sds : (q,) array
        Prior standard deviations of coefficients; 1 for smooths.
    smooth : (q,) int array
        Position among the model's smooths; −1 for coefficients.
    free : (p,) int array
        Which coefficients of the model are free.
    means : (p,) array
        Prior means, and the values of fixed ones, of all coefficients.
    log_slope : float
        Σ log |dT/dy| of the response's transformation.
    """

    W: Floats
    residue: Floats
    sds: Floats
    smooth: Ints
    free: Ints
    means: Floats
    log_slope: float


def shared(model: Model) -> Shared:
    """The columns and the response of a model with normal coefficients."""
    (response,) = model.responses
    predictor = next(p for p in model.predictors if p.parameter == names.MEAN)
    priors = [a.prior for a in model.assignments if a.variable == names.common(names.MEAN)]
    free = [i for i, prior in enumerate(priors) if not isinstance(prior, Fixed)]
    means = np.array([_centre(prior) for prior in priors], dtype=np.float64)
    sds = [float(prior.arguments["sigma"]) for prior in priors if isinstance(prior, Prior)]
    curves = [block.pieces[0].Z for block in model.smooths]
    W = np.concatenate([predictor.X[:, free], *curves], axis=1)
    smooth = np.concatenate([np.full(len(free), -1), *(np.full(Z.shape[1], i) for i, Z in enumerate(curves))])
    errors = response.family.errors
    assert errors is not None
    y = np.asarray(evaluate(lambda y: errors.scale_of(y), y=response.y), dtype=np.float64)
    slope = float(np.sum(evaluate(lambda y: errors.log_slope(y), y=response.y)))
    residue = y - predictor.offset - predictor.X @ means
    every = np.concatenate([np.array(sds), np.ones(W.shape[1] - len(free))])
    free_ones = np.array(free, dtype=np.int64)
    return Shared(W, residue, every, smooth.astype(np.int64), free_ones, means, slope)


def _centre(prior: object) -> float:
    """The prior mean of a coefficient, or the value that it has."""
    if isinstance(prior, Fixed):
        return float(prior.value)
    assert isinstance(prior, Prior)
    return float(prior.arguments["mu"])
