"""variance_shares: where does the variance of the response come from?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm.posterior.intervals import Kind, check_interval, describe_into
from hierlm.posterior.variance import VarianceParts, variance_parts

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["share_draws", "variance_shares"]

Floats = NDArray[np.float64]
COMMON, RESIDUAL = "(common effects)", "(residual)"


def variance_shares(fit: Fit, *, level: float = 0.95, kind: Kind = "eti") -> pd.DataFrame:
    """Where does the variance of the response come from: common effects, each grouping, or what is left?

    Shares of σ²_f + Σ σ²_groups + σ²_units + σ²_d on the link scale, draw by draw, so that they add up to 1; the parts
    are those of :func:`hierlm.posterior.variance.variance_parts`.  The share of the common effects is the marginal R²;
    with slopes, a grouping's variance is its mean over the rows of the data.

    Parameters
    ----------
    fit : Fit
    level : float, default 0.95
        Probability inside the intervals.
    kind : {"eti", "hdi"}

    Returns
    -------
    DataFrame
        ``response``, ``part`` (``"(common effects)"``, the groupings, ``"(residual)"``), and ``mean``, ``sd``,
        ``lower``, ``upper`` of the share.  Smooths count as common effects; groupings of one level per row, which are
        overdispersion, have a row of their own.

    Raises
    ------
    PosteriorError
        When the link has no latent variance (cauchit).

    References
    ----------
    Nakagawa & Schielzeth (2013), Methods in Ecology and Evolution 4:133–142, and the sources of ``variance_parts``.

    Examples
    --------
    >>> import hierlm as hl
    >>> fit = hl.load("sleep.zarr")  # doctest: +SKIP
    >>> hl.variance_shares(fit)  # doctest: +SKIP
    """
    check_interval(level, kind)
    found = [(r.name, part, v) for r in fit.model.responses for part, v in share_draws(variance_parts(fit, r)).items()]
    columns = {"response": [f[0] for f in found], "part": [f[1] for f in found]}
    frame = describe_into(columns, np.stack([f[2] for f in found], axis=1), level, kind)
    frame.attrs["scale"] = "latent"
    return frame


def share_draws(parts: VarianceParts) -> dict[str, Floats]:
    """Part → its share in every draw."""
    found = {COMMON: parts.fixed, **parts.groups, **parts.units, RESIDUAL: parts.distribution}
    total = sum(found.values(), np.zeros_like(parts.fixed))
    return {part: np.asarray(value / total) for part, value in found.items()}
