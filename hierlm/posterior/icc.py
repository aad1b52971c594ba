"""icc: intraclass correlations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm.errors import PosteriorError
from hierlm.posterior.intervals import Kind, check_interval, describe_into
from hierlm.posterior.variance import VarianceParts, mean_is_linear, variance_parts

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["ALL_GROUPS", "icc", "icc_draws"]

ALL_GROUPS = "(all groups)"


def icc(
    fit: Fit, *, scale: Literal["latent", "response"] = "latent", level: float = 0.95, kind: Kind = "eti"
) -> pd.DataFrame:
    """Which share of the variance lies between the levels of each grouping?

    ``adjusted``: σ²_g / (Σ σ²_groups + σ²_units + σ²_d), the share of what the common effects leave;
    ``unadjusted``: the variance of the common effects is in the denominator too.  σ²_g is the mean over rows of
    z' V z, so random slopes count by what they contribute to the data at hand (Johnson 2014); crossed and nested
    groupings and cells have each their own share; two rows of one cell have the cell's and its parents' parts in
    common, so their correlation is the sum of those shares.

    An observation-level grouping (one level per row) is additive overdispersion: a row of its own, in every
    denominator, and not part of the row ``(all groups)`` (Nakagawa, Johnson & Schielzeth 2017).  σ²_d is the
    distribution-specific variance, see :func:`hierlm.posterior.variance.distribution_variance`.  For random slopes
    ``performance::icc(by_group=TRUE)`` counts the intercept's variance alone, hence smaller shares.

    Residuals count by their variance: where they are correlated, two rows of a level have more in common than this
    share; see :func:`hierlm.posterior.group_variance`.

    Parameters
    ----------
    fit : Fit
    scale : {"latent", "response"}
        The scale of the linear predictor; or of the response, which is the same where the mean is linear (gaussian)
        and does not exist as one number elsewhere.
    level : float, default 0.95
        Probability inside the intervals.
    kind : {"eti", "hdi"}

    Returns
    -------
    DataFrame
        A row per grouping and kind of ICC: ``response``, ``group``, ``icc`` (``"adjusted"`` or ``"unadjusted"``),
        ``mean``, ``sd``, ``lower``, ``upper``.

    Raises
    ------
    PosteriorError
        When the link has no latent variance (cauchit), or the response scale is asked for and has no ICC.

    Examples
    --------
    >>> icc(fit).query("icc == 'adjusted'")  # doctest: +SKIP
    """
    check_interval(level, kind)
    if scale not in ("latent", "response"):
        raise PosteriorError(f"scale={scale!r} is unknown.", hint="Use 'latent' or 'response'.")
    columns: dict[str, list[str]] = {"response": [], "group": [], "icc": []}
    values: list[NDArray[np.float64]] = []
    for response in fit.model.responses:
        if scale == "response" and not mean_is_linear(fit, response):
            raise PosteriorError(
                f"The mean of '{response.name}' is not linear in the group effects, so on the response scale the share "
                "of each grouping differs from row to row.",
                hint='Use scale="latent".',
            )
        for (group, which), draws in icc_draws(variance_parts(fit, response)).items():
            for column, label in zip(columns.values(), (response.name, group, which), strict=True):
                column.append(label)
            values.append(draws)
    size = fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"]
    frame = describe_into(columns, np.stack(values, axis=1) if values else np.zeros((size, 0)), level, kind)
    frame.attrs["scale"] = scale
    return frame


def icc_draws(parts: VarianceParts) -> dict[tuple[str, str], NDArray[np.float64]]:
    """(grouping, "adjusted" or "unadjusted") → draws, with :data:`ALL_GROUPS` last; empty without groupings."""
    if not parts.groups and not parts.units:
        return {}
    numerators = {**parts.groups, **parts.units, ALL_GROUPS: parts.random}
    left = parts.random + parts.residual
    totals = {"adjusted": left, "unadjusted": left + parts.fixed}
    return {(g, which): v / total for g, v in numerators.items() for which, total in totals.items()}
