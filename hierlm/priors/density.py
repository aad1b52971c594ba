"""Densities as numbers."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pymc as pm
from numpy.typing import ArrayLike, NDArray
from pytensor.compile.mode import Mode

from hierlm.errors import PriorError

__all__ = ["log_density"]

_PYTHON: Final = Mode(linker="py", optimizer="fast_compile")  # nothing to compile


def log_density(distribution: Any, on: str, support: tuple[float, float], x: ArrayLike) -> NDArray[np.float64]:
    """The log density of x where ``distribution`` is that of x, x² or x⁻².

    Parameters
    ----------
    distribution : unnamed PyMC random variable
    on : {"value", "variance", "precision"}
    support : (float, float)
        Of x.
    x : array of any shape

    Returns
    -------
    array of the shape of ``x``
        −inf outside the support.
    """
    values = np.asarray(x, dtype=np.float64)
    if np.isnan(values).any():
        raise PriorError("A density at NaN is not defined.", hint="Leave out missing values.")
    lower, upper = support
    power, factor = {"value": (1, 1.0), "variance": (2, 2.0), "precision": (-2, 2.0)}[on]
    with np.errstate(all="ignore"):  # at the very ends of the support
        described = values**power
        log_jacobian = np.log(factor) + (power - 1) * np.log(values) if power != 1 else np.zeros_like(values)
        inside = (values >= lower) & (values <= upper) & np.isfinite(described) & np.isfinite(log_jacobian)
        out = np.full(values.shape, -np.inf)
        out[inside] = pm.logp(distribution, described[inside]).eval(mode=_PYTHON) + log_jacobian[inside]
    out[np.isnan(out) & ((values == lower) | (values == upper))] = -np.inf  # the limit of what reads ∞ − ∞ there
    return np.asarray(out)[()]
