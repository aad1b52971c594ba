"""residuals: what is left of each observation."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm.errors import PosteriorError, did_you_mean
from hierlm.fit import Fit
from hierlm.graph.evaluate import kept as kept_function
from hierlm.model.values import ModelResponse
from hierlm.posterior.checking.deviance import deviance
from hierlm.posterior.checking.quantile import normal_scores, places
from hierlm.posterior.checking.replicates import (
    NewGroups,
    as_new,
    chosen_response,
    mean_and_variance,
    renewed,
    replicate,
)
from hierlm.posterior.correlated import standard
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, Rows, at_rows, chunks, thinned
from hierlm.posterior.options import checked_seed
from hierlm.posterior.response import expected_response

__all__ = ["KINDS", "residuals"]

Floats = NDArray[np.float64]
Kind = Literal["response", "pearson", "deviance", "normalised", "quantile"]
KINDS = ("response", "pearson", "deviance", "normalised", "quantile")


def residuals(
    fit: Fit,
    kind: Kind = "quantile",
    *,
    response: str | None = None,
    new_groups: NewGroups = False,
    draws: int | None = None,
    seed: int | None = None,
) -> pd.DataFrame:
    """What is left of each observation when the fit has said its part?

    ``"response"``
        y − E[y], with the posterior mean of E[y | parameters]; response scale.
    ``"pearson"``
        The posterior mean of (y − μ)/√Var(y | parameters).
    ``"deviance"``
        sign(y − μ) √(2 (ℓ_max − ℓ)), ℓ the log-density at the posterior mean of the linear predictors and ℓ_max the
        largest that another mean could give this observation.  Where residuals are correlated, given the rows before it
        in its block: of normal ones L⁻¹ (y − μ)/σ at the posterior means.
    ``"normalised"``
        Pearson residuals with residual correlation taken out, as nlme has them: every row given those before it in its
        block, in the order of their positions.  Without such correlation the same.
    ``"quantile"``
        Φ⁻¹(u), u the place of y in its predictive distribution, randomised where that has steps (Dunn & Smyth 1996), by
        simulation, so for every family.  Standard normal where the fit is right, whatever the family: the default.
        Correlated residuals stay correlated.

    Parameters
    ----------
    fit : Fit
    kind : {"response", "pearson", "deviance", "normalised", "quantile"}
    response : str, optional
        Which one, in a model of several.
    new_groups : bool, str or sequence of str
        For these groupings, residuals are from the population: effects are zero in means, and drawn anew in quantiles.
    draws : int, optional
        Use that many draws of each chain, evenly spaced; for quantiles that many data sets.
    seed : int, optional
        Of quantile residuals; the same seed gives the same numbers.

    Returns
    -------
    DataFrame
        A row per row of the data: ``observed``, ``fitted`` (posterior mean of E[y]), ``residual``, and ``u`` for
        quantiles.

    Raises
    ------
    PosteriorError
        For an unknown kind, response or grouping, or a response of categories (which has quantile residuals only).

    References
    ----------
    Dunn & Smyth (1996), Journal of Computational and Graphical Statistics 5:236–244.

    Examples
    --------
    >>> fit.residuals("pearson")["residual"].std()  # doctest: +SKIP
    """
    if kind not in KINDS:
        raise PosteriorError(f"There are no residuals of kind {kind!r}.", hint=did_you_mean(str(kind), KINDS))
    chosen, fresh = chosen_response(fit.model, response), renewed(fit.model, new_groups)
    if chosen.categories and kind != "quantile":
        raise PosteriorError(
            f"'{chosen.name}' has categories, and no differences between them.", hint="Use kind='quantile'."
        )
    posterior = thinned(fit, draws) if kind != "quantile" else fit.posterior
    used = Draws(fit.model, posterior)
    rows = as_new(fit.model, at_rows(fit.model), fresh)
    columns: dict[str, Any] = {"observed": chosen.y}
    fitted, pearson = _moments(rows, used, chosen, fit)
    columns["fitted"] = fitted
    if kind == "quantile":
        root = checked_seed(seed)
        made = replicate(fit, chosen.name, new_groups=new_groups, draws=draws, seed=root)
        u = places(chosen.y, made.drawn, root)
        columns["residual"], columns["u"] = normal_scores(u), u
    elif kind == "response":
        columns["residual"] = chosen.y - fitted
    elif kind == "deviance":
        columns["residual"] = deviance(fit.model, rows, used, chosen, fitted)
    elif kind == "normalised" and rows.correlated is not None:
        here = standard(rows, used, chosen, tuple(fit.model.groups), NewLevels(fit.model, used, 0, zero=True))
        columns["residual"] = here.normalised(chosen.y).mean(axis=0)
    else:
        columns["residual"] = pearson
    _check_finite(columns["residual"], rows, kind)
    return pd.DataFrame(columns, index=pd.Index(rows.index, name="row"))


def _moments(rows: Rows, draws: Draws, response: ModelResponse, fit: Fit) -> tuple[Floats, Floats]:
    """Posterior means of E[y] and of (y − μ)/sd; of categories the mean number, and nothing."""
    fitted, pearson = np.empty(rows.n), np.zeros(rows.n)
    kept, new = tuple(fit.model.groups), NewLevels(fit.model, draws, 0, zero=True)
    compute = kept_function(), kept_function()
    for at in chunks(draws.size, rows.n):
        if response.categories:
            mean = expected_response(rows, draws, response, at, kept, new)
            fitted[at] = mean.mean(axis=0) @ np.arange(1, mean.shape[-1] + 1)
            continue
        mean, variance = mean_and_variance(rows, draws, response, at, kept, new, compute)
        fitted[at] = mean.mean(axis=0)
        with np.errstate(all="ignore"):
            pearson[at] = ((response.y[at] - mean) / np.sqrt(variance)).mean(axis=0)
    return fitted, pearson


def _check_finite(values: Floats, rows: Rows, kind: str) -> None:
    bad = rows.index[~np.isfinite(values)]
    if len(bad):
        raise PosteriorError(
            f"The {kind} residual is no finite number in rows {', '.join(map(str, bad[:5]))}.",
            hint="The mean or variance does not exist there; use kind='quantile'.",
        )
