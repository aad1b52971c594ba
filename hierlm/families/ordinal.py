"""Families of ordered categories: thresholds τ₁, τ₂, …, τ_{K−1} between K categories of a latent scale."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import PosteriorError
from hierlm.families.density import DensityFamily
from hierlm.families.family import Additions, Parameter, Predicted, Vector
from hierlm.families.prepare import prepare_categories
from hierlm.families.scale import at_shares
from hierlm.links import Link
from hierlm.priors.prior import Prior

__all__ = ["DISC", "THRESHOLDS", "OrdinalFamily", "latent_mean", "latent_scale"]

Tensor = Any
Floats = NDArray[np.float64]

THRESHOLDS = "thresholds"
DISC = Parameter("disc", "log", ("log", "softplus"), lower=0.0, intercept=False, fixed=1.0)
"""The discrimination: 1 where all its predictors are 0, since thresholds and coefficients have its scale already."""


def latent_mean(*links: str) -> Parameter:
    """The parameter ``mu``: the latent mean η, whose intercept the thresholds are; the first link is the default."""
    return Parameter("mu", links[0], links, intercept=False, latent=True)


def latent_scale(parameters: Mapping[str, Predicted]) -> Tensor:
    """disc(τ_k − η) for every threshold, on a last axis of its own, (…, K − 1)."""
    below = parameters[THRESHOLDS].value - parameters["mu"].eta[..., None]
    return parameters["disc"].value[..., None] * below if "disc" in parameters else below


class OrdinalFamily(DensityFamily):
    """A family of ordered categories, numbered 1 … K, whose probabilities follow from :func:`latent_scale`.

    Mean and variance are those of the category's number; what a prediction of the mean shows are probabilities.
    """

    ordinal = True
    discrete = True
    support = (1.0, np.inf)
    vectors = (Vector(THRESHOLDS, ordered=True),)

    @abstractmethod
    def log_probabilities(self, **parameters: Predicted) -> Tensor:
        """log P(y = k), on a last axis of its own, (…, K)."""

    def log_density(self, y: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """log P(y = k) of the category that was observed."""
        logs = self.log_probabilities(**parameters)
        each = pt.eq(y[..., None], pt.arange(logs.shape[-1]) + 1)
        return pt.switch(each.any(axis=-1), pt.switch(each, logs, 0.0).sum(axis=-1), -np.inf)

    def probabilities(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """P(y = k), (…, K)."""
        return pt.exp(self.log_probabilities(**parameters))

    def at_most(self, **parameters: Predicted) -> Tensor:
        """P(y ≤ k) of every category but the last, (…, K − 1)."""
        return pt.cumsum(self.probabilities({}, **parameters), axis=-1)[..., :-1]

    def draws(self, size: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """The category at which P(y ≤ k) passes a uniform number."""
        below = self.at_most(**parameters)
        uniform = pm.Uniform.dist(pt.zeros_like(below[..., 0]), 1.0, size=size)
        return 1 + pt.gt(uniform[..., None], below).sum(axis=-1)

    def mean(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """Σ k P(y = k), of the category's number."""
        p = self.probabilities(additions, **parameters)
        return (p * (pt.arange(p.shape[-1]) + 1.0)).sum(axis=-1)

    def variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """Σ (k − mean)² P(y = k), of the category's number."""
        p = self.probabilities(additions, **parameters)
        from_mean = pt.arange(p.shape[-1]) + 1.0 - self.mean(additions, **parameters)[..., None]
        return (p * from_mean**2).sum(axis=-1)

    def prepare(
        self,
        name: str,
        values: Floats,
        levels: tuple[str, ...] | None,
        success: str | None,
        additions: Mapping[str, Floats],
    ) -> Floats:
        """Ordered categories, or whole numbers 1, 2, …; a category between that no row has is a warning."""
        return prepare_categories(self.name, name, values, levels, success, additions)

    def categories(self, y: Floats, levels: tuple[str, ...] | None) -> tuple[str, ...]:
        """The levels, or ``"1"``, ``"2"``, … up to the largest number."""
        return levels if levels is not None else tuple(str(k + 1) for k in range(int(y.max())))

    def elements(self, categories: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """``low|middle``, ``middle|high``."""
        between = tuple(names.between(*pair) for pair in pairwise(categories))
        return {vector.name: between for vector in self.vectors}

    def starts(self, y: Floats, link: Link, categories: tuple[str, ...]) -> dict[str, Floats]:
        """g(P(y ≤ k)) of the data without predictors, half an observation being added to each category."""
        counts = np.bincount(y.astype(int) - 1, minlength=len(categories)) + 0.5
        return {vector.name: at_shares(np.cumsum(counts)[:-1] / counts.sum(), link) for vector in self.vectors}

    def latent_variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """None: only cumulative models have one latent variable, of which the categories are pieces.

        Raises
        ------
        PosteriorError
        """
        raise PosteriorError(
            f"{self.name} has no single latent variable, so neither an ICC nor an R² exists on the link scale.",
            hint='Use family="cumulative", or compare predictions.',
        )

    def default_priors(self, y: Floats, additions: Mapping[str, Floats]) -> dict[str, Prior]:
        """``disc`` ~ LogNormal(0, 1), around the 1 that it is unless it has a formula."""
        return {"disc": Prior("LogNormal", mu=0, sigma=1)}

    def link_scale(self, y: Floats, link: Link, additions: Mapping[str, Floats]) -> tuple[float, float]:
        """0 and 1: a latent scale has its errors as its unit."""
        return 0.0, 1.0
