"""r2: marginal and conditional R²."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm.posterior.intervals import Kind, check_interval, describe_into
from hierlm.posterior.variance import VarianceParts, variance_parts

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["r2", "r2_draws"]


def r2(fit: Fit, *, level: float = 0.95, kind: Kind = "eti") -> pd.DataFrame:
    """Which share of the variance do the common effects explain, and which all effects together?

    marginal = σ²_f / σ²_total, conditional = (σ²_f + Σ σ²_groups) / σ²_total on the link scale, draw by draw, with
    σ²_total = σ²_f + Σ σ²_groups + σ²_units + σ²_d; the parts are those of
    :func:`hierlm.posterior.variance.variance_parts`.  Observation-level effects are overdispersion, which explains
    nothing.

    Parameters
    ----------
    fit : Fit
    level : float, default 0.95
        Probability inside the intervals.
    kind : {"eti", "hdi"}

    Returns
    -------
    DataFrame
        Two rows a response: ``response``, ``r2`` (``"marginal"``, ``"conditional"``), ``mean``, ``sd``, ``lower``,
        ``upper``.

    Raises
    ------
    PosteriorError
        When the link has no latent variance (cauchit).

    References
    ----------
    Nakagawa & Schielzeth (2013), Methods in Ecology and Evolution 4:133–142, and the sources of ``variance_parts``.

    Examples
    --------
    >>> r2(fit)[["r2", "mean"]]  # doctest: +SKIP
    """
    check_interval(level, kind)
    found = [(r.name, name, v) for r in fit.model.responses for name, v in r2_draws(variance_parts(fit, r)).items()]
    columns = {"response": [f[0] for f in found], "r2": [f[1] for f in found]}
    frame = describe_into(columns, np.stack([f[2] for f in found], axis=1), level, kind)
    frame.attrs["scale"] = "latent"
    return frame


def r2_draws(parts: VarianceParts) -> dict[str, NDArray[np.float64]]:
    """``"marginal"`` and ``"conditional"`` → draws."""
    total = parts.fixed + parts.random + parts.residual
    return {"marginal": parts.fixed / total, "conditional": (parts.fixed + parts.random) / total}
