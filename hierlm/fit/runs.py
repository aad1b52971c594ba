"""One run of a sampler, or two: a run after a reduction that failed is made again, more carefully."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import xarray as xr

from hierlm import names
from hierlm.errors import HierlmWarning, SamplingError
from hierlm.fit.draws import finite_draws
from hierlm.fit.mixing import normal_scores, rank_r_hat, split_chains
from hierlm.model.model import Model
from hierlm.reductions import Problem, Reduction
from hierlm.samplers import Sampler, Settings
from hierlm.samplers.progress import compiling
from hierlm.samplers.sampler import REPORT

__all__ = ["Quality", "Run", "quality", "sample_graph", "sample_quickly", "sample_reduced"]

R_HAT = 1.01
NOISE = 10.0
"""B/W that half chains of NUTS still reach where they agree; with 1,000 draws a chain this is an R̂ of 1.01."""

CHUNK = 500_000
"""Draws that are worked on at once."""

MOST_EFFORT = 1e8
"""Gradients of the kept draws × coordinates: a longer run is not repeated by itself.

A limit of seconds would make draws depend on the machine."""

CAREFUL_TUNE, CAREFUL_ACCEPT = 1000, 0.95
"""Of the second run."""


@dataclass(frozen=True)
class Quality:
    """What is looked at before a run is accepted.

    Parameters
    ----------
    divergences : int
    r_hat : float
        The largest of all parameters but the group effects, NaN where it cannot be judged.
    limit : float
    """

    divergences: int
    r_hat: float
    limit: float

    @property
    def reason(self) -> str:
        """What is wrong, ``""`` where nothing is."""
        found = []
        if self.divergences:
            found.append(f"{self.divergences:,} divergence{'s' if self.divergences > 1 else ''}")
        if self.r_hat > self.limit:
            found.append(f"R̂ {self.r_hat:.3g}")
        return ", ".join(found)

    @property
    def badness(self) -> float:
        """Of two runs the one is kept of which this is smaller: divergences weigh as much as an R̂ beyond its limit."""
        excess = (self.r_hat - 1.0) / (self.limit - 1.0) if self.r_hat > self.limit else 0.0
        return excess + float(np.log1p(self.divergences))


@dataclass(frozen=True, eq=False)
class Run:
    """Draws as users see them, and how they were made.

    Parameters
    ----------
    posterior, stats : Dataset
    complete : bool
        Whether as many draws are there as were asked for.
    settings : Settings
    report : mapping
        What the sampler says about the run, for the provenance.
    attempts : tuple of dict
        Every run with its settings, what was wrong with it, and whether it was kept; empty where nothing was judged.
    """

    posterior: xr.Dataset
    stats: xr.Dataset
    complete: bool
    settings: Settings
    report: Mapping[str, Any] = field(default_factory=dict)
    attempts: tuple[dict[str, Any], ...] = ()


def sample_graph(model: Model, sampler: Sampler, settings: Settings) -> Run:
    """Sample the PyMC graph."""
    return _finished(sampler.sample(model.pymc, settings), settings)


def sample_quickly(
    model: Model, quick: Iterable[Sampler], reduction: Reduction, settings: Settings
) -> tuple[Run | None, dict[str, Any]]:
    """A run of what a reduction without gradients leaves, if there is nothing against its draws, and what was said."""
    whole = reduction.apply(model)
    run, said = _tried(model, quick, reduction, whole, settings)
    return run, said or {"independence": {"kept": False, "reason": f"{whole.dimension} numbers are left to sample"}}


def _tried(
    model: Model, quick: Iterable[Sampler], reduction: Reduction, problem: Problem, settings: Settings
) -> tuple[Run | None, dict[str, Any]]:
    """The first run of a sampler that suits the problem and has nothing against its draws, and what was said."""
    said: dict[str, Any] = {}
    for sampler in quick:
        if sampler.suits(problem, gradients=reduction.gradients):
            run, entry = _quickly(model, sampler, reduction, problem, settings)
            said[sampler.name] = entry
            if run is not None:
                return replace(run, report={**said, "sampler": sampler.name}), said
    return None, said


def sample_reduced(
    model: Model,
    sampler: Sampler,
    reduction: Reduction,
    settings: Settings,
    *,
    again: bool,
    quick: Iterable[Sampler] = (),
) -> Run:
    """Sample what a reduction leaves and recover the rest.

    Samplers of ``quick`` that suit the problem are tried first; draws are kept where their sampler has nothing against
    them and chains agree, and what it said is in the report in any case.

    With divergences, or where chains disagree, there is a second run with the same seed, more tuning and smaller steps;
    the better of the two is kept.  A run that was long is not repeated; its verdict names what to do.

    Parameters
    ----------
    again : bool
        Whether there may be a second run.
    quick : iterable of Sampler
        Tried first.
    """
    with compiling(settings.progress):
        whole = reduction.apply(model)
    run, said = _tried(model, quick, reduction, whole, settings)
    if run is not None:
        return run
    started = time.perf_counter()
    problem, first, before = _exact(model, sampler, reduction, whole, settings)
    first = replace(first, report={**said, **first.report})
    if not sampler.tunes:
        return replace(first, attempts=before)
    found = quality(first, model)
    record = _record(settings, started, found)
    if not (again and first.complete and found.reason) or _effort(first, problem) > MOST_EFFORT:
        return replace(first, attempts=(*before, record | {"kept": True}))
    careful = replace(
        settings,
        tune=max(CAREFUL_TUNE, settings.tune),
        target_accept=max(CAREFUL_ACCEPT, settings.target_accept),
    )
    started = time.perf_counter()
    second, why = _second(model, sampler, reduction, problem, careful)
    if second is None:
        failed = _record(careful, started, None) | {"reason": why, "kept": False}
        return replace(first, attempts=(*before, record | {"kept": True}, failed))
    other = quality(second, model)
    better = other.badness <= found.badness
    records = record | {"kept": not better}, _record(careful, started, other) | {"kept": better}
    return replace(second if better else first, attempts=(*before, *records))


def _quickly(
    model: Model, sampler: Sampler, reduction: Reduction, problem: Problem, settings: Settings
) -> tuple[Run | None, dict[str, Any]]:
    """A run, or None where it is not to be kept, and what is said of it."""
    started, untuned = time.perf_counter(), replace(settings, tune=sampler.warmup)
    try:
        _, run, before = _exact(model, sampler, reduction, problem, settings)
    except SamplingError as error:
        return None, {"reason": error.message, "kept": False}
    found, judged = run.report[sampler.name], quality(run, model)
    reason = (found["reason"] or judged.reason) if run.complete else ""  # who stopped it wants what there is
    entry = {**found, "reason": reason, "kept": not reason}
    record = _record(untuned, started, judged) | {"sampler": sampler.name, "kept": not reason}
    made = replace(run, attempts=(*before, record), settings=untuned)
    return (None if reason else made), entry


def _effort(run: Run, problem: Problem) -> float:
    steps = run.stats.get("n_steps")
    return 0.0 if steps is None else float(steps.sum()) * problem.dimension


def quality(run: Run, model: Model) -> Quality:
    """Divergences and the largest R̂ of everything but the group effects.

    Parameters are judged as users see them, since the coordinates that are sampled may have several copies of one mode.
    In short chains R̂ has to be larger before it means anything: √(1 + 10/h) for half chains of h draws.
    """
    diverging = run.stats.get("diverging")
    divergences = 0 if diverging is None else int(diverging.sum())
    chains, draws = run.posterior.sizes["chain"], run.posterior.sizes["draw"]
    limit = max(R_HAT, float(np.sqrt(1.0 + NOISE / max(draws // 2, 1))))
    return Quality(divergences, _largest_r_hat(run, model) if chains > 1 and draws >= 4 else float("nan"), limit)


def _largest_r_hat(run: Run, model: Model) -> float:
    effects = {names.effects(g) for g in model.batches}
    parts = []
    for name, variable in run.posterior.data_vars.items():
        if name not in effects:
            values = variable.transpose("chain", "draw", ...).to_numpy()
            parts.append(np.moveaxis(values.reshape(*values.shape[:2], -1), -1, 0))
    every = np.concatenate([np.zeros((0, *parts[0].shape[1:])), *parts]) if parts else np.zeros((0, 1, 1))
    moving = every[(every != every[:, :1, :1]).any(axis=(1, 2))]
    _, once = np.unique(moving[:, [0, -1], [0, -1]], axis=0, return_index=True)  # a correlation is in its matrix twice
    step = max(1, CHUNK // max(1, every[0].size if len(every) else 1))
    largest = [float("nan")]
    for start in range(0, len(once), step):
        halves = split_chains(moving[once[start : start + step]])
        largest.append(float(rank_r_hat(halves, normal_scores(halves)).max()))
    return float(np.fmax.reduce(largest))


def _exact(
    model: Model, sampler: Sampler, reduction: Reduction, first: Problem, settings: Settings
) -> tuple[Problem, Run, tuple[dict[str, Any], ...]]:
    """A run of a problem whose draws do not show that it was not exact enough; those before are recorded."""
    problem: Problem | None = first
    records: list[dict[str, Any]] = []
    while problem is not None:
        started, sampled = time.perf_counter(), problem
        run = _hinted(sampler, problem, settings)
        zetas = run.posterior["theta"].to_numpy()
        problem = reduction.mend(model, sampled, zetas)
        if problem is not None:
            records.append(_record(settings, started, None) | {"reason": reduction.inexact, "kept": False})
    recovered = reduction.recover(model, sampled, zetas, settings.seed)
    return sampled, replace(run, posterior=recovered), tuple(records)


def _hinted(sampler: Sampler, problem: Problem, settings: Settings) -> Run:
    """The run, or an error that names the way out."""
    try:
        return _finished(sampler.sample_problem(problem, settings), settings)
    except SamplingError as error:
        hint = " ".join(filter(None, [error.hint, "fit(reduce=False) samples the PyMC graph instead."]))
        raise SamplingError(error.message, hint=hint) from error


def _reduced(model: Model, sampler: Sampler, reduction: Reduction, problem: Problem, settings: Settings) -> Run:
    run = _hinted(sampler, problem, settings)
    thetas = run.posterior["theta"].to_numpy()
    return replace(run, posterior=reduction.recover(model, problem, thetas, settings.seed))


def _second(
    model: Model, sampler: Sampler, reduction: Reduction, problem: Problem, settings: Settings
) -> tuple[Run | None, str]:
    """A run that counts only when it is whole, else why not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", HierlmWarning)
            run = _reduced(model, sampler, reduction, problem, settings)
    except SamplingError as error:
        return None, error.message
    return (run, "") if run.complete else (None, "stopped early")


def _finished(tree: xr.DataTree, settings: Settings) -> Run:
    found = finite_draws(tree["posterior"].to_dataset(), tree["sample_stats"].to_dataset(), settings)
    return Run(*found, settings, tree.attrs.get(REPORT, {}))


def _record(settings: Settings, started: float, found: Quality | None) -> dict[str, Any]:
    """A run in plain values that JSON can hold."""
    r_hat = float("nan") if found is None else found.r_hat
    return {
        "tune": settings.tune,
        "target_accept": settings.target_accept,
        "seed": settings.seed,
        "seconds": round(time.perf_counter() - started, 3),
        "divergences": None if found is None else found.divergences,
        "r_hat": round(r_hat, 4) if np.isfinite(r_hat) else None,
        "reason": "" if found is None else found.reason,
    }
