"""Variance functions at draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.graph.evaluate import evaluate
from hierlm.model.values import ModelPredictor
from hierlm.model.variances import log_factor

if TYPE_CHECKING:
    from hierlm.posterior.linear import Draws

__all__ = ["log_scale_factors"]

Floats = NDArray[np.float64]


def log_scale_factors(predictor: ModelPredictor, draws: Draws, eta: Floats, at: Any) -> Floats:
    """Σ log g of the variance functions of one predictor, shape (S, rows in ``at``).

    Parameters
    ----------
    eta : (S, rows) array
        The mean's linear predictor: every draw has its own fitted mean.
    """
    labels = [label for part in predictor.variances for own in part.labels.values() for label in own]
    values = draws.labelled(names.VARIANCE, **{names.VARIANCE_DIM: labels}) if labels else np.zeros((draws.size, 0))

    def total(eta: Any, **given: Any) -> Any:
        mean = predictor.variances[0].link.inverse(eta)
        own = {label: given[f"v{i}"] for i, label in enumerate(labels)}
        return sum((log_factor(part, own, mean, at) for part in predictor.variances), start=0 * mean)

    return evaluate(total, eta=eta, **{f"v{i}": values[:, [i]] for i in range(len(labels))})
