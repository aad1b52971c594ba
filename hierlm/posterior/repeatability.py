"""repeatability: how alike are two measurements of one group?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm.errors import PosteriorError
from hierlm.graph.evaluate import Compute, kept as kept_function
from hierlm.posterior.checking.replicates import as_new, chosen_response, mean_and_variance, renewed
from hierlm.posterior.icc import icc
from hierlm.posterior.intervals import Kind, check_interval, describe_into
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, Rows, at_rows
from hierlm.posterior.options import checked_seed

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["repeatability"]

Floats = NDArray[np.float64]


def repeatability(
    fit: Fit,
    *,
    scale: Literal["link", "response"] = "response",
    response: str | None = None,
    draws: int = 100,
    groups: int = 200,
    rows: int = 50,
    level: float = 0.95,
    kind: Kind = "eti",
    seed: int | None = None,
) -> pd.DataFrame:
    """How alike are two measurements of one level, as the correlation of two new observations of it?

    ``"link"``: the intraclass correlation of the latent scale, :func:`hierlm.posterior.icc` (adjusted).
    ``"response"``: Cov(y, y′)/Var(y) on the scale of the data, for two observations with the predictors of one row that
    share the level of one grouping and nothing else, by simulation: for every draw of the parameters, ``groups`` new
    levels of each grouping are drawn from N(0, V), and

    R = Cov(μ(b_g, b_others), μ(b_g, b′_others)) / (E[Var(y | μ)] + Var(μ)),

    averaged over rows.  It differs between families and links, and from the latent one: a mean near a bound leaves
    groups little room to differ, and a binomial count of many trials repeats better than one trial (Nakagawa &
    Schielzeth 2010; de Villemereuil et al. 2016).

    Parameters
    ----------
    fit : Fit
    scale : {"link", "response"}
    response : str, optional
        Which one, in a model of several.
    draws : int
        Of the parameters, evenly spaced over all chains.
    groups : int
        New levels a draw; each draw's R has a simulation error of about 1/√groups, which the interval includes.
    rows : int
        Rows of the data to average over, evenly spaced.
    level : float
        Of the intervals.
    kind : {"eti", "hdi"}
    seed : int, optional

    Returns
    -------
    DataFrame
        ``response``, ``group``, ``mean``, ``sd``, ``lower``, ``upper``.

    Raises
    ------
    PosteriorError
        Without group terms, or for a response of categories or without a variance.

    References
    ----------
    Nakagawa & Schielzeth (2010), Biological Reviews 85:935–956; de Villemereuil, Schielzeth, Nakagawa & Morrissey
    (2016), Genetics 204:1281–1294.

    Examples
    --------
    >>> fit.repeatability(scale="response", seed=1)  # doctest: +SKIP
    """
    check_interval(level, kind)
    chosen = chosen_response(fit.model, response)
    every = renewed(fit.model, True)
    if scale not in ("link", "response"):
        raise PosteriorError(f"scale={scale!r} is unknown.", hint="Use 'link' or 'response'.")
    if scale == "link":
        found = icc(fit, level=level, kind=kind)
        return found[(found["icc"] == "adjusted") & (found["response"] == chosen.name)].drop(columns="icc")
    if chosen.categories:
        raise PosteriorError(f"'{chosen.name}' has categories, and no variance.", hint="Use scale='link'.")
    total = fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"]
    picked = np.unique(np.linspace(0, total - 1, min(int(draws), total)).round().astype(int))
    data = at_rows(fit.model)
    some = np.unique(np.linspace(0, data.n - 1, min(int(rows), data.n)).round().astype(np.int64))
    root = checked_seed(seed)
    compute = kept_function(), kept_function()
    parts = [_shares(fit, chosen.name, data, int(i), some, every, int(groups), root, compute) for i in picked]
    columns = {"response": [chosen.name] * len(every), "group": list(every)}
    frame = describe_into(columns, np.array(parts), level, kind)
    frame.attrs["scale"] = "response"
    return frame


def _shares(
    fit: Fit,
    response: str,
    data: Rows,
    draw: int,
    some: NDArray[np.int64],
    every: tuple[str, ...],
    K: int,
    root: int,
    compute: tuple[Compute, Compute],
) -> Floats:
    """R of every grouping at one draw of the parameters, from K independent sets of new levels."""
    size = fit.posterior.sizes["draw"]
    one = fit.posterior.isel(chain=[draw // size], draw=[draw % size] * K).assign_coords(draw=np.arange(K))
    draws, rows, chosen = Draws(fit.model, one), as_new(fit.model, data, every), chosen_response(fit.model, response)
    first = NewLevels(fit.model, draws, (root + 2 * draw) % 2**32, zero=False)
    mean, variance = mean_and_variance(rows, draws, chosen, some, every, first, compute)
    total = variance.mean() + mean.var(axis=0, ddof=1).mean()
    shares = []
    for group in every:
        levels = fit.model.groups[group][0].levels
        codes = np.unique(fit.model.groups[group][0].codes[some])
        kept = {(group, levels[c]): first.one(group, levels[c]) for c in codes}
        second = NewLevels(fit.model, draws, (root + 2 * draw + 1) % 2**32, zero=False, given=kept)
        other, _ = mean_and_variance(rows, draws, chosen, some, every, second, compute)
        centred = (mean - mean.mean(axis=0)) * (other - other.mean(axis=0))
        shares.append(centred.sum(axis=0).mean() / (K - 1) / total)
    return np.array(shares)
