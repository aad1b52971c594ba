"""check_residuals: dispersion, zeros, outliers, shape and order of residuals, in one table."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hierlm.errors import PosteriorError, did_you_mean
from hierlm.fit import Fit
from hierlm.posterior.checking.check import Checks, framed, tested
from hierlm.posterior.checking.quantile import normal_scores, places, places_of_draws
from hierlm.posterior.checking.replicates import NewGroups, Replicates, replicate
from hierlm.posterior.intervals import check_interval
from hierlm.posterior.options import checked_seed

__all__ = ["check_residuals", "in_order", "neighbours"]

Floats = NDArray[np.float64]
OUTSIDE = 0.005
"""A row is outside where its observation is beyond the 99% interval of its predictive distribution."""
MOST = 1000
"""Data sets, unless more or fewer are asked for."""


def check_residuals(
    fit: Fit,
    *,
    response: str | None = None,
    order: str | None = None,
    group: str | None = None,
    new_groups: NewGroups = False,
    level: float = 0.95,
    draws: int | None = None,
    seed: int | None = None,
) -> Checks:
    """Do residuals behave as the fit says: dispersion, zeros, outliers, shape, order?  Tests in one table.

    Each is a posterior predictive p-value: a number T of the data beside the same number of data sets drawn from the
    fit.  With r = (y − μ)/√v Pearson residuals at each draw of the parameters, and u the place of an observation in its
    predictive distribution:

    * dispersion: the mean of r² over rows, at each draw (Gelman, Meng & Stern 1996);
    * zeros: the share of zeros, for counts;
    * outliers: how many rows lie outside their 99% predictive interval;
    * shape: the largest distance of the distribution of u to the uniform one (Kolmogorov–Smirnov);
    * autocorrelation: the correlation of r in neighbouring rows, at each draw.

    Since the data made the fit, p is nearer to ½ than a uniform number would be: a test at 5% rejects a right model
    less often than that.

    Parameters
    ----------
    fit : Fit
    response : str, optional
        Which one, in a model of several.
    order : str, optional
        A numeric column by which rows are neighbours (time); their order in the data unless given.
    group : str, optional
        A grouping, or what residuals are correlated within: only rows of one level are neighbours.
    new_groups : bool, str or sequence of str
        Draw for new levels of these groupings.
    level : float
        Of the intervals.
    draws : int, optional
        How many data sets; 1,000, or as many as there are draws, unless given.
    seed : int, optional

    Returns
    -------
    Checks
        A data frame: ``test``, ``observed``, ``mean``, ``sd``, ``lower``, ``upper``, ``p``.

    Raises
    ------
    PosteriorError
        For an unknown response, column or grouping.

    References
    ----------
    Gelman, Meng & Stern (1996), Statistica Sinica 6:733–807.

    Examples
    --------
    >>> fit.check_residuals(order="Days", group="Subject", seed=1)  # doctest: +SKIP
    """
    check_interval(level, "eti")
    first, second = neighbours(fit, order, group)
    root = checked_seed(seed)
    total = fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"]
    made = replicate(
        fit,
        response,
        moments=True,
        new_groups=new_groups,
        draws=min(MOST, total) if draws is None else draws,
        seed=root,
    )
    y, drawn, several = made.response.y, made.drawn, made.response.categories
    u, us = places(y, drawn, root), places_of_draws(drawn, root)
    rows: list[dict[str, object]] = []

    def add(test: str, statistic: Callable[[Floats], Floats], observed: Floats, replicated: Floats) -> None:
        rows.append({"test": test} | tested(statistic(observed), statistic(replicated), level))

    r, rs = _pearson(made) if not several else (normal_scores(u), normal_scores(us))
    if not several:
        add("dispersion", lambda t: (t**2).mean(axis=-1), r, rs)
    if made.response.family.discrete and not several and len(np.unique(y)) > 2:
        add("zeros", lambda t: (t == 0).mean(axis=-1), y, drawn)
    add("outliers", lambda t: ((t < OUTSIDE) | (t > 1 - OUTSIDE)).sum(axis=-1).astype(float), u, us)
    add("shape", _distance, u, us)
    if len(first) > 2:
        add("autocorrelation", lambda t: _correlation(t[..., first], t[..., second]), r, rs)
    return framed(rows, level, f"{len(drawn):,} data sets drawn for {made.words}")


def _pearson(made: Replicates) -> tuple[Floats, Floats]:
    """(y − μ)/√v at each draw, of the data and of the data set drawn, (S, n) each."""
    if made.mean is None or made.variance is None:
        raise AssertionError("replicates without moments")
    scale = np.sqrt(made.variance)
    usable = np.isfinite(scale) & (scale > 0)
    scale = np.where(usable, scale, np.inf)
    return (made.response.y - made.mean) / scale, (made.drawn - made.mean) / scale


def _distance(u: Floats) -> Floats:
    """Kolmogorov–Smirnov's D to the uniform distribution, over the last axis."""
    n, ordered = u.shape[-1], np.sort(u, axis=-1)
    above = np.arange(1, n + 1) / n - ordered
    return np.maximum(above, ordered - np.arange(n) / n).max(axis=-1)


def _correlation(a: Floats, b: Floats) -> Floats:
    a, b = a - a.mean(axis=-1, keepdims=True), b - b.mean(axis=-1, keepdims=True)
    scale = np.sqrt((a**2).mean(axis=-1) * (b**2).mean(axis=-1))
    return (a * b).mean(axis=-1) / np.where(scale > 0, scale, 1.0)


def neighbours(fit: Fit, order: str | None, group: str | None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of rows that follow each other.

    Raises
    ------
    PosteriorError
    """
    model = fit.model
    along = np.arange(model.design.n, dtype=np.float64) if order is None else in_order(fit, order)
    groups = {name: blocks[0].codes for name, blocks in model.groups.items()}
    if model.residual is not None and model.residual.group:
        groups |= {model.residual.group: model.residual.codes}
    if group is not None and group not in groups:
        raise PosteriorError(f"The model has no grouping {group!r}.", hint=did_you_mean(str(group), list(groups)))
    codes = np.zeros(model.design.n, dtype=np.int64) if group is None else groups[group]
    place = np.lexsort((along, codes))
    same = codes[place][1:] == codes[place][:-1]
    return place[:-1][same], place[1:][same]


def in_order(fit: Fit, column: str) -> Floats:
    """A numeric column of the model.

    Raises
    ------
    PosteriorError
    """
    columns = fit.model.data.columns
    numbers = [name for name, c in columns.items() if c.levels is None]
    if column not in columns or columns[column].levels is not None:
        what = "is a factor" if column in columns else "is no column of this model"
        raise PosteriorError(f"'{column}' {what}.", hint=did_you_mean(str(column), numbers))
    values = np.asarray(columns[column].values, dtype=np.float64)
    return values[np.asarray(fit.model.design.rows)] if len(values) != fit.model.design.n else values
