"""kfold: cross-validation by refits."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm.errors import PosteriorError, did_you_mean
from hierlm.fit import Fit
from hierlm.posterior.comparison.elpd import Elpd, data_of, known_of
from hierlm.posterior.comparison.loo import check_target
from hierlm.posterior.comparison.progress import teller
from hierlm.posterior.comparison.refit import refit_settings, run_jobs
from hierlm.posterior.integrals import check_blocks, trained_ids, units_of
from hierlm.posterior.linear import at_rows
from hierlm.posterior.options import checked_seed

__all__ = ["folds_of", "kfold"]

Ints = NDArray[np.int64]


def kfold(
    fit: Fit,
    k: int = 10,
    *,
    group: str | None = None,
    stratify: str | None = None,
    seed: int | None = None,
    executor: Executor | None = None,
    progress: bool | None = None,
    **options: Any,
) -> Elpd:
    """How well does the model foresee rows, or groups, that it has not seen?  K-fold cross-validation by refits.

    The data are split into k parts; for each the model is fitted to the others.  Without ``group`` the unit is a row,
    target ``"row"``: Σ_i log p(y_i | y of the other parts).  With it whole levels go together, target ``"new_group"``:
    Σ_g log p(y_g | y of the other parts), all rows of a level together, its effects integrated out.  Less is left for
    fitting than by leave-one-out, so the sum is a little lower; there is no approximation but the draws.

    Parameters
    ----------
    fit : Fit
    k : int
        Parts, from 2 to the number of rows or levels.
    group : str, optional
        A grouping whose levels stay together.
    stratify : str, optional
        A factor column or grouping of the model whose levels are spread evenly over the parts.
    seed : int, optional
        Of the parts and of the refits.
    executor : concurrent.futures.Executor, optional
        Runs the refits, in other threads or processes.
    progress : bool, optional
        Whether to say how many are done; in terminals unless given.
    **options
        Of :func:`hierlm.fit.fit`, for the refits; those of the first fit unless given.

    Returns
    -------
    Elpd
        ``units`` has the column ``fold``.

    Raises
    ------
    PosteriorError
        When k is out of range, or a name is unknown.

    References
    ----------
    Vehtari, Gelman & Gabry (2017), Statistics and Computing 27:1413–1432; Roberts et al. (2017), Ecography 40:913–929.

    Examples
    --------
    >>> fit.kfold(10, group="Subject", seed=1)  # doctest: +SKIP
    """
    model, root = fit.model, checked_seed(seed)
    if group is not None:
        check_target(model, "new_group", group, asked=f"group={group!r}")
        check_blocks(model, at_rows(model), units_of(model, at_rows(model), group))
    fold = folds_of(fit, k, group, stratify, root)
    settings = refit_settings(fit, root, **options)
    jobs = [(model, np.flatnonzero(fold == part), group, settings) for part in range(k)]
    answers = run_jobs(jobs, executor, teller(f"{k}-fold cross-validation", progress))
    doubts = tuple(f"part {part + 1}: {doubt}" for part, (_, doubt) in enumerate(answers) if doubt)
    if group is None:
        labels, counts, where = [str(r) for r in model.design.rows], np.ones(model.design.n, dtype=np.int64), fold
    else:
        units = units_of(model, at_rows(model), group)
        labels, counts = list(units.labels), np.array([len(r) for r in units.rows])
        where = np.array([fold[r[0]] for r in units.rows])
    elpd = np.empty(len(labels))
    for part, (values, _) in enumerate(answers):
        elpd[where == part] = values  # levels and rows keep their order within a part
    size = int(settings["draws"]) * int(settings["chains"])
    frame = pd.DataFrame({"unit": labels, "rows": counts, "elpd": elpd, "p": np.nan, "khat": np.nan})
    frame["verdict"], frame["fold"] = "refitted", where
    target = "row" if group is None else "new_group"
    method, known = f"{k}-fold refits", known_of(model)
    return Elpd(target, group, frame, method, float("nan"), size, data_of(model), 0.0, doubts, known)


def folds_of(fit: Fit, k: int, group: str | None, stratify: str | None, seed: int) -> Ints:
    """The part of every row: random, of equal sizes, levels of ``group`` whole, those of ``stratify`` spread evenly."""
    model = fit.model
    n = model.design.n
    unit = np.arange(n) if group is None else trained_ids(model, group)
    present, unit = np.unique(unit, return_inverse=True)
    U = len(present)
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or not 2 <= k <= U:
        what = "rows" if group is None else f"levels of {group}"
        raise PosteriorError(f"k={k!r} is not a whole number from 2 to {U}, the number of {what}.", hint="Write k=10.")
    rng = np.random.default_rng(np.random.SeedSequence([seed, 10]))
    stratum = (
        np.zeros(U, dtype=np.int64)
        if stratify is None
        else _strata(fit, stratify)[np.unique(unit, return_index=True)[1]]
    )
    if stratify is not None and group is not None and not np.array_equal(stratum[unit], _strata(fit, stratify)):
        raise PosteriorError(
            f"'{stratify}' varies within levels of '{group}', so it cannot be spread over parts of whole levels.",
            hint="Stratify by a column that is constant within them.",
        )
    order = rng.permutation(U)
    order = order[np.argsort(stratum[order], kind="stable")]
    fold = np.empty(U, dtype=np.int64)
    fold[order] = np.arange(U) % k
    return rng.permutation(k)[fold][unit]


def _strata(fit: Fit, name: str) -> Ints:
    """Codes of a factor column, or of a grouping, of every row."""
    model = fit.model
    if name in model.groups:
        return np.asarray(model.groups[name][0].codes)
    columns = model.data.columns
    factors = [c for c, v in columns.items() if v.levels is not None]
    if name not in columns:
        raise PosteriorError(
            f"'{name}' is no column of this model.", hint=did_you_mean(str(name), [*model.groups, *factors])
        )
    if columns[name].levels is None:
        raise PosteriorError(f"'{name}' is a number; parts are stratified by a factor.", hint=did_you_mean("", factors))
    return np.asarray(columns[name].values, dtype=np.int64)
