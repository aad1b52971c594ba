"""Priors as values, and the default ones."""

from __future__ import annotations

from typing import Any

from hierlm.errors import PriorError
from hierlm.priors.fixed import Fixed
from hierlm.priors.joint import R2D2M2, Conditional, Horseshoe, JointPrior, TotalVariance, joint_from_json
from hierlm.priors.lkj import LKJ
from hierlm.priors.penalised import penalised_complexity
from hierlm.priors.positive import positive_part
from hierlm.priors.prior import Prior
from hierlm.priors.stacked import stack

__all__ = [
    "LKJ",
    "R2D2M2",
    "Conditional",
    "Fixed",
    "Horseshoe",
    "JointPrior",
    "Prior",
    "TotalVariance",
    "penalised_complexity",
    "positive_part",
    "prior_from_json",
    "stack",
]


def prior_from_json(obj: Any) -> Prior | LKJ | Fixed | JointPrior:
    """The prior that ``to_json`` wrote: a univariate distribution, an LKJ, a joint prior, or a fixed value.

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
    if isinstance(obj, dict) and set(obj) == {"fixed"}:
        if isinstance(obj["fixed"], bool) or not isinstance(obj["fixed"], int | float):
            raise PriorError(f"Not a stored fixed value: {obj!r}.", hint='It reads {"fixed": 2.0}.')
        return Fixed(float(obj["fixed"]))
    if isinstance(obj, dict) and "joint" in obj:
        return joint_from_json(obj)
    return Prior.from_json(obj)
