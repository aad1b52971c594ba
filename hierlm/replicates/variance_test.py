"""variance_test: is there any variance between groups?  As a frequentist asks it."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd

from hierlm import names
from hierlm.errors import PosteriorError, did_you_mean
from hierlm.fit import Fit
from hierlm.model import Model
from hierlm.replicates.laplace import Laplace
from hierlm.replicates.likelihoods import exact, likelihood
from hierlm.replicates.profiled import Estimate, Profiled
from hierlm.replicates.refit import head
from hierlm.replicates.runner import checked_count, recorded, replicates, root_seed
from hierlm.replicates.shares import share_error
from hierlm.replicates.simulate import seeds
from hierlm.replicates.variance_answer import Method, VarianceTest

__all__ = ["variance_test"]


@dataclass(frozen=True, eq=False)
class Job:
    """What every replicate needs.

    Parameters
    ----------
    full, null : Profiled or Laplace
    at : Estimate
        Of the null model: where data are drawn.
    seed : int
    """

    full: Profiled | Laplace
    null: Profiled | Laplace
    at: Estimate
    seed: int


def variance_test(
    model: Model | Fit,
    group: str,
    effect: str | None = None,
    *,
    n: int = 999,
    method: Method | None = None,
    seed: int | None = None,
    executor: Executor | None = None,
    store: str | PathLike[str] | None = None,
    progress: bool | None = None,
) -> VarianceTest:
    """Is there any variance between groups?  The likelihood ratio with its p-value by parametric bootstrap.

    H₀: τ = 0 lies on the boundary, where the χ² of a printed likelihood-ratio test is wrong.  Here both models are
    fitted by (restricted) maximum likelihood, without priors, and the ratio is compared with those of data drawn from
    the model without the variance.  The answer is often not the one that is needed: see the page on likelihood-ratio
    tests.

    Likelihoods of a normal response are exact.  Those of others are Laplace's approximation, as lme4 and glmmTMB have
    it; data sets are drawn from the model itself and judged by the same approximation, so that its error is in the
    ratio of both and does not spoil p.

    Parameters
    ----------
    model : Model or Fit
        Of one response and independent levels: a normal one with the identity link, or a family whose density is
        log-concave in the linear predictor and has a kernel (bernoulli, binomial, poisson, negbinomial, exponential,
        gamma with the log link, lognormal).  Of a fit only its model is used.
    group : str
        The grouping.
    effect : str, optional
        One of its effects, which goes with its correlations; all of them unless given.
    n : int
        Data sets.
    method : {"REML", "ML"}, optional
        REML unless given, since the common effects are the same in both models; ML of responses that are not normal.
    seed, executor, store, progress
        See :func:`hierlm.replicates.calibrate`.

    Returns
    -------
    VarianceTest

    Raises
    ------
    PosteriorError
        For an unknown grouping, effect or method, or a restricted likelihood of a response that is not normal.
    ModelError
        When the model has parts that this likelihood does not know.

    References
    ----------
    Crainiceanu & Ruppert (2004), Journal of the Royal Statistical Society B 66:165–185; Davison & Hinkley (1997),
    Bootstrap Methods and their Application, section 4.2.

    Examples
    --------
    >>> import hierlm as hl
    >>> model = hl.Model("Reaction ~ Days + (Days | Subject)", hl.load_data("sleepstudy"))
    >>> hl.variance_test(model, "Subject", "Days", n=19, seed=1).p
    0.05
    """
    asked = model.model if isinstance(model, Fit) else model
    n = checked_count(n, 19)
    if method not in (None, "REML", "ML"):
        raise PosteriorError(f"method={method!r} is unknown.", hint="Use 'REML' or 'ML'.")
    dropped = _dropped(asked, group, effect)
    closed = exact(asked.responses[0])
    chosen = method or ("REML" if closed else "ML")
    y, full = likelihood(asked, restricted=chosen == "REML")
    null = full.without([(i, gone) for i, gone, _ in dropped])
    with_it, without = full.estimate(y), null.estimate(y)
    root = root_seed(seed, store)
    found = replicates(
        unit,
        Job(full, null, without, root),
        n,
        what="variance test",
        head=head("variance test", asked, {}, root, without=[label for *_, label in dropped], method=chosen),
        executor=executor,
        store=store,
        progress=progress,
    )
    statistic = max(0.0, without.deviance - with_it.deviance)
    drawn = np.array([r["statistic"] for r in found.good])
    hits = int((drawn >= statistic - 1e-6).sum())
    estimates = _estimates(asked, full, with_it, null, without, dropped)
    what = " = ".join(label for *_, label in dropped)
    p = (1 + hits) / (1 + len(drawn))
    error = share_error(hits, len(drawn))
    return VarianceTest(what, chosen, closed, statistic, p, error, drawn, estimates, found, root)


def unit(job: Job, number: int) -> dict[str, Any]:
    """One data set without the variance: its statistic."""
    return recorded(lambda: _replicate(job, number), number)


def _replicate(job: Job, number: int) -> dict[str, Any]:
    rng = np.random.default_rng(seeds(job.seed, number, 1)[0])
    y = job.null.simulate(job.at, rng)
    return {"statistic": max(0.0, job.null.estimate(y).deviance - job.full.estimate(y).deviance)}


def _dropped(model: Model, group: str, effect: str | None) -> list[tuple[int, tuple[int, ...], str]]:
    """(block, effects, name) of what is zero under H₀."""
    if group not in model.groups:
        hint = did_you_mean(str(group), model.groups) if model.groups else "The model has no group terms."
        raise PosteriorError(f"The model has no grouping {group!r}.", hint=hint)
    known = [e for b in model.groups[group] for e in b.effects]
    if effect is not None and effect not in known:
        raise PosteriorError(f"'{group}' has no effect {effect!r}.", hint=did_you_mean(str(effect), known))
    found = []
    for i, block in enumerate(model.blocks):
        gone = tuple(j for j, e in enumerate(block.effects) if effect in (None, e)) if block.group == group else ()
        if not gone:
            continue
        for own in block.covariance.sd_groups(len(block.effects)):
            if set(own) & set(gone) and not set(own) <= set(gone):
                raise PosteriorError(
                    f"'{effect}' shares its standard deviation with other effects of '{group}'.",
                    hint="Leave out effect= to test them together.",
                )
        said = ", ".join(names.element(names.sd(group), block.effects[j]) for j in gone)
        found.append((i, gone, said))
    return found


def _estimates(
    model: Model,
    full: Profiled | Laplace,
    with_it: Estimate,
    null: Profiled | Laplace,
    without: Estimate,
    dropped: list[tuple[int, tuple[int, ...], str]],
) -> pd.DataFrame:
    """Standard deviations and further parameters of both fits, by name."""
    gone = {i: set(effects) for i, effects, _ in dropped}
    sds = [s for F in full.factors(with_it.theta) for s in with_it.sigma * np.sqrt((F**2).sum(axis=1))]
    left = iter([s for F in null.factors(without.theta) for s in without.sigma * np.sqrt((F**2).sum(axis=1))])
    rows, at = [], 0
    for i, block in enumerate(model.blocks):
        for j, effect in enumerate(block.effects):
            other = np.nan if j in gone.get(i, ()) else next(left)
            rows.append((names.element(names.sd(block.group), effect), sds[at], other))
            at += 1
    free = {"sigma": (with_it.sigma, without.sigma)} if isinstance(full, Profiled) else {}
    free |= {name: (value, without.free[name]) for name, value in with_it.free.items()}
    rows += [(name, *both) for name, both in free.items()]
    return pd.DataFrame(rows, columns=["parameter", "with", "without"])
