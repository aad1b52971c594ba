"""tree: everything that ArviZ's functions ask for, in one DataTree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xarray as xr

from hierlm.posterior.loglik import log_likelihood as pointwise
from hierlm.posterior.predictive import posterior_predictive as replicated

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["tree"]


def tree(
    fit: Fit, *, log_likelihood: bool = True, posterior_predictive: bool = True, seed: int | None = None
) -> xr.DataTree:
    """The draws with what ArviZ needs beside them: ``az.loo(fit.tree())``, ``az.plot_ppc_dist(fit.tree())``.

    They are made when asked for, since each takes draws × rows numbers of memory.

    Parameters
    ----------
    fit : Fit
    log_likelihood : bool
        Whether to add the pointwise log-likelihood.
    posterior_predictive : bool
        Whether to add replicated responses, on the response scale.
    seed : int, optional
        Of the replicated responses.

    Returns
    -------
    DataTree
        ``fit.draws`` with the groups ``log_likelihood`` and ``posterior_predictive``, whose variables are called like
        those of ``observed_data``; ``fit.draws`` itself stays as it is.

    Examples
    --------
    >>> import arviz as az
    >>> az.loo(fit.tree())  # doctest: +SKIP
    """
    groups = fit.draws.to_dict()
    if log_likelihood:
        groups["/log_likelihood"] = pointwise(fit)
    if posterior_predictive:
        groups["/posterior_predictive"] = replicated(fit, seed=seed)
    return xr.DataTree.from_dict(groups)
