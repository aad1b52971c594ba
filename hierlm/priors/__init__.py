"""Priors as values, and the default ones."""

from __future__ import annotations

from typing import Any

from hierlm.priors.lkj import LKJ
from hierlm.priors.prior import Prior, positive_part, stack

__all__ = ["LKJ", "Prior", "positive_part", "prior_from_json", "stack"]


def prior_from_json(obj: Any) -> Prior | LKJ:
    """The prior that ``to_json`` wrote, an LKJ or a univariate distribution.

    Raises
    ------
    PriorError
        For anything else.

    Examples
    --------
    >>> prior_from_json(LKJ(2).to_json()), prior_from_json(Prior("Flat").to_json())
    (LKJ(eta=2), Flat())
    """
    if isinstance(obj, dict) and obj.get("prior") == "LKJ":
        return LKJ.from_json(obj)
    return Prior.from_json(obj)
