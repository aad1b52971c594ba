"""The model without some of its rows, sampled, and how it foresees these rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from hierlm.errors import PosteriorError
from hierlm.fit import Fit, fit as sample
from hierlm.model import Model
from hierlm.model.subset import subset
from hierlm.posterior.comparison.loo import check_densities
from hierlm.posterior.integrals import integrate, units_of
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, Rows, at_rows
from hierlm.posterior.rowwise import left_out_densities

__all__ = ["Job", "left_out", "refit_settings", "run_jobs"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
KEPT = ("draws", "chains")
"""Settings of the first fit that a refit has too, beside those that were asked for; the rest depends on the rows."""


Job = tuple[Model, Ints, str | None, dict[str, Any]]
"""The whole model, the positions of the rows to leave out, the grouping to integrate over, settings of the sampler."""


def refit_settings(fit: Fit, seed: int, **options: Any) -> dict[str, Any]:
    """What to sample with: as the first fit, unless said otherwise."""
    known = {k: fit.provenance[k] for k in KEPT if k in fit.provenance}
    asked = fit.provenance.get("asked", {})
    known |= {k: asked[k] for k in ("sampler", "max_treedepth") if k in asked}
    known.setdefault("draws", fit.posterior.sizes["draw"])
    known.setdefault("chains", fit.posterior.sizes["chain"])
    unknown = set(options) - {"draws", "tune", "chains", "cores", "sampler", "target_accept", "max_treedepth", "reduce"}
    if unknown:
        raise PosteriorError(f"Refits have no option {min(unknown)!r}.", hint="They take those of model.fit().")
    return known | options | {"seed": seed, "progress": False}


def left_out(job: Job) -> tuple[Floats, str]:
    """log p(y_u | data without the rows) of every row left out, or of every level of the grouping among them.

    Every draw of the refit has effects of all levels, those without rows from the population; those of ``group`` are
    integrated out.

    Returns
    -------
    log_p : (units,) array
        In the order of the rows, or of the levels.
    doubt : str
        What is wrong with the refit's draws, if anything.
    """
    model, out, group, settings = job
    keep = np.setdiff1d(np.arange(model.design.n), out)
    part, out = subset(model, keep), np.sort(out)
    refit = sample(part, **settings)
    draws = Draws(model, refit.posterior)
    if group is None:
        values = left_out_densities(model, keep, out, draws)
        check_densities(values, np.asarray(model.design.rows)[out])
    else:
        held = subset(model, out)
        rows: Rows = at_rows(held)
        ys = {r.name: r.y for r in held.responses}
        new = NewLevels(model, draws, 0, zero=True)
        values = integrate(model, rows, draws, ys, units_of(model, rows, group), new).units
    from hierlm.posterior.diagnose import diagnose

    found = diagnose(refit)
    return logsumexp(values, axis=0) - np.log(len(values)), "" if found.ok else found.verdict


def run_jobs(
    jobs: Sequence[Job], executor: Executor | None, tell: Callable[[int, int], None]
) -> list[tuple[Floats, str]]:
    """All jobs, one after the other or by an executor, their answers in order."""
    answers = map(left_out, jobs) if executor is None else executor.map(left_out, jobs)
    found = []
    for done, answer in enumerate(answers, start=1):
        found.append(answer)
        tell(done, len(jobs))
    return found
