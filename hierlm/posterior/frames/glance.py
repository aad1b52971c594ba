"""glance: one row about a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hierlm.errors import PosteriorError
from hierlm.posterior.native import given_back
from hierlm.posterior.r2 import r2
from hierlm.posterior.summary import summary

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["glance"]


def glance(fit: Fit) -> Any:
    """One row about a fit, for tables of many fits; named as in R's broom.mixed where it has a name.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    DataFrame
        Of the kind of frame that the model was given: ``algorithm`` (the sampler), ``pss`` (posterior sample size),
        ``nobs``, ``sigma`` (posterior mean, missing where there is none), ``r2.marginal``, ``r2.conditional``
        (posterior means on the link scale, missing where the link has none or with several responses),
        ``divergences``, ``rhat.max``, ``ess.min`` (of all parameters but group effects), and ``ngroups.<grouping>``.

    Examples
    --------
    >>> import hierlm as hl
    >>> fit = hl.load("sleep.zarr")  # doctest: +SKIP
    >>> hl.glance(fit)  # doctest: +SKIP
    """
    posterior, table = fit.posterior, summary(fit).frame
    marginal, conditional = _r2(fit)
    stats = fit.draws.get("sample_stats")
    diverging = int(stats["diverging"].sum()) if stats is not None and "diverging" in stats.data_vars else None
    row = {
        "algorithm": str(fit.provenance.get("sampler", "")),
        "pss": posterior.sizes["chain"] * posterior.sizes["draw"],
        "nobs": fit.model.design.n,
        "sigma": float(posterior["sigma"].mean()) if "sigma" in posterior and posterior["sigma"].ndim == 2 else np.nan,
        "r2.marginal": marginal,
        "r2.conditional": conditional,
        "divergences": np.nan if diverging is None else diverging,
        "rhat.max": float(table["r_hat"].max()),
        "ess.min": float(table[["ess_bulk", "ess_tail"]].min().min()),
        **{f"ngroups.{g}": len(blocks[0].levels) for g, blocks in fit.model.groups.items()},
    }
    return given_back(fit.model, pd.DataFrame([row]))


def _r2(fit: Fit) -> tuple[float, float]:
    try:
        found = r2(fit)
    except PosteriorError:  # a link without a latent variance
        return np.nan, np.nan
    values = found["mean"].to_numpy()
    return (float(values[0]), float(values[1])) if len(values) == 2 else (np.nan, np.nan)
