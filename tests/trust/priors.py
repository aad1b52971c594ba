"""Priors that can be drawn and evaluated without hierlm: the prior as hierlm takes it beside NumPy and SciPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

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


def normal(mu: float, sigma: float) -> Proper:
    return Proper(hl.Prior("Normal", mu=mu, sigma=sigma), stats.norm(mu, sigma))


def half_normal(sigma: float) -> Proper:
    return Proper(hl.Prior("HalfNormal", sigma=sigma), stats.halfnorm(scale=sigma))


def exponential(rate: float) -> Proper:
    return Proper(hl.Prior("Exponential", lam=rate), stats.expon(scale=1 / rate))


def gamma(shape: float, rate: float) -> Proper:
    return Proper(hl.Prior("Gamma", alpha=shape, beta=rate), stats.gamma(shape, scale=1 / rate))
