"""Priors of positive numbers from symmetric ones."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from hierlm.errors import PriorError
from hierlm.priors.prior import Prior

__all__ = ["positive_part"]

_POSITIVE_PART: Mapping[str, tuple[str, str | None]] = MappingProxyType(
    {
        "Normal": ("HalfNormal", "mu"),
        "StudentT": ("HalfStudentT", "mu"),
        "Cauchy": ("HalfCauchy", "alpha"),
        "Flat": ("HalfFlat", None),
    }
)
"""Symmetric distribution → (the distribution of its absolute value when centred at zero, its location argument)."""


def positive_part(prior: Prior) -> Prior:
    """The prior of a positive parameter that a user gave as a symmetric one: Normal(0, s) is read as HalfNormal(s).

    Raises
    ------
    PriorError
        When negative values are possible and the prior is not a Normal, StudentT or Cauchy at zero, or Flat.

    Examples
    --------
    >>> positive_part(Prior("Normal", sigma=50))
    HalfNormal(sigma=50)
    >>> positive_part(Prior("Gamma", alpha=2, beta=1))
    Gamma(alpha=2, beta=1)
    """
    if prior.positive:
        return prior
    half, location = _POSITIVE_PART.get(prior.name, (None, None))
    if half is None or (location is not None and prior.arguments[location] != 0):
        raise PriorError(
            f"{prior!r} allows negative values, and the parameter is positive.",
            hint='Give a prior of positive numbers, such as Prior("HalfNormal", sigma=1), '
            'or Prior("TruncatedNormal", mu=1, sigma=1, lower=0).',
        )
    arguments: dict[str, Any] = {k: v for k, v in prior.items if k != location}
    return Prior(half, **arguments)
