"""hierlm's default fit, as a contender of the panel."""

from __future__ import annotations

import time
from collections.abc import Callable

import nutpie  # noqa: F401  (hierlm imports these when they are needed; imports are not timed)
import pymc  # noqa: F401

import hierlm as hl
import hierlm.fit.sampling
import hierlm.graph
import hierlm.posterior  # noqa: F401
from tests.benchmarks.outcome import Outcome
from tests.benchmarks.panel_models import Row

__all__ = ["prepare"]


def prepare(row: Row, draws: int) -> Callable[[int], Outcome]:
    """The call to time: from a formula and a table to all draws, group effects too.

    Parameters
    ----------
    row : Row
    draws : int
        Kept draws of each of 4 chains; tuning is hierlm's own.
    """
    data = row.data()

    def call(seed: int) -> Outcome:
        started = time.perf_counter()
        fit = hl.Model(row.formula, data, family=row.family).fit(draws, seed=seed, progress=False)
        fitted = time.perf_counter()
        posterior = fit.posterior.load()  # whatever is made on demand is part of the work
        seconds = {"fit": fitted - started, "draws of everything": time.perf_counter() - fitted}
        return Outcome(posterior, fit.draws["sample_stats"].to_dataset(), seconds, lambda: plan(fit))

    return call


def plan(fit: hl.Fit) -> dict[str, object]:
    """What the fit says about how it was sampled."""
    kept = ("plan", "plan_reasons", "tune", "sampler")
    return {key: fit.provenance[key] for key in kept if key in fit.provenance}
