"""Densities of responses and inverse links by NumPy and SciPy: what hierlm's own are compared with, in one place.

One entry a family and a link, by the names of the registries.  A family that is registered and has no entry here fails
its tests with a sentence that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import special, stats

Floats = np.ndarray
Density = Callable[..., Floats]


def _beta(y: Floats, mu: Floats, phi: Floats, rest: Floats | None = None) -> Floats:
    return stats.beta.logpdf(y, mu * phi, (1 - mu if rest is None else rest) * phi)


def _binomial(y: Floats, mu: Floats, trials: Floats, rest: Floats | None = None) -> Floats:
    choose = -special.betaln(1 + trials - y, 1 + y) - np.log1p(trials)
    found = choose + special.xlogy(y, mu) + special.xlogy(trials - y, 1 - mu if rest is None else rest)
    return np.where((mu >= 0) & (mu <= 1), found, -np.inf)


def _beta_binomial(y: Floats, mu: Floats, phi: Floats, trials: Floats, rest: Floats | None = None) -> Floats:
    return stats.betabinom.logpmf(y, trials, mu * phi, (1 - mu if rest is None else rest) * phi)


def _inflated(y: Floats, zi: Floats, log_base: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.where(y == 0, np.log(zi + (1 - zi) * np.exp(log_base)), np.log1p(-zi) + log_base)


def _zero_inflated_binomial(y: Floats, mu: Floats, zi: Floats, trials: Floats, rest: Floats | None = None) -> Floats:
    found = _inflated(y, zi, _binomial(y, mu, trials, rest))
    return np.where((mu >= 0) & (mu <= 1), found, -np.inf)  # outside there is no such distribution, inflated or not


def _hurdle(y: Floats, hu: Floats, above: Callable[[Floats], Floats]) -> Floats:
    return np.where(y == 0, np.log(hu), np.log1p(-hu) + above(np.where(y == 0, 1.0, y)))


def _negbinomial(y: Floats, mu: Floats, shape: Floats) -> Floats:
    return stats.nbinom.logpmf(y, shape, shape / (shape + mu))


def _truncated_poisson(y: Floats, mu: Floats) -> Floats:
    return stats.poisson.logpmf(y, mu) - np.log(-np.expm1(-mu))


def _truncated_negbinomial(y: Floats, mu: Floats, shape: Floats) -> Floats:
    return _negbinomial(y, mu, shape) - np.log(-np.expm1(-shape * np.log1p(mu / shape)))


def _gamma(y: Floats, mu: Floats, shape: Floats) -> Floats:
    return stats.gamma.logpdf(y, shape, scale=mu / shape)


def _lognormal(y: Floats, mu: Floats, sigma: Floats) -> Floats:
    return stats.norm.logpdf(np.log(y), mu, sigma) - np.log(y)


def _zero_one_inflated_beta(
    y: Floats, mu: Floats, phi: Floats, zoi: Floats, coi: Floats, rest: Floats | None = None
) -> Floats:
    end = np.log(zoi) + np.where(y == 1, np.log(coi), np.log1p(-coi))
    inner = np.log1p(-zoi) + _beta(np.where((y == 0) | (y == 1), 0.5, y), mu, phi, rest)
    return np.where((y == 0) | (y == 1), end, inner)


def _cumulative(
    y: Floats,
    mu: Floats,
    thresholds: Floats,
    disc: Floats = 1.0,
    cdf: Callable[[Floats], Floats] = stats.logistic.cdf,
    sf: Callable[[Floats], Floats] = stats.logistic.sf,
) -> Floats:
    """The difference of two probabilities, of the smaller tail; thresholds (…, k)."""
    below, above = np.float64(-np.inf), np.float64(np.inf)
    for k in range(np.shape(thresholds)[-1]):
        below = np.where(y > k + 1, thresholds[..., k], below)
        above = np.where(y == k + 1, thresholds[..., k], above)
    lower, upper = disc * (below - mu), disc * (above - mu)
    return np.log(np.where(cdf(lower) < 0.5, cdf(upper) - cdf(lower), sf(lower) - sf(upper)))


def _stages(passing: Callable[..., tuple[Floats, Floats]]) -> Density:
    """Categories reached one after the other: ``passing`` gives log P(stop) and log P(go on) at a threshold."""

    def density(
        y: Floats,
        mu: Floats,
        thresholds: Floats,
        disc: Floats = 1.0,
        cdf: Any = stats.logistic.cdf,
        sf: Any = stats.logistic.sf,
    ) -> Floats:
        total = 0.0
        for k in range(np.shape(thresholds)[-1]):
            stop, on = passing(disc * (thresholds[..., k] - mu), cdf, sf)
            total = total + np.where(y == k + 1, stop, 0.0) + np.where(y > k + 1, on, 0.0)
        return total

    return density


def _acat(
    y: Floats,
    mu: Floats,
    thresholds: Floats,
    disc: Floats = 1.0,
    cdf: Any = stats.logistic.cdf,
    sf: Any = stats.logistic.sf,
) -> Floats:
    """Products of probabilities of the steps up, over their sum."""
    K = np.shape(thresholds)[-1] + 1
    up = [np.log(cdf(disc * (mu - thresholds[..., k]))) for k in range(K - 1)]
    down = [np.log(sf(disc * (mu - thresholds[..., k]))) for k in range(K - 1)]
    each = [sum(up[:k]) + sum(down[k:]) for k in range(K)]
    chosen = sum(np.where(y == k + 1, value, 0.0) for k, value in enumerate(each))
    return chosen - special.logsumexp(np.stack(np.broadcast_arrays(*each)), axis=0)


LATENT = ("cumulative", "sratio", "cratio", "acat")
"""Families whose mean is the linear predictor, and whose link is a distribution function."""

LOG_DENSITIES: dict[str, Density] = {
    "gaussian": lambda y, mu, sigma: stats.norm.logpdf(y, mu, sigma),
    "student_t": lambda y, mu, sigma, nu: stats.t.logpdf(y, nu, mu, sigma),
    "lognormal": _lognormal,
    "gamma": _gamma,
    "inverse_gaussian": lambda y, mu, shape: stats.invgauss.logpdf(y, mu / shape, scale=shape),
    "exponential": lambda y, mu: stats.expon.logpdf(y, scale=mu),
    "beta": _beta,
    "poisson": lambda y, mu: stats.poisson.logpmf(y, mu),
    "negbinomial": _negbinomial,
    "negbinomial1": lambda y, mu, phi: stats.nbinom.logpmf(y, mu / phi, 1 / (1 + phi)),
    "binomial": _binomial,
    "bernoulli": lambda y, mu, rest=None: _binomial(y, mu, 1.0, rest),
    "beta_binomial": _beta_binomial,
    "zero_inflated_poisson": lambda y, mu, zi: _inflated(y, zi, stats.poisson.logpmf(y, mu)),
    "zero_inflated_negbinomial": lambda y, mu, shape, zi: _inflated(y, zi, _negbinomial(y, mu, shape)),
    "zero_inflated_binomial": _zero_inflated_binomial,
    "hurdle_poisson": lambda y, mu, hu: _hurdle(y, hu, lambda v: _truncated_poisson(v, mu)),
    "hurdle_negbinomial": lambda y, mu, shape, hu: _hurdle(y, hu, lambda v: _truncated_negbinomial(v, mu, shape)),
    "hurdle_gamma": lambda y, mu, shape, hu: _hurdle(y, hu, lambda v: _gamma(v, mu, shape)),
    "hurdle_lognormal": lambda y, mu, sigma, hu: _hurdle(y, hu, lambda v: _lognormal(v, mu, sigma)),
    "zero_one_inflated_beta": _zero_one_inflated_beta,
    "truncated_poisson": _truncated_poisson,
    "truncated_negbinomial": _truncated_negbinomial,
    "cumulative": _cumulative,
    "sratio": _stages(lambda s, cdf, sf: (np.log(cdf(s)), np.log(sf(s)))),
    "cratio": _stages(lambda s, cdf, sf: (np.log(sf(-s)), np.log(cdf(-s)))),
    "acat": _acat,
}
"""log p(y | μ, …), the parameters by their names in the family; of probabilities also ``rest``, 1 − μ with all its digits."""

COMPLEMENTS: dict[str, Callable[[Floats], Floats]] = {
    "logit": stats.logistic.sf,
    "probit": stats.norm.sf,
    "cloglog": stats.gumbel_l.sf,
    "loglog": stats.gumbel_r.sf,
    "cauchit": stats.cauchy.sf,
}
"""1 − g⁻¹(η) of links of probabilities, which does not round to zero where g⁻¹ rounds to one."""

INVERSE_LINKS: dict[str, Callable[[Floats], Floats]] = {
    "identity": lambda e: e,
    "log": np.exp,
    "logit": stats.logistic.cdf,
    "probit": stats.norm.cdf,
    "cloglog": stats.gumbel_l.cdf,
    "loglog": stats.gumbel_r.cdf,
    "cauchit": stats.cauchy.cdf,
    "inverse": lambda e: 1 / e,
    "inverse_squared": lambda e: 1 / np.sqrt(e),
    "sqrt": np.square,
    "softplus": lambda e: np.logaddexp(0, e),
}
"""μ = g⁻¹(η)."""

LINKS: dict[str, Callable[[Floats], Floats]] = {
    "identity": lambda m: m,
    "log": np.log,
    "logit": special.logit,
    "probit": stats.norm.ppf,
    "cloglog": stats.gumbel_l.ppf,
    "loglog": stats.gumbel_r.ppf,
    "cauchit": stats.cauchy.ppf,
    "inverse": lambda m: 1 / m,
    "inverse_squared": lambda m: m**-2.0,
    "sqrt": np.sqrt,
    "softplus": lambda m: np.log(np.expm1(m)),
}
"""η = g(μ)."""


def log_density(family: str, link: str, y: Floats, eta: Floats, **others: Any) -> Floats:
    """log p(y | η, …) of every row; everything broadcasts.

    Parameters
    ----------
    others : arrays
        The family's further parameters, and ``trials``.
    """
    if family in LATENT:
        return LOG_DENSITIES[family](y, eta, **others, cdf=INVERSE_LINKS[link], sf=COMPLEMENTS[link])
    rest = {"rest": COMPLEMENTS[link](eta)} if link in COMPLEMENTS else {}
    return LOG_DENSITIES[family](y, INVERSE_LINKS[link](eta), **others, **rest)


def needed(registry: Mapping[str, Any], given: Mapping[str, Any], what: str) -> list[str]:
    """The names of a registry, after checking that each has an independent counterpart.

    Raises
    ------
    AssertionError
        Naming what has none, and where it goes.
    """
    missing = sorted(set(registry) - set(given))
    assert not missing, f"No independent {what} of {', '.join(missing)}: add it in tests/trust/."
    return list(registry)
