"""reloo: refit without each unit whose importance weights are not reliable."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm.errors import PosteriorError
from hierlm.fit import Fit
from hierlm.posterior.comparison.elpd import Elpd, data_of
from hierlm.posterior.comparison.loo import Target, loo
from hierlm.posterior.comparison.progress import teller
from hierlm.posterior.comparison.refit import Job, refit_settings, run_jobs
from hierlm.posterior.integrals import units_of
from hierlm.posterior.linear import at_rows
from hierlm.posterior.options import checked_seed

__all__ = ["reloo"]

MOST = 50
"""Refits that are made without being asked for by number."""


def reloo(
    fit: Fit,
    result: Elpd | None = None,
    *,
    target: Target = "row",
    group: str | None = None,
    threshold: float | None = None,
    most: int = MOST,
    seed: int | None = None,
    executor: Executor | None = None,
    progress: bool | None = None,
    **options: Any,
) -> Elpd:
    """Leave-one-out with the doubtful units done exactly: for each with k̂ > threshold the model is fitted without it.

    A refit has the same coding, priors and levels as the model; the unit's log p(y_u | y_{−u}) is the log of the mean
    over the refit's draws of p(y_u | draw), with the effects of the target's grouping integrated out.

    Parameters
    ----------
    fit : Fit
    result : Elpd, optional
        What :func:`~hierlm.posterior.loo` gave; asked for unless given.
    target, group
        As for ``loo``, where no result is given.
    threshold : float, optional
        k̂ beyond which to refit; the result's ``good_k`` unless given.
    most : int
        Refits that are allowed.
    seed : int, optional
    executor : concurrent.futures.Executor, optional
        Runs the refits, in other threads or processes.
    progress : bool, optional
        Whether to say how many are done; in terminals unless given.
    **options
        Of :func:`hierlm.fit.fit`, for the refits.

    Returns
    -------
    Elpd
        With ``verdict`` "refitted" and no k̂ for these units.

    Raises
    ------
    PosteriorError
        When the result is another model's, or more refits are needed than allowed.

    Examples
    --------
    >>> fit.reloo(fit.loo(), seed=1)  # doctest: +SKIP
    """
    found = loo(fit, target, group=group) if result is None else result
    if not np.array_equal(found.data.rows, data_of(fit.model).rows) or "refits" in found.method:
        raise PosteriorError("The result is not leave-one-out of this fit.", hint="Give fit.loo(…) of the same fit.")
    limit = found.good_k if threshold is None else float(threshold)
    doubtful = np.flatnonzero(~(found.units["khat"].to_numpy() <= limit))
    if len(doubtful) > most:
        raise PosteriorError(
            f"{len(doubtful)} units have k̂ > {limit:.2f}, more than most={most} refits.",
            hint=f"Allow them, most={len(doubtful)}, or use fit.kfold(), which needs fewer.",
        )
    settings = refit_settings(fit, checked_seed(seed), **options)
    jobs = [_job(fit, found, int(u), settings) for u in doubtful]
    answers = run_jobs(jobs, executor, teller("Refits", progress))
    columns: dict[str, NDArray[Any]] = {c: found.units[c].to_numpy(copy=True) for c in found.units.columns}
    columns["verdict"] = columns["verdict"].astype(object)
    doubts = []
    for u, (log_p, doubt) in zip(doubtful, answers, strict=True):
        columns["p"][u] += columns["elpd"][u] - log_p.sum()
        columns["elpd"][u], columns["khat"][u], columns["verdict"][u] = log_p.sum(), np.nan, "refitted"
        doubts += [f"{columns['unit'][u]}: {doubt}"] if doubt else []
    method = f"{found.method}; {len(doubtful)} units by refits" if len(doubtful) else found.method
    return replace(found, units=pd.DataFrame(columns), method=method, doubts=tuple(doubts))


def _job(fit: Fit, found: Elpd, unit: int, settings: dict[str, Any]) -> Job:
    out: NDArray[np.int64] = np.array([unit])
    if found.target == "new_group" and found.group is not None:
        out = units_of(fit.model, at_rows(fit.model), found.group).rows[unit]
    return fit.model, out, found.group if found.target == "new_group" else None, settings
