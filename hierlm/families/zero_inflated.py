"""Zero-inflated families: zeros of two kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierlm.errors import warn_data
from hierlm.families.density import DensityFamily
from hierlm.families.family import Additions, Predicted
from hierlm.families.zeros import even, probability, without
from hierlm.links import Link
from hierlm.links.stable import logaddexp
from hierlm.priors.prior import Prior

__all__ = ["ZI", "ZeroInflated"]

Tensor = Any
Floats = NDArray[np.float64]

ZI = probability("zi")
"""The probability of a structural zero."""


class ZeroInflated(DensityFamily):
    """A mixture: zero with probability zi, else y ~ the family :attr:`base`, which makes zeros too.

    Attributes
    ----------
    base : DensityFamily
    """

    base: ClassVar[DensityFamily]
    discrete = True
    support = (0.0, np.inf)

    def log_density(self, y: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """log[zi · 1(y = 0) + (1 − zi) p(y)], p the density of the base."""
        zi = parameters["zi"]
        drawn = zi.log_complement + self.base.log_density(y, additions, **without(parameters, "zi"))
        return pt.switch(pt.eq(y, 0), logaddexp(zi.log, drawn), drawn)

    def draws(self, size: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """Zero by a Bernoulli of each row, else a draw of the base."""
        each = parameters["zi"].value + pt.zeros_like(parameters["mu"].eta)
        structural = pm.Bernoulli.dist(p=each, size=size)
        drawn = self.base.draws(size, additions, **without(parameters, "zi"))
        return pt.switch(structural, 0, drawn)

    def mean(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """(1 − zi) m, m the mean of the base."""
        base = self.base.mean(additions, **without(parameters, "zi"))
        return pt.exp(parameters["zi"].log_complement) * base

    def variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """(1 − zi)(v + zi m²), m and v the mean and the variance of the base."""
        zi, own = parameters["zi"], without(parameters, "zi")
        mean, variance = self.base.mean(additions, **own), self.base.variance(additions, **own)
        return pt.exp(zi.log_complement) * (variance + zi.value * mean**2)

    def prepare(
        self,
        name: str,
        values: Floats,
        levels: tuple[str, ...] | None,
        success: str | None,
        additions: Mapping[str, Floats],
    ) -> Floats:
        """What the base takes; no zero at all is a warning.

        Warns
        -----
        DataWarning
            There are no zeros, or nothing but zeros.
        """
        y = self.checked(name, values, levels, success, additions)
        if np.all(y > 0):
            warn_data(
                f"The response '{name}' has no zeros: nothing is inflated, and 'zi' is near 0 as far as its prior lets "
                f'it. The family without zeros of their own is "{self.base.name}".'
            )
        return y

    def checked(
        self,
        name: str,
        values: Floats,
        levels: tuple[str, ...] | None,
        success: str | None,
        additions: Mapping[str, Floats],
    ) -> Floats:
        """The response as numbers, after the checks of the base."""
        return self.base.prepare(name, values, levels, success, additions)

    def default_priors(self, y: Floats, additions: Mapping[str, Floats]) -> dict[str, Prior]:
        """``zi`` ~ Beta(1, 1); the others as in the family without inflation."""
        return self.base.default_priors(y, additions) | {"zi": even()}

    def link_scale(self, y: Floats, link: Link, additions: Mapping[str, Floats]) -> tuple[float, float]:
        """As in the family without inflation, of all rows."""
        return self.base.link_scale(y, link, additions)

    def latent_variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """Of all rows, structural zeros too: log(1 + Var(y)/E(y)²) with the log link; others by the delta method.

        The scale is that of the base's mean m, E(y) = (1 − zi) m at the zi of each row.
        """
        mu, zi = parameters["mu"], parameters["zi"]
        return mu.link.latent_variance(mu.eta, self.variance(additions, **parameters) * pt.exp(-2 * zi.log_complement))
