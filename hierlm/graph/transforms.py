"""Sampling coordinates of common effects and standard deviations; they never change the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytensor.tensor as pt
from numpy.typing import NDArray
from pymc.logprob.transforms import Transform

from hierlm.graph.hosting import Hosting
from hierlm.model.values import ModelPredictor

__all__ = ["CentredColumns", "Scaled", "ScaledSoftplus"]


class CentredColumns(Transform):
    """Coefficients sampled as if response and columns of X had standard deviation one, and the columns mean zero.

    v_j = s_j b_j, and for an intercept v_0 = s_0 (b_0 + Σ_j x̄_j b_j), per linear predictor, with s_j = sd(x_j) over
    the spread of the response on the link scale.  It is a linear map with the constant log-Jacobian −Σ log s_j, so the
    prior and the posterior of ``b`` are those of the model as written.

    Parameters
    ----------
    predictors : sequence of ModelPredictor
        Those whose coefficients make up the variable, in the order of their ``columns``.
    hosts : Hosting
        Hosted columns are centred already, by their groups.
    spreads : sequence of float
        Of the response on the link scale of each predictor.
    """

    name = "centred"
    ndim_supp = 0
    support = (-np.inf, np.inf)

    def __init__(self, predictors: Sequence[ModelPredictor], hosts: Hosting, spreads: Sequence[float]) -> None:
        width = sum(len(p.labels) for p in predictors)
        self.means, self.scales = np.zeros(width), np.ones(width)
        self.intercepts: list[tuple[int, slice]] = []
        for p, spread in zip(predictors, spreads, strict=True):
            sd = p.X.std(axis=0)
            self.scales[p.columns] = np.where(sd > 0, sd, 1.0) / spread
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
        return self._shifted(value, value, 1.0) * self.scales

    def backward(self, value: Any, *inputs: Any) -> Any:
        """V → b."""
        b = value / self.scales
        return self._shifted(b, b, -1.0)  # b of the other columns does not depend on the intercept's

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        """log |∂b/∂v| per element."""
        return pt.constant(-np.log(self.scales))


class Scaled(Transform):
    """Centred group effects sampled in units of the response: v = r / s, with the constant log-Jacobian log s.

    Starting points are jittered by ±1 in v, whatever the units of the response.

    Parameters
    ----------
    scales : array
        s, broadcast over the levels.
    multivariate : bool
        Whether the density of the variable has one value a level instead of one an effect.
    """

    name = "scaled"

    def __init__(self, scales: NDArray[np.float64], *, multivariate: bool) -> None:
        self.scales = np.asarray(scales, dtype=np.float64)
        self.ndim_supp = int(multivariate)

    def forward(self, value: Any, *inputs: Any) -> Any:
        """R → v."""
        return value / self.scales

    def backward(self, value: Any, *inputs: Any) -> Any:
        """V → r."""
        return value * self.scales

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        """log |∂r/∂v| per element, or per level."""
        elements = pt.constant(np.log(self.scales)) + pt.zeros_like(value)
        return elements.sum(axis=-1) if self.ndim_supp else elements


class ScaledSoftplus(Transform):
    """Standard deviations sampled as sd = s log(1 + eᵛ).

    Far from zero it is linear, so that v is on the scale of the sd; near zero it is a logarithm.  On a logarithm
    alone, a posterior that reaches to zero has a long left tail and mixes slowly: on ``grouseticks`` the effective
    draws of the smallest sd rise by a third and 54 divergences vanish (``docs/decisions/0012``).

    Parameters
    ----------
    scales : array
        s of every element, of the order of the sd.
    """

    name = "softplus"
    ndim_supp = 0
    support = (0.0, np.inf)

    def __init__(self, scales: NDArray[np.float64]) -> None:
        self.scales = scales

    def forward(self, value: Any, *inputs: Any) -> Any:
        """Sd → v."""
        x = value / self.scales
        return x + pt.log(-pt.expm1(-x))

    def backward(self, value: Any, *inputs: Any) -> Any:
        """V → sd."""
        return self.scales * pt.softplus(value)

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        """log |∂sd/∂v| per element."""
        return pt.constant(np.log(self.scales)) - pt.softplus(-value)
