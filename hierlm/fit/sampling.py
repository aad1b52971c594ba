"""fit(): sample a model."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import xarray as xr

from hierlm.errors import SamplingError
from hierlm.fit.draws import numeric_statistics, observed_data, user_variables
from hierlm.fit.memory import check_memory
from hierlm.fit.provenance import provenance
from hierlm.fit.runs import Run, sample_graph, sample_quickly, sample_reduced
from hierlm.fit.settings import GRAPH, checked_settings
from hierlm.fit.value import Fit
from hierlm.model.kernel_cache import readable_kernels
from hierlm.model.model import Model
from hierlm.reductions import Plan, plan
from hierlm.samplers import SAMPLERS, Sampler, Settings, get_sampler

__all__ = ["fit"]


def fit(
    model: Model,
    draws: int = 1000,
    *,
    tune: int | None = None,
    chains: int = 4,
    cores: int | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    target_accept: float | None = None,
    max_treedepth: int | None = None,
    reduce: bool = True,
    progress: bool | None = None,
) -> Fit:
    """Sample the posterior of a model: by NUTS, or by something quicker after a reduction.

    What a reduction leaves is sampled by ``"independence"``, up to ten numbers, or by ``"hmc"``, where their
    certificate is good, and by ``"nutpie"`` otherwise; ``provenance["sampler"]`` says which,
    ``provenance["independence"]`` or ``provenance["hmc"]`` why not these.

    A run of NUTS after a reduction in which there are divergences, or chains disagree (R̂ > 1.01), is made once more,
    with the same seed, 1,000 draws of tuning and ``target_accept=0.95``; the better of the two is kept, and
    ``provenance["attempts"]`` has both.  Where ``tune`` or ``target_accept`` are given there is one run.

    Parameters
    ----------
    model : Model
    draws : int
        Kept draws of each chain.
    tune : int, optional
        Discarded draws of each chain before; 1,000 on the PyMC graph, 250 or 300 after a reduction, unless given.
    chains : int
        At least 1; convergence can be judged from 4 on.
    cores : int, optional
        All of them unless given.  The draws do not depend on it.
    seed : int, optional
        The same seed gives the same draws; without one a random seed is used, and recorded in ``provenance``.
    sampler : {"nutpie", "pymc", "numpyro", "blackjax", "independence", "hmc", "importance", "laplace"}, optional
        ``"nutpie"`` is NUTS and follows the model's plan; ``"pymc"``, ``"numpyro"`` and ``"blackjax"`` sample the PyMC
        graph.  ``"independence"`` is Metropolis–Hastings with proposals from a split Student-t at the mode, ``"hmc"``
        Hamiltonian Monte Carlo with trajectories of a fixed length.  Unless given, one of these or ``"nutpie"``, and
        the latter where ``tune``, ``target_accept`` or ``max_treedepth`` are given.
        ``"importance"`` draws independent points from a split Student-t at the mode and weighs them; ``"laplace"`` does
        so from the normal approximation there, a preview.  All four need a reduction, and all but ``"hmc"`` few
        dimensions; ``tune``, ``target_accept`` and ``max_treedepth`` have no effect on them.  Pareto's k̂ and the
        effective sample size of the weights are in ``provenance["importance"]``, and the draws fail the diagnosis
        where k̂ > 0.7 or less than a tenth of the points count.
    target_accept : float, optional
        In (0, 1); raise it towards 0.99 when there are divergences.  0.95 on the PyMC graph, 0.7 to 0.8 after a
        reduction, unless given.
    max_treedepth : int, optional
        10 unless given.
    reduce : bool
        Whether group effects may be integrated out where that is exact (see :meth:`hierlm.Model.plan`); False always
        samples the PyMC graph.
    progress : bool, optional
        Live progress; shown in terminals and notebooks unless given, never in logs.

    Returns
    -------
    Fit

    Raises
    ------
    SamplingError
        When an argument is out of range, the draws would not fit into memory, the sampler needs a reduction and the
        model has none, sampling could not start, no finite draw was made, or the kernels that numba keeps on
        disk cannot be read.

    Warns
    -----
    InterruptedWarning
        When sampling was stopped (Ctrl-C): the largest block of finite draws that chains have in common is kept, and
        ``provenance["complete"]`` is False.
    ConvergenceWarning
        When a chain went on with numbers that are not finite; they are cut off likewise.
    """
    if not isinstance(reduce, bool):
        raise SamplingError(f"reduce={reduce!r} is neither True nor False.", hint="Leave it out.")
    chosen = get_sampler("nutpie" if sampler is None else sampler)
    usual = tune is None and target_accept is None
    quick = tuple(SAMPLERS.values()) if sampler is None and usual and max_treedepth is None else ()
    with readable_kernels():
        way = _way(model, chosen, reduce, quick)

    given: dict[str, Any] = {"draws": draws, "tune": tune, "chains": chains, "cores": cores, "seed": seed}
    given |= {"target_accept": target_accept, "max_treedepth": 10 if max_treedepth is None else max_treedepth}
    given |= {"progress": progress}
    settings = _settings(model, way, given)
    started = time.perf_counter()
    with readable_kernels():
        way, run = _run(model, way, chosen, quick, settings, given)
    seconds = time.perf_counter() - started
    groups = {
        "posterior": user_variables(run.posterior, model),
        "sample_stats": numeric_statistics(run.stats),
        "observed_data": observed_data(model),
    }
    asked = {"sampler": sampler, "tune": tune, "target_accept": target_accept, "max_treedepth": max_treedepth}
    made = provenance(run, chosen.name, way, seconds) | {"asked": {k: v for k, v in asked.items() if v is not None}}
    return Fit(model, xr.DataTree.from_dict(groups), made)


def _settings(model: Model, way: Plan, given: Mapping[str, Any]) -> Settings:
    """Checked, and the draws fit into memory."""
    found = checked_settings(way.chosen or GRAPH, **given)
    later = () if way.chosen is None else way.chosen.later(model)
    check_memory(model, found, graph=way.chosen is None, later=later)
    return found


def _run(
    model: Model, way: Plan, sampler: Sampler, quick: tuple[Sampler, ...], settings: Settings, given: Mapping[str, Any]
) -> tuple[Plan, Run]:
    """The run, and the plan that was followed: proposals for a density without gradients may be no good."""
    said: dict[str, Any] = {}
    if way.chosen is not None and quick and not way.chosen.gradients:
        run, said = sample_quickly(model, quick, way.chosen, settings)
        if run is not None:
            return way, run
        why = "; ".join(entry["reason"] for entry in said.values())
        way = plan(model, gradients=f"its proposals were no good: {why}")
        settings = _settings(model, way, {**given, "seed": settings.seed})
    if way.chosen is None:
        found = sample_graph(model, sampler, settings)
        return way, replace(found, report={**said, **found.report})
    again = given["tune"] is None and given["target_accept"] is None
    found = sample_reduced(model, sampler, way.chosen, settings, again=again, quick=quick)
    return way, replace(found, report={**said, **found.report})


def _way(model: Model, sampler: Sampler, reduce: bool, quick: tuple[Sampler, ...]) -> Plan:
    """What the sampler will sample: the plan, as far as it can."""
    if not sampler.samples_problems:
        return plan(model, reduce=False, because=f"{sampler.name} is asked for")
    needed = sampler.samples_graphs and not quick
    way = plan(model, reduce=reduce, gradients="NUTS is asked for, and it has no gradient" if needed else "")
    if way.chosen is None and not sampler.samples_graphs:
        raise SamplingError(
            f"The sampler '{sampler.name}' needs a reduction, and there is none: {'; '.join(way.reasons)}.",
            hint="Leave out sampler=: NUTS samples the PyMC graph." if reduce else "Leave out reduce=False.",
        )
    return way
