"""The Gaussian family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierlm.families.errors import NormalErrors
from hierlm.families.family import Additions, Family, Parameter, Predicted
from hierlm.families.prepare import prepare_numbers
from hierlm.families.scale import mean_link_scale, spread
from hierlm.links import Link
from hierlm.priors.prior import Prior

__all__ = ["Gaussian"]

Tensor = Any
Floats = NDArray[np.float64]


@final
class Gaussian(Family):
    """y ~ Normal(μ, σ).

    ``y | se(s)`` is a meta-analysis: the standard deviation of row i is s_i, and there is no ``sigma``;
    ``se(s, sigma=True)`` has √(s_i² + σ²).
    """

    name = "gaussian"
    normal_errors = True
    aliases = ("normal",)
    residual_scale = "sigma"
    errors = NormalErrors()
    parameters = (
        Parameter("mu", "identity", ("identity", "log", "inverse", "sqrt", "softplus")),
        Parameter("sigma", "log", ("log", "identity", "softplus"), lower=0.0),
    )
    accepts = ("weights", "se")

    def active_parameters(self, options: Mapping[str, Any], additions: Additions) -> tuple[Parameter, ...]:
        """``mu`` and ``sigma``; only ``mu`` with ``se(s)`` unless its option ``sigma`` is true."""
        if "se" in additions and not options.get("se.sigma", False):
            return self.parameters[:1]
        return self.parameters

    def distribution(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """Normal(μ, σ), with s or √(s² + σ²) in place of σ under ``se(s)``."""
        return pm.Normal.dist(mu=parameters["mu"].value, sigma=self._sd(additions, parameters))

    def mean(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """μ."""
        return parameters["mu"].value

    def variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """σ²; s², or s² + σ², under ``se(s)``."""
        return self._sd(additions, parameters) ** 2 + pt.zeros_like(parameters["mu"].eta)

    def prepare(
        self,
        name: str,
        values: Floats,
        levels: tuple[str, ...] | None,
        success: str | None,
        additions: Mapping[str, Floats],
    ) -> Floats:
        """Any numbers that are not all equal (under ``se`` they may be)."""
        return prepare_numbers(self.name, name, values, levels, success, additions)

    def default_priors(self, y: Floats, additions: Mapping[str, Floats]) -> dict[str, Prior]:
        """``sigma`` ~ HalfStudentT(3, sd(y)): the residual is hardly wider than the response."""
        return {"sigma": Prior("HalfStudentT", nu=3, sigma=spread(y))}

    def link_scale(self, y: Floats, link: Link, additions: Mapping[str, Floats]) -> tuple[float, float]:
        """Mean and standard deviation of y, carried to the link scale."""
        return mean_link_scale(y, link)

    def latent_variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """σ² with the identity link; other links by the delta method, log by log(1 + σ²/μ²)."""
        mu = parameters["mu"]
        return mu.link.latent_variance(mu.eta, self.variance(additions, **parameters))

    @staticmethod
    def _sd(additions: Additions, parameters: Mapping[str, Predicted]) -> Tensor:
        """σ, s or √(s² + σ²)."""
        if "se" not in additions:
            return parameters["sigma"].value
        se = pt.as_tensor_variable(additions["se"])
        return pt.sqrt(se**2 + parameters["sigma"].value ** 2) if "sigma" in parameters else se
