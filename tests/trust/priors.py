"""Priors that can be drawn and evaluated without hierlm: the prior as hierlm takes it beside NumPy and SciPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special, stats

import hierlm as hl


@dataclass(frozen=True)
class Proper:
    """A proper prior twice: hierlm's, and the same distribution of SciPy."""

    ours: hl.Prior
    theirs: Any

    def draw(self, rng: np.random.Generator, size: int | None = None) -> Any:
        """Draws by SciPy."""
        return self.theirs.rvs(size=size, random_state=rng)

    def log_density(self, x: Any) -> Any:
        """log p by SciPy."""
        return self.theirs.logpdf(x)


@dataclass(frozen=True)
class Several:
    """``size`` independent numbers with one prior."""

    one: Proper
    size: int

    @property
    def ours(self) -> hl.Prior:
        """hierlm's prior of each."""
        return self.one.ours

    def draw(self, rng: np.random.Generator) -> Any:
        """Draws by SciPy."""
        return self.one.draw(rng, self.size)

    def log_density(self, x: Any) -> Any:
        """Σ log p(x_j), on the last axis."""
        return self.one.log_density(x).sum(axis=-1)


class Increasing(Several):
    """The same in increasing order: drawn and sorted."""

    def draw(self, rng: np.random.Generator) -> Any:
        """Draws by SciPy, sorted."""
        return np.sort(self.one.draw(rng, self.size))

    def log_density(self, x: Any) -> Any:
        """log [size! Π p(x_j)], of increasing x on the last axis."""
        return self.one.log_density(x).sum(axis=-1) + special.gammaln(self.size + 1)


def normal(mu: float, sigma: float) -> Proper:
    return Proper(hl.Prior("Normal", mu=mu, sigma=sigma), stats.norm(mu, sigma))


def half_normal(sigma: float) -> Proper:
    return Proper(hl.Prior("HalfNormal", sigma=sigma), stats.halfnorm(scale=sigma))


def exponential(rate: float) -> Proper:
    return Proper(hl.Prior("Exponential", lam=rate), stats.expon(scale=1 / rate))


def gamma(shape: float, rate: float) -> Proper:
    return Proper(hl.Prior("Gamma", alpha=shape, beta=rate), stats.gamma(shape, scale=1 / rate))


def beta(a: float, b: float) -> Proper:
    return Proper(hl.Prior("Beta", alpha=a, beta=b), stats.beta(a, b))


def truncated_normal(mu: float, sigma: float, lower: float, upper: float) -> Proper:
    bounds = stats.truncnorm((lower - mu) / sigma, (upper - mu) / sigma, mu, sigma)
    return Proper(hl.Prior("TruncatedNormal", mu=mu, sigma=sigma, lower=lower, upper=upper), bounds)
