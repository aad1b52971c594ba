"""Student's t family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierlm.families.density import DensityFamily
from hierlm.families.errors import StudentErrors
from hierlm.families.family import Additions, Parameter, Predicted
from hierlm.families.prepare import prepare_numbers
from hierlm.families.scale import mean_link_scale, spread
from hierlm.families.stirling import log_rising
from hierlm.links import Link
from hierlm.priors.prior import Prior

__all__ = ["StudentT"]

Tensor = Any
Floats = NDArray[np.float64]


@final
class StudentT(DensityFamily):
    """y = μ + σ t, t ~ Student's t with ν > 0 degrees of freedom: outliers count less.

    σ is the scale, not the standard deviation σ√(ν/(ν − 2)).  Where ν ≤ 1 there is no mean: what :meth:`mean` gives is
    the median μ; where ν ≤ 2 the variance is infinite.
    """

    name = "student_t"
    aliases = ("student", "t", "t_family")
    residual_scale = "sigma"
    errors = StudentErrors()
    parameters = (
        Parameter("mu", "identity", ("identity", "log", "inverse", "sqrt", "softplus")),
        Parameter("sigma", "log", ("log", "identity", "softplus"), lower=0.0),
        Parameter("nu", "log", ("log", "identity", "softplus"), lower=0.0),
    )

    def log_density(self, y: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """log Γ((ν+1)/2) − log Γ(ν/2) − ½ log(νπ) − log σ − (ν+1)/2 · log(1 + z²/ν), z = (y − μ)/σ."""
        mu, sigma, nu = parameters["mu"], parameters["sigma"], parameters["nu"]
        z = (y - mu.value) / sigma.value
        ratio = log_rising(nu.value / 2, nu.log - np.log(2), 0.5)
        normal = (nu.log + np.log(np.pi)) / 2 + sigma.log
        return ratio - normal - (nu.value + 1) / 2 * pt.log1p(z**2 / nu.value)

    def draws(self, size: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """PyMC's StudentT."""
        mu, sigma, nu = (parameters[p].value for p in ("mu", "sigma", "nu"))
        return pm.StudentT.dist(nu=nu, mu=mu, sigma=sigma, size=size)

    def mean(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """μ."""
        return parameters["mu"].value

    def variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """σ² ν/(ν − 2); infinite for ν ≤ 2."""
        nu = parameters["nu"].value
        finite = pt.gt(nu, 2)
        inflation = pt.switch(finite, nu / (pt.switch(finite, nu, 3.0) - 2), np.inf)
        return parameters["sigma"].value ** 2 * inflation + pt.zeros_like(parameters["mu"].eta)

    def prepare(
        self,
        name: str,
        values: Floats,
        levels: tuple[str, ...] | None,
        success: str | None,
        additions: Mapping[str, Floats],
    ) -> Floats:
        """Any numbers that are not all equal."""
        return prepare_numbers(self.name, name, values, levels, success, additions)

    def default_priors(self, y: Floats, additions: Mapping[str, Floats]) -> dict[str, Prior]:
        """``sigma`` ~ HalfStudentT(3, sd(y)); ``nu`` ~ Gamma(2, 0.1), which has mean 20 (Juárez & Steel 2010)."""
        return {
            "sigma": Prior("HalfStudentT", nu=3, sigma=spread(y)),
            "nu": Prior("Gamma", alpha=2, beta=0.1),
        }

    def link_scale(self, y: Floats, link: Link, additions: Mapping[str, Floats]) -> tuple[float, float]:
        """Mean and standard deviation of y, carried to the link scale."""
        return mean_link_scale(y, link)

    def latent_variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """σ² ν/(ν − 2) with the identity link; other links by the delta method, log by log(1 + Var/μ²)."""
        mu = parameters["mu"]
        return mu.link.latent_variance(mu.eta, self.variance(additions, **parameters))
