"""calibrate: are the posteriors of this model what they claim to be?"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm.errors import SamplingError
from hierlm.fit import Fit
from hierlm.model import Model
from hierlm.model.respond import picklable
from hierlm.posterior.convergence import convergence
from hierlm.replicates.calibration import Calibration, judged
from hierlm.replicates.judge import DRAWS
from hierlm.replicates.quantities import check_possible, quantities
from hierlm.replicates.refit import head, refit, settings_of
from hierlm.replicates.runner import checked_count, recorded, replicates, root_seed
from hierlm.replicates.simulate import check_simulable, from_prior, seeds, simulate

__all__ = ["calibrate"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Job:
    """What every replicate needs.

    Parameters
    ----------
    model : Model
    settings : mapping
        Of the fits.
    seed : int
    """

    model: Model
    settings: Mapping[str, Any]
    seed: int


def calibrate(
    model: Model,
    n: int = 200,
    *,
    seed: int | None = None,
    executor: Executor | None = None,
    store: str | PathLike[str] | None = None,
    progress: bool | None = None,
    **options: Any,
) -> Calibration:
    """Are the posteriors of this model what they claim to be?  Simulation-based calibration.

    Parameters are drawn from the prior, data from the model given them, and the model is fitted to these data, ``n``
    times.  If everything is right, the rank of a true value among posterior draws is uniform.  Ranked are all free
    parameters, effects of a known and of a new level of every grouping, and the joint log-likelihood, which notices
    a posterior that ignores its data.  Each quantity is tested by the empirical distribution of its ranks, with an
    exact simultaneous band, and by the variance of its z-scores; see :mod:`hierlm.replicates.judge`.

    This is about the model as it is given to :class:`~hierlm.Model`, and its sampler, not about your data, of which
    only rows, columns and groups are used.  Default priors depend on the scale of the response: they are held as
    :meth:`~hierlm.Model.priors` shows them.  Wide priors draw data that nobody would observe, for which sampling is
    hard; calibrate with the priors that you would defend.

    Parameters
    ----------
    model : Model
    n : int
        Replicates, at least 20.
    seed : int, optional
        The same seed gives the same ranks, whoever computes them and in whatever order.
    executor : concurrent.futures.Executor, optional
        Who fits: ``ProcessPoolExecutor(2)``, Dask's or Ray's; this process, one fit after the other, unless given.
    store : path, optional
        A file that keeps every replicate: a run that was stopped goes on from it, or to a larger ``n``.
    progress : bool, optional
        Whether to count replicates on stderr; in terminals only, unless given.
    **options
        Of :func:`hierlm.fit.fit`, for every fit; 2 chains of 200 draws unless given.

    Returns
    -------
    Calibration

    Raises
    ------
    PriorError
        When a prior is improper.
    ModelError
        When the model has weights: no data can be drawn from it.
    SamplingError
        When an option is unknown or out of range, or every replicate failed.
    StorageError
        When the store holds replicates of something else.

    References
    ----------
    Talts, Betancourt, Simpson, Vehtari & Gelman (2018), arXiv:1804.06788; Modrák, Moon, Kim, Bürkner, Huurre,
    Faltejsková, Gelman & Vehtari (2025), Bayesian Analysis 20:461–488; Säilynoja, Bürkner & Vehtari (2022), Statistics
    and Computing 32:32; Cook, Gelman & Rubin (2006), Journal of Computational and Graphical Statistics 15:675–692.

    Examples
    --------
    >>> import hierlm as hl
    >>> priors = {"b[Intercept]": hl.Prior("Normal", mu=1, sigma=1), "sd_g": hl.Prior("HalfNormal", sigma=0.5)}
    >>> data = {"y": [1, 0, 3, 2, 4, 1], "g": list("aabbcc")}
    >>> model = hl.Model("y ~ 1 + (1 | g)", data, "poisson", priors=priors)
    >>> model.calibrate(20, seed=1).frame["quantity"].tolist()  # doctest: +SKIP
    ['b[Intercept]', 'sd_g[Intercept]', 'r_g[a, Intercept]', 'r_g[a new level, Intercept]', 'log-likelihood']
    """
    check_simulable(model, prior=True)
    n = checked_count(n, 20)
    settings = settings_of(options)
    if settings["draws"] * settings["chains"] <= DRAWS:
        raise SamplingError(
            f"A truth is ranked among {DRAWS} draws, and {settings['chains']} × {settings['draws']} are fewer.",
            hint="Write draws=200.",
        )
    root = root_seed(seed, store)
    job = Job(picklable(model), settings, root)
    found = replicates(
        unit,
        job,
        n,
        what="calibrating",
        head=head("calibrate", model, settings, root),
        executor=executor,
        store=store,
        progress=progress,
    )
    ranks = pd.DataFrame([r["ranks"] for r in found.good], index=pd.Index([r["number"] for r in found.good], name="n"))
    return Calibration(model, judged(ranks), ranks, found, root)


def unit(job: Job, number: int) -> dict[str, Any]:
    """One replicate: ranks by quantity, or why there are none."""
    return recorded(lambda: ranked(job, number), number)


def ranked(job: Job, number: int) -> dict[str, Any]:
    """The rank of every true quantity among :data:`~hierlm.replicates.judge.DRAWS` draws, in plain values.

    Raises
    ------
    SamplingError
        When draws are not finite.
    """
    prior_seed, data_seed, fit_seed, new_true, new_drawn = seeds(job.seed, number, 5)
    made = simulate(job.model, from_prior(job.model, prior_seed), data_seed)
    true = quantities(made.truth, new_true)
    check_possible(true)
    fit = refit(made.model, job.settings, fit_seed, job.model)
    drawn = quantities(fit, new_drawn)
    bad = [k for k, v in drawn.items() if not np.isfinite(v).all()]
    if bad:
        raise SamplingError(f"Not all draws of {', '.join(bad)} are finite.", hint="Look at one: model.recover().")
    total = len(next(iter(drawn.values())))
    keep = np.linspace(0, total - 1, DRAWS).round().astype(int)
    return {
        "ranks": {name: int((values[keep] < true[name][0]).sum()) for name, values in drawn.items()},
        "ess": round(_least_effective(fit, drawn), 1),
        "divergences": int(fit.draws["sample_stats"]["diverging"].sum())
        if "diverging" in fit.draws["sample_stats"]
        else 0,
    }


def _least_effective(fit: Fit, drawn: Mapping[str, Floats]) -> float:
    """The smallest effective sample size of what is ranked."""
    shape = fit.posterior.sizes["chain"], fit.posterior.sizes["draw"]
    found = convergence(np.stack([v.reshape(shape) for v in drawn.values()], axis=-1)).ess_bulk
    return float(np.nanmin(found, initial=np.inf)) if np.isfinite(found).any() else 0.0
