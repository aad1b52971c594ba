"""Correlation matrices as their free parameter and their Cholesky factor: exchangeable and unstructured ones.

The exchangeable (compound symmetry) R of k effects has one correlation r in (−1/(k−1), 1).  Its free parameter is u in
(0, 1), r = (k u − 1)/(k − 1), because 1 − r and 1 + j r are then sums of positive terms, exact near both bounds.
For two effects every correlation matrix is exchangeable, so the unstructured R shares the closed form.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
from pytensor.tensor import sqrt

from hierlm.covariances.covariance import Rows, Tensor
from hierlm.errors import PriorError
from hierlm.priors.lkj import LKJ
from hierlm.priors.prior import Prior

__all__ = [
    "check_exchangeable_prior",
    "check_unstructured_prior",
    "exchangeable_factor",
    "exchangeable_parameter",
    "lower_bound",
    "unstructured_factor",
    "unstructured_parameter",
]


def lower_bound(k: int) -> float:
    """−1/(k−1), the least correlation that k exchangeable effects can have.

    Examples
    --------
    >>> lower_bound(3)
    -0.5
    """
    return -1.0 / (k - 1)


def check_exchangeable_prior(k: int, prior: LKJ | Prior) -> None:
    """Refuse a prior that is not one of a single correlation r in (−1/(k−1), 1).

    Raises
    ------
    PriorError
        For an improper prior, one on the variance or the precision, and one that excludes the whole interval.
    """
    if isinstance(prior, LKJ):
        _check_beta(k, prior)
        return
    if prior.on != "value":
        raise PriorError(
            f"{prior!r} cannot be the prior of a correlation: it is on the {prior.on}.", hint="Leave out on=."
        )
    if not prior.proper:
        raise PriorError(
            f"{prior!r} cannot be the prior of a correlation: it is improper.",
            hint=f'For a flat one write Prior("Uniform", lower={lower_bound(k):.4g}, upper=1).',
        )
    lower, upper = _interval(k, prior)
    if not lower < upper:
        raise PriorError(
            f"{prior!r} excludes every correlation of {k} effects, which lies between {lower_bound(k):.4g} and 1.",
            hint="Give a prior with some mass there, or hl.LKJ(2).",
        )
    if (lower, upper) != prior.support and not _has_distribution_function(prior):
        raise PriorError(
            f"{prior!r} cannot be truncated to ({lower:.4g}, {upper:.4g}): PyMC has no distribution function for it.",
            hint="Use LKJ, Uniform or Normal.",
        )


def exchangeable_parameter(name: str, k: int, prior: LKJ | Prior) -> Tensor:
    """Create the free variable ``name`` of the correlation r of k exchangeable effects, and return u = (1 + (k−1) r)/k.

    With LKJ(η) the density of R is ∝ det(R)^(η−1), det(R) ∝ u (1−u)^(k−1), so that u ~ Beta(η, (k−1)(η−1) + 1) exactly;
    the free variable is u.  With a :class:`Prior` the free variable is r, its density truncated to (−1/(k−1), 1).
    """
    check_exchangeable_prior(k, prior)
    if isinstance(prior, LKJ):
        eta = np.asarray(prior.eta)  # a Python number would be single precision
        return pm.Beta(name, eta, (k - 1) * (eta - 1) + 1)
    lower, upper = _interval(k, prior)
    if (lower, upper) == prior.support:
        r = prior.build(name)
    else:
        r = pm.Truncated(name, prior.dist(), lower=np.asarray(lower), upper=np.asarray(upper))
    return (1 + (k - 1) * r) / k


def exchangeable_factor(u: Tensor, k: int) -> Rows:
    """Rows of the Cholesky factor C of the exchangeable correlation matrix.

    Given the j effects before it, an effect has variance v_j = (1 − r)(1 + j r)/(1 + (j−1) r) and covariance
    w_j = r (1 − r)/(1 + (j−1) r) with each later one; so C_jj = √v_j and C_ij = w_j/√v_j for every i > j.
    """
    r = (k * u - 1) / (k - 1)
    rest = k * (1 - u) / (k - 1)  # 1 − r

    def plus(j: int) -> Any:  # 1 + j r
        return (k - 1 - j + j * k * u) / (k - 1)

    diagonal: list[Tensor] = [1.0]
    below: list[Tensor] = [r]
    for j in range(1, k):
        diagonal.append(sqrt(rest * plus(j) / plus(j - 1)))
        below.append(r * sqrt(rest / (plus(j - 1) * plus(j))) if j < k - 1 else 0.0)
    return [[*below[:i], diagonal[i]] for i in range(k)]


def check_unstructured_prior(k: int, prior: LKJ | Prior) -> None:
    """Refuse a prior that is not one of a k × k correlation matrix.

    Raises
    ------
    PriorError
        For more than two effects, where only LKJ will do; else see :func:`check_exchangeable_prior`.
    """
    if k == 2:
        check_exchangeable_prior(k, prior)
    elif not isinstance(prior, LKJ):
        raise PriorError(
            f"{prior!r} is a prior of one number, and {k} effects have {k * (k - 1) // 2} correlations.",
            hint="Use LKJ(eta).",
        )


def unstructured_parameter(name: str, k: int, prior: LKJ | Prior) -> Tensor:
    """Create the free variable ``name`` of an unstructured correlation matrix, and return it.

    Two effects: see :func:`exchangeable_parameter`.  More: the k × k Cholesky factor itself, ``pm.LKJCorr``.
    """
    check_unstructured_prior(k, prior)
    if k == 2 or not isinstance(prior, LKJ):
        return exchangeable_parameter(name, k, prior)
    return pm.LKJCorr(name, n=k, eta=np.asarray(prior.eta))


def unstructured_factor(parameter: Tensor, k: int) -> Rows:
    """Rows of the Cholesky factor of :func:`unstructured_parameter`."""
    if k == 2:
        return exchangeable_factor(parameter, k)
    return [[1.0]] + [[parameter[i, j] for j in range(i + 1)] for i in range(1, k)]


def _interval(k: int, prior: Prior) -> tuple[float, float]:
    """Where both the prior and the structure allow r."""
    lower, upper = prior.support
    return max(lower, lower_bound(k)), min(upper, 1.0)


def _check_beta(k: int, prior: LKJ) -> None:
    """LKJ with η ≤ 1 − 1/(k−1) has no finite integral over exchangeable matrices."""
    if (k - 1) * (prior.eta - 1) + 1 <= 0:
        raise PriorError(
            f"{prior!r} is improper for {k} exchangeable effects.", hint=f"Use eta > {1 - 1 / (k - 1):.4g}."
        )


def _has_distribution_function(prior: Prior) -> bool:
    """Whether PyMC can integrate the prior, which truncating it needs."""
    try:
        pm.logcdf(prior.dist(), 0.0)
    except NotImplementedError:
        return False
    return True
