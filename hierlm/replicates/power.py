"""power: what would a study of so many groups and rows show?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from hierlm.errors import PosteriorError, did_you_mean
from hierlm.fit import Fit
from hierlm.model import Model
from hierlm.model.resample import drawn_levels, resample
from hierlm.model.respond import picklable
from hierlm.posterior.intervals import check_interval
from hierlm.replicates.curve import Power
from hierlm.replicates.refit import head, refit, settings_of
from hierlm.replicates.runner import Records, checked_count, recorded, replicates, root_seed
from hierlm.replicates.shares import share_error, share_interval
from hierlm.replicates.simulate import as_fit, check_simulable, from_prior, seeds, simulate
from hierlm.replicates.target import Target, read_aim
from hierlm.replicates.values import empty_values, known_values, parameters_of, posterior_draw

__all__ = ["power"]

Source = xr.Dataset | Fit | None


@dataclass(frozen=True, eq=False)
class Job:
    """What every replicate needs.

    Parameters
    ----------
    model : Model
    target : Target
    designs : sequence of (groups, rows)
        By turns: replicate ``i`` of design ``d`` has the number ``i · designs + d``, so that a store goes on to more.
    group : str
    source : Dataset, Fit or None
        Values, a posterior to draw them from, or None for the prior.
    settings : mapping
    seed : int
    """

    model: Model
    target: Target
    designs: Sequence[tuple[int, int | None]]
    group: str
    source: Source
    settings: Mapping[str, Any]
    seed: int


def power(
    model: Model,
    target: str,
    *,
    values: Mapping[str, float] | Fit | str,
    groups: int | Iterable[int] | None = None,
    rows: int | Iterable[int] | None = None,
    group: str | None = None,
    n: int = 100,
    level: float = 0.95,
    probability: float = 0.95,
    width: float | None = None,
    seed: int | None = None,
    executor: Executor | None = None,
    store: str | PathLike[str] | None = None,
    progress: bool | None = None,
    **options: Any,
) -> Power:
    """What would a study of so many groups and rows show?

    For every design, data are drawn at known values and fitted, ``n`` times; counted is how often the target is
    reached.  Designs are made of whole groups of the data: ``groups`` levels, each a copy of one of the data's (all
    equally often, the remainder at random), with their rows as they are or ``rows`` of them (evenly spaced, or
    repeated).  So covariates keep their distribution within and between groups.  Group effects and responses are drawn
    anew; priors are held as they are.

    Parameters
    ----------
    model : Model
        With data that look like those planned; their response matters for default priors only.
    target : str
        A statement, ``"b[x] > 0"``: reached where its posterior probability is at least ``probability``.  Or a
        quantity, ``"b[x]"``: reached where its interval excludes 0 or, with ``width``, is no wider than that.
    values : mapping, Fit or "prior"
        Every free parameter by its name in :meth:`~hierlm.Model.priors` (power given them); a fit of the same model,
        of whose posterior every replicate takes another draw, or ``"prior"`` (assurance: power averaged over what
        is believed).
    groups : int or several, optional
        Numbers of levels; that of the data unless given.
    rows : int or several, optional
        Rows of each level; as they are unless given.
    group : str, optional
        The grouping whose levels are varied, in a model of several.
    n : int
        Replicates of each design.
    level : float
        Of the interval.
    probability : float
        That a statement has to reach.
    width : float, optional
    seed, executor, store, progress
        See :func:`hierlm.replicates.calibrate`.
    **options
        Of :func:`hierlm.fit.fit`, for every fit; 2 chains of 200 draws unless given.

    Returns
    -------
    Power

    Raises
    ------
    FormulaError
        For a target that cannot be read.
    PosteriorError
        When values are missing or impossible, the grouping is unknown, or an equality is asked for.
    ModelError
        When the model has weights, or levels are related, so that there can be no more of them.
    SamplingError
        When a number is out of range, an option of ``fit`` is unknown, or every replicate failed.

    References
    ----------
    Gelman & Hill (2007), Data Analysis Using Regression and Multilevel/Hierarchical Models, chapter 20; O'Hagan,
    Stevens & Campbell (2005), Pharmaceutical Statistics 4:187–201 (assurance).

    Examples
    --------
    >>> import hierlm as hl
    >>> model = hl.Model("Reaction ~ Days + (1 | Subject)", hl.load_data("sleepstudy"))
    >>> known = {"b[Intercept]": 250, "b[Days]": 2, "sd_Subject[Intercept]": 40, "sigma": 30}
    >>> model.power("b[Days] > 0", values=known, groups=[6, 12], rows=[3, 10], seed=1)  # doctest: +SKIP
    """
    check_interval(level, "eti")
    n = checked_count(n, 2)
    where = _grouping(model, group)
    check_simulable(model, prior=isinstance(values, str))
    source, words = _source(model, values)
    designs = [
        (g, r)
        for r in _numbers(rows, "rows", [None], 1)
        for g in _numbers(groups, "groups", [len(model.groups[where][0].levels)], 2)
        if g is not None
    ]
    wanted = read_aim(as_fit(model, empty_values(model)), target, level=level, probability=probability, width=width)
    settings, root = settings_of(options), root_seed(seed, store)
    job = Job(picklable(model), wanted, designs, where, source, settings, root)
    for some in {r for _, r in designs}:  # what cannot be copied is refused before any sampling
        resample(model, where, np.arange(len(model.groups[where][0].levels)), some)
    found = replicates(
        unit,
        job,
        n * len(designs),
        what="power",
        head=head("power", model, settings, root, **_said(job)),
        executor=executor,
        store=store,
        progress=progress,
    )
    return Power(model, wanted, _table(job, found), found, where, words, root)


def unit(job: Job, number: int) -> dict[str, Any]:
    """One replicate: whether the target was reached, or why there was no fit."""
    return recorded(lambda: _replicate(job, number), number)


def _replicate(job: Job, number: int) -> dict[str, Any]:
    groups, rows = job.designs[number % len(job.designs)]
    value_seed, design_seed, data_seed, fit_seed = seeds(job.seed, number, 4)
    picks = drawn_levels(len(job.model.groups[job.group][0].levels), groups, np.random.default_rng(design_seed))
    design = resample(job.model, job.group, picks, rows)
    if job.source is None:
        values = from_prior(job.model, value_seed)
    else:
        values = posterior_draw(job.source, value_seed) if isinstance(job.source, Fit) else job.source
    fit = refit(simulate(design, values, data_seed).model, job.settings, fit_seed)
    return job.target.reached(fit)


def _said(job: Job) -> dict[str, Any]:
    """What a store has to agree with, beside model, settings and seed."""
    source: Any = "prior"
    if job.source is not None:
        values = job.source.posterior if isinstance(job.source, Fit) else job.source
        digest = hashlib.sha256(b"".join(np.ascontiguousarray(v.to_numpy()).tobytes() for v in values.values()))
        source = digest.hexdigest()
    designs = [list(d) for d in job.designs]
    return {"target": job.target.words, "designs": designs, "group": job.group, "values": source}


def _grouping(model: Model, group: str | None) -> str:
    """The grouping whose levels are varied.

    Raises
    ------
    PosteriorError
        When it is unknown, or not named where there are several.
    """
    known = list(model.groups)
    if group is None and len(known) == 1:
        return known[0]
    if group is None:
        hint = f"Say group=, one of: {', '.join(known)}." if known else "Power over groups needs a group term."
        raise PosteriorError(f"The model has {len(known) or 'no'} groupings.", hint=hint)
    if group not in known:
        raise PosteriorError(f"The model has no grouping {group!r}.", hint=did_you_mean(str(group), known))
    return group


def _numbers(asked: int | Iterable[int] | None, name: str, usual: list[int | None], least: int) -> list[int | None]:
    """Numbers of groups or rows as a list."""
    if asked is None:
        return usual
    many = [asked] if isinstance(asked, (int, np.integer, str)) or not isinstance(asked, Iterable) else list(asked)
    return list(dict.fromkeys(checked_count(value, least, name) for value in many))


def _source(model: Model, values: Mapping[str, float] | Fit | str) -> tuple[Source, str]:
    """Where values come from, and in words."""
    if isinstance(values, Fit):
        ours, theirs = ([a.name for a in m.assignments] for m in (model, values.model))
        if ours != theirs:
            raise PosteriorError(
                "The fit is of a model with other parameters.", hint="Fit this model, or give numbers."
            )
        return as_fit(picklable(values.model), parameters_of(values)), "draws from a posterior"
    if isinstance(values, str):
        if values != "prior":
            raise PosteriorError(f"values={values!r} is unknown.", hint="Give a mapping, a fit, or 'prior'.")
        return None, "draws from the prior"
    said = ", ".join(f"{name} = {number:g}" for name, number in values.items()) if isinstance(values, Mapping) else ""
    return known_values(model, values), said


def _table(job: Job, found: Records) -> pd.DataFrame:
    """A row per design, see :attr:`Power.table`; failed replicates have not reached the target."""
    rows = []
    for d, (groups, each) in enumerate(job.designs):
        good = [r for r in found.good if r["number"] % len(job.designs) == d]
        failed = sum(r["number"] % len(job.designs) == d for r in found.failed)
        tried = len(good) + failed
        if not tried:  # interrupted before
            continue
        hits = sum(r["reached"] for r in good)
        lower, upper = share_interval(hits, tried)
        row = {
            "groups": groups, "rows": np.nan if each is None else float(each), "n": len(good), "failed": failed,
            "power": hits / tried, "error": share_error(hits, tried), "lower": lower, "upper": upper,
        }  # fmt: skip
        if good and "width" in good[0]:
            row |= {key: float(np.mean([r[key] for r in good])) for key in ("mean", "width")}
        rows.append(row)
    return pd.DataFrame(rows)
