"""fit(): sample a model."""

from __future__ import annotations

import os
import secrets
import sys
import time

import numpy as np
import xarray as xr

from hierlm.errors import SamplingError
from hierlm.fit.draws import finite_draws, numeric_statistics, observed_data, user_variables
from hierlm.fit.provenance import provenance
from hierlm.fit.value import Fit
from hierlm.model.model import Model
from hierlm.reductions import plan
from hierlm.samplers import Settings, get_sampler
from hierlm.samplers.compiled import sample_problem

__all__ = ["fit"]


def fit(
    model: Model,
    draws: int = 1000,
    *,
    tune: int | None = None,
    chains: int = 4,
    cores: int | None = None,
    seed: int | None = None,
    sampler: str = "nutpie",
    target_accept: float | None = None,
    max_treedepth: int = 10,
    reduce: bool = True,
    progress: bool | None = None,
) -> Fit:
    """Sample the posterior of a model with NUTS.

    Parameters
    ----------
    model : Model
    draws : int
        Kept draws of each chain.
    tune : int, optional
        Discarded draws of each chain before; 1,000 on the PyMC graph, 250 after a reduction, unless given.
    chains : int
        At least 1; convergence can be judged from 4 on.
    cores : int, optional
        All of them unless given.  The draws do not depend on it.
    seed : int, optional
        The same seed gives the same draws; without one a random seed is used, and recorded in ``provenance``.
    sampler : {"nutpie", "pymc", "numpyro", "blackjax"}
    target_accept : float, optional
        In (0, 1); raise it towards 0.99 when there are divergences.  0.95 on the PyMC graph, 0.7 to 0.8 after a reduction,
        unless given.
    max_treedepth : int
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
        When an argument is out of range, sampling could not start, or no finite draw was made.

    Warns
    -----
    InterruptedWarning
        When sampling was stopped (Ctrl-C): the largest block of finite draws that chains have in common is kept, and
        ``provenance["complete"]`` is False.
    ConvergenceWarning
        When a chain went on with numbers that are not finite; they are cut off likewise.
    """
    chosen = get_sampler(sampler)
    way = (
        plan(model, reduce=reduce)
        if chosen.hosts_densities
        else plan(model, reduce=False, because=f"{sampler} is asked for")
    )
    usual = GRAPH if way.chosen is None else way.chosen
    settings = _checked(
        draws,
        usual.tune if tune is None else tune,
        chains,
        cores,
        seed,
        usual.target_accept if target_accept is None else target_accept,
        max_treedepth,
        progress,
    )
    started = time.perf_counter()
    if way.chosen is None:
        tree = chosen.sample(model.pymc, settings)
        posterior, stats, complete = _finished(tree, settings)
    else:
        problem = way.chosen.apply(model)
        thetas, stats, complete = _finished(sample_problem(problem, settings), settings)
        posterior = way.chosen.recover(model, problem, thetas["theta"].to_numpy(), settings.seed)
    seconds = time.perf_counter() - started
    draws_tree = xr.DataTree.from_dict(
        {
            "posterior": user_variables(posterior, model),
            "sample_stats": numeric_statistics(stats),
            "observed_data": observed_data(model),
        }
    )
    return Fit(model, draws_tree, provenance(settings, sampler, way, seconds, complete))


GRAPH = Settings(tune=1000, target_accept=0.95)
"""What is usual on the PyMC graph where the user says nothing."""


def _finished(tree: xr.DataTree, settings: Settings) -> tuple[xr.Dataset, xr.Dataset, bool]:
    return finite_draws(tree["posterior"].to_dataset(), tree["sample_stats"].to_dataset(), settings)


def _checked(
    draws: int,
    tune: int,
    chains: int,
    cores: int | None,
    seed: int | None,
    accept: float,
    depth: int,
    progress: bool | None,
) -> Settings:
    for name, value, least in (
        ("draws", draws, 1),
        ("tune", tune, 0),
        ("chains", chains, 1),
        ("max_treedepth", depth, 1),
    ):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise SamplingError(f"{name}={value!r} is not a whole number of at least {least}.")
    if cores is not None and (isinstance(cores, bool) or not isinstance(cores, int) or cores < 1):
        raise SamplingError(f"cores={cores!r} is not a whole number of at least 1.")
    if isinstance(accept, bool) or not isinstance(accept, (int, float)) or not 0 < accept < 1:
        raise SamplingError(
            f"target_accept={accept!r} is not between 0 and 1.", hint="Try 0.9, or 0.99 after divergences."
        )
    if seed is not None and (
        isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**32
    ):
        raise SamplingError(f"seed={seed!r} is not a whole number between 0 and 2³² − 1.")
    return Settings(
        draws=int(draws),
        tune=int(tune),
        chains=int(chains),
        cores=min(chains, cores or os.cpu_count() or 1),
        seed=secrets.randbits(31) if seed is None else int(seed),
        target_accept=float(accept),
        max_treedepth=int(depth),
        progress=_interactive() if progress is None else bool(progress),
    )


def _interactive() -> bool:
    """Whether someone watches: a terminal, or a notebook."""
    if "ipykernel" in sys.modules:
        return True
    return bool(getattr(sys.stderr, "isatty", lambda: False)())
