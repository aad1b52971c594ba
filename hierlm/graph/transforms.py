"""Sampling coordinates of the common effects; they never change the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pymc.logprob.transforms import Transform

from hierlm.graph.hosting import Hosting
from hierlm.model.values import ModelPredictor

__all__ = ["CentredColumns"]


class CentredColumns(Transform):
    """Coefficients sampled as if the columns of X were centred and had standard deviation one.

    v_j = s_j b_j, and for an intercept v_0 = b_0 + Σ_j x̄_j b_j, per linear predictor.  It is a linear map with the
    constant log-Jacobian −Σ log s_j, so the prior and the posterior of ``b`` are those of the model as written.

    Parameters
    ----------
    predictors : sequence of ModelPredictor
        Those whose coefficients make up the variable, in the order of their ``columns``.
    hosts : Hosting
        Hosted columns are centred already, by their groups.
    """

    name = "centred"
    ndim_supp = 0

    def __init__(self, predictors: Sequence[ModelPredictor], hosts: Hosting) -> None:
        width = sum(len(p.labels) for p in predictors)
        self.means, self.scales = np.zeros(width), np.ones(width)
        self.intercepts: list[tuple[int, slice]] = []
        for p in predictors:
            spread = p.X.std(axis=0)
            self.scales[p.columns] = np.where(spread > 0, spread, 1.0)
            if p.intercept is None:
                continue
            mean = p.X.mean(axis=0)
            mean[[p.intercept, *hosts.of(p)]] = 0.0
            self.means[p.columns] = mean
            self.intercepts.append((p.columns.start + p.intercept, p.columns))

    def _shifted(self, target: Any, b: Any, sign: float) -> Any:
        for position, columns in self.intercepts:
            if np.any(self.means[columns]):
                shift = (pt.constant(self.means[columns]) * b[columns]).sum()
                target = pt.inc_subtensor(target[position], sign * shift)
        return target

    def forward(self, value: Any, *inputs: Any) -> Any:
        """B → v."""
        return self._shifted(value * self.scales, value, 1.0)

    def backward(self, value: Any, *inputs: Any) -> Any:
        """V → b."""
        b = value / self.scales
        return self._shifted(b, b, -1.0)  # b of the other columns does not depend on the intercept's

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        """log |∂b/∂v| per element."""
        return pt.constant(-np.log(self.scales))
