"""What families with a part for zeros of its own share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierlm.families.family import Parameter, Predicted
from hierlm.priors.prior import Prior

__all__ = ["above_zero", "even", "probability", "without"]

Floats = NDArray[np.float64]


def probability(name: str) -> Parameter:
    """A probability that may have a formula, on the logit scale unless told otherwise."""
    return Parameter(name, "logit", ("logit", "probit", "cloglog", "loglog", "cauchit"), 0.0, 1.0)


def even() -> Prior:
    """Beta(1, 1): every probability is as likely."""
    return Prior("Beta", alpha=1, beta=1)


def without(parameters: Mapping[str, Predicted], *names: str) -> dict[str, Predicted]:
    """The parameters but for some."""
    return {name: p for name, p in parameters.items() if name not in names}


def above_zero(y: Floats, additions: Mapping[str, Any]) -> tuple[Floats, dict[str, Floats]]:
    """The rows with y > 0, and their additions."""
    kept = y > 0
    return y[kept], {name: np.broadcast_to(values, y.shape)[kept] for name, values in additions.items()}
