"""The zero-one-inflated beta family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierlm.families.beta import Beta
from hierlm.families.density import DensityFamily
from hierlm.families.family import Additions, Predicted
from hierlm.families.prepare import prepare_closed
from hierlm.families.zeros import even, probability, without
from hierlm.links import Link
from hierlm.priors.prior import Prior

__all__ = ["ZeroOneInflatedBeta"]

Tensor = Any
Floats = NDArray[np.float64]

_INNER = Beta()


@final
class ZeroOneInflatedBeta(DensityFamily):
    """y = 0 or 1 with probability zoi, and then 1 with probability coi; else y ~ Beta(μφ, (1 − μ)φ).

    Mean zoi · coi + (1 − zoi)μ: ``mu`` is the mean of the values strictly between 0 and 1.
    """

    name = "zero_one_inflated_beta"
    aliases = ("zoib",)
    parameters = (*Beta.parameters, probability("zoi"), probability("coi"))
    support = (0.0, 1.0)
    atoms = (0.0, 1.0)

    def log_density(self, y: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """log zoi + log(1 − coi) at 0, log zoi + log coi at 1, else log(1 − zoi) + log p(y), p that of the beta."""
        zoi, coi = parameters["zoi"], parameters["coi"]
        zero, one = pt.eq(y, 0), pt.eq(y, 1)
        inner = _INNER.log_density(pt.switch(zero | one, 0.5, y), additions, **without(parameters, "zoi", "coi"))
        end = zoi.log + pt.switch(one, coi.log, coi.log_complement)
        return pt.switch(zero | one, end, zoi.log_complement + inner)

    def draws(self, size: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """An end by two Bernoullis of each row, else PyMC's Beta."""
        each = pt.zeros_like(parameters["mu"].eta)
        at_end = pm.Bernoulli.dist(p=parameters["zoi"].value + each, size=size)
        end = pm.Bernoulli.dist(p=parameters["coi"].value + each, size=size)
        return pt.switch(at_end, end, _INNER.draws(size, additions, **without(parameters, "zoi", "coi")))

    def mean(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """zoi · coi + (1 − zoi)μ."""
        zoi, coi = parameters["zoi"], parameters["coi"]
        return zoi.value * coi.value + pt.exp(zoi.log_complement) * parameters["mu"].value

    def variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """zoi · coi(1 − coi) + (1 − zoi) v + zoi(1 − zoi)(coi − μ)², v = μ(1 − μ)/(1 + φ)."""
        zoi, coi, mu = parameters["zoi"], parameters["coi"], parameters["mu"]
        inner = _INNER.variance(additions, **without(parameters, "zoi", "coi"))
        ends = zoi.value * pt.exp(coi.log + coi.log_complement)
        between = zoi.value * (coi.value - mu.value) ** 2
        return ends + pt.exp(zoi.log_complement) * (inner + between)

    def prepare(
        self,
        name: str,
        values: Floats,
        levels: tuple[str, ...] | None,
        success: str | None,
        additions: Mapping[str, Floats],
    ) -> Floats:
        """Numbers from 0 to 1; neither end is a warning, nothing but ends an error."""
        return prepare_closed(self.name, name, values, levels, success, additions)

    def default_priors(self, y: Floats, additions: Mapping[str, Floats]) -> dict[str, Prior]:
        """``zoi``, ``coi`` ~ Beta(1, 1); ``phi`` as in beta, of the values strictly between 0 and 1."""
        return _INNER.default_priors(_inner(y), {}) | {"zoi": even(), "coi": even()}

    def link_scale(self, y: Floats, link: Link, additions: Mapping[str, Floats]) -> tuple[float, float]:
        """As in beta, of the values strictly between 0 and 1."""
        return _INNER.link_scale(_inner(y), link, {})

    def latent_variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """As in beta, of the values strictly between 0 and 1, which are all that ``mu`` describes."""
        return _INNER.latent_variance(additions, **without(parameters, "zoi", "coi"))


def _inner(y: Floats) -> Floats:
    return y[(y > 0) & (y < 1)]
