"""Joint priors: of many parameters at once, by way of few hyperparameters; one a file."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from hierlm.errors import PriorError, did_you_mean
from hierlm.priors.joint.horseshoe import Horseshoe
from hierlm.priors.joint.joint import Bound, Conditional, Hyper, JointPrior, Member
from hierlm.priors.joint.r2d2m2 import R2D2M2
from hierlm.priors.joint.total_variance import TotalVariance

__all__ = [
    "JOINT",
    "R2D2M2",
    "Bound",
    "Conditional",
    "Horseshoe",
    "Hyper",
    "JointPrior",
    "Member",
    "TotalVariance",
    "joint_from_json",
]

JOINT: Mapping[str, type[JointPrior]] = MappingProxyType(
    {cls.__name__: cls for cls in (Horseshoe, R2D2M2, TotalVariance)}
)
"""Every joint prior by its name."""


def joint_from_json(obj: Any) -> JointPrior:
    """The joint prior that ``to_json`` wrote.

    Raises
    ------
    PriorError
        For anything else.

    Examples
    --------
    >>> joint_from_json(Horseshoe(nonzero=3).to_json()).nonzero
    3.0
    """
    if not isinstance(obj, Mapping) or set(obj) != {"joint", "arguments"} or not isinstance(obj["arguments"], Mapping):
        raise PriorError(f"Not a stored joint prior: {obj!r}.", hint="Expected the keys joint and arguments.")
    if obj["joint"] not in JOINT:
        raise PriorError(f"There is no joint prior {obj['joint']!r}.", hint=did_you_mean(str(obj["joint"]), JOINT))
    return JOINT[obj["joint"]](**obj["arguments"])
