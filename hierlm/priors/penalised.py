"""penalised_complexity: a prior of a standard deviation from one statement about it."""

from __future__ import annotations

import math
import numbers

import numpy as np

from hierlm.errors import PriorError
from hierlm.priors.prior import Prior

__all__ = ["penalised_complexity"]


def penalised_complexity(upper: float, probability: float = 0.05) -> Prior:
    """The prior of a standard deviation with P(sd > upper) = probability that prefers the simpler model: exponential.

    A penalised-complexity prior has a density that falls at a constant rate as the model moves away from its simpler
    version, here the one without the effects (sd = 0); the distance of N(0, sd²) from that is proportional to sd, so
    that sd ~ Exponential(λ), λ = −log(probability)/upper.

    Parameters
    ----------
    upper : float
        A standard deviation that would be surprisingly large, in the units of the parameter.
    probability : float
        How probable larger ones are.

    Returns
    -------
    Prior

    Raises
    ------
    PriorError
        When ``upper`` is not positive, or ``probability`` not between 0 and 1.

    References
    ----------
    Simpson, Rue, Riebler, Martins & Sørbye (2017), Statistical Science 32:1–28.

    Examples
    --------
    >>> import hierlm as hl
    >>> hl.penalised_complexity(60, 0.05)
    Exponential(lam=0.0499288712258998)
    """
    given: tuple[tuple[str, object], ...] = (("upper", upper), ("probability", probability))
    for name, value in given:
        if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real) or not math.isfinite(value):
            raise PriorError(
                f"{name} must be a number, not {value!r}.", hint="Write hl.penalised_complexity(60, 0.05)."
            )
    if upper <= 0:
        raise PriorError(f"upper must be greater than 0, not {upper:g}.", hint="Give a large standard deviation.")
    if not 0 < probability < 1:
        raise PriorError(f"probability must be between 0 and 1, not {probability:g}.", hint="Give 0.05 or 0.01.")
    return Prior("Exponential", lam=-math.log(probability) / float(upper))
