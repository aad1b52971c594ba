"""Where a response lies on the link scale, and how widely: the yardstick of the default priors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hierlm.links import Link
from hierlm.links.numbers import numbers

__all__ = [
    "at_shares",
    "counts_link_scale",
    "excess_relative_variance",
    "mean_link_scale",
    "overdispersion",
    "precision_scale",
    "probability_link_scale",
    "relative_variance",
    "spread",
]

Floats = NDArray[np.float64]


def spread(y: Floats) -> float:
    """The standard deviation (n − 1) of ``y``, or 1 where it has none.

    Examples
    --------
    >>> spread(np.array([1.0, 3.0]))
    1.4142135623730951
    """
    sd = float(np.std(y, ddof=1)) if len(y) > 1 else 0.0
    return sd if np.isfinite(sd) and sd > 0 else 1.0


def relative_variance(y: Floats) -> float:
    """Squared coefficient of variation, Var(y)/mean(y)², at most 1 (as noisy as an exponential response)."""
    return float(min((spread(y) / np.mean(y)) ** 2, 1.0))


def excess_relative_variance(y: Floats) -> float:
    """(Var(y) − mean(y))/mean(y)² of counts, within 0.01 and 1: what is left beyond Poisson noise."""
    mean = max(float(np.mean(y)), 0.5 / len(y))
    return float(np.clip((spread(y) ** 2 - mean) / mean**2, 0.01, 1.0))


def overdispersion(y: Floats) -> float:
    """Var(y)/mean(y) − 1 of counts, at least 1."""
    return max(spread(y) ** 2 / max(float(np.mean(y)), 0.5) - 1, 1.0)


def precision_scale(proportions: Floats) -> float:
    """m(1 − m)/Var − 1 of proportions with mean m, at least 1: φ of a beta model without predictors."""
    m = float(np.mean(proportions))
    return max(m * (1 - m) / spread(proportions) ** 2 - 1, 1.0)


def mean_link_scale(y: Floats, link: Link) -> tuple[float, float]:
    """Centre g(mean of y), and the spread: the standard deviation of y carried over to the link scale.

    A link scale with a unit of its own (identity, inverse, sqrt, softplus): sd(y) · |g′(mean)|, the delta method.  A
    logarithmic one: max(1, sd(log y)), values of zero and below counting as half of the smallest positive one.

    Examples
    --------
    >>> from hierlm.links import get_link
    >>> mean_link_scale(np.array([1.0, 3.0]), get_link("identity"))
    (2.0, 1.4142135623730951)
    """
    positive = y[y > 0]
    smallest = float(positive.min()) / 2 if positive.size else 0.5
    mean = float(np.mean(y))
    if link.lower >= 0:
        mean = max(mean, smallest / len(y))
    centre = float(numbers(link, "link", mean))
    if link.unit is not None:
        on_scale = numbers(link, "link", np.maximum(y, smallest))
        return centre, max(link.unit, float(np.std(on_scale, ddof=1)) if len(y) > 1 else 0.0)
    return centre, spread(y) / abs(float(numbers(link, "derivative", centre)))


def counts_link_scale(y: Floats, link: Link) -> tuple[float, float]:
    """:func:`mean_link_scale` of counts; zeros count as one half."""
    return mean_link_scale(np.maximum(y, 0.5) if link.lower >= 0 else y, link)


def probability_link_scale(successes: Floats, trials: Floats, link: Link) -> tuple[float, float]:
    """Centre g(p) with p = (Σ successes + ½)/(Σ trials + 1), and the spread.

    The spread is 1 on every scale without a unit (logit, probit, …, log): from p = 50 %, one unit leads to 73 % (logit)
    or 84 % (probit).  Elsewhere (identity) it is √(p(1 − p)).

    Examples
    --------
    >>> from hierlm.links import get_link
    >>> probability_link_scale(np.array([1.0, 0.0]), np.ones(2), get_link("logit"))
    (0.0, 1.0)
    """
    p = float((np.sum(successes) + 0.5) / (np.sum(trials) + 1))
    return float(numbers(link, "link", p)), float(np.sqrt(p * (1 - p))) if link.unit is None else link.unit


def at_shares(shares: Floats, link: Link) -> Floats:
    """g of shares between 0 and 1.

    Examples
    --------
    >>> from hierlm.links import get_link
    >>> at_shares(np.array([0.5]), get_link("probit"))
    array([0.])
    """
    return numbers(link, "link", shares)
