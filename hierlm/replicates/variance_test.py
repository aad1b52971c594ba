"""variance_test: is there any variance between groups?  As a frequentist asks it."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import ModelError, PosteriorError, did_you_mean
from hierlm.fit import Fit
from hierlm.links import get_link
from hierlm.model import Model
from hierlm.model.values import GroupBlock
from hierlm.posterior.layout import Table, html_lines, html_page, html_table, text_table
from hierlm.priors.fixed import Fixed
from hierlm.replicates.profiled import Estimate, Part, Profiled
from hierlm.replicates.refit import head
from hierlm.replicates.runner import Records, checked_count, recorded, replicates, root_seed
from hierlm.replicates.shares import share_error
from hierlm.replicates.simulate import seeds

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["VarianceTest", "likelihood", "variance_test"]

Floats = NDArray[np.float64]
Method = Literal["REML", "ML"]
MOST_EFFECTS = 2_000
INSTEAD = "fit.varcorr() says how large it is; hl.compare(…, target='new_group') whether predictions gain from it."


@final
@dataclass(frozen=True, eq=False, repr=False)
class VarianceTest:
    """The answer of :func:`variance_test`.

    Parameters
    ----------
    what : str
        The standard deviations that are zero under H₀.
    method : {"REML", "ML"}
    statistic : float
        −2 log likelihood ratio of the data.
    p, error : float
        (1 + replicates whose statistic is as large)/(1 + replicates), and its Monte-Carlo error.
    null : (n,) array
        The statistic of every replicate.
    estimates : DataFrame
        σ, and the estimated standard deviations, with and without.
    records : Records
    seed : int
    """

    what: str
    method: str
    statistic: float
    p: float
    error: float
    null: Floats
    estimates: pd.DataFrame
    records: Records
    seed: int

    def _lines(self) -> list[str]:
        zero = float(np.mean(self.null < 1e-6))
        ratio = f"−2 log likelihood ratio ({self.method}) = {self.statistic:.3f}"
        return [
            f"H₀: {self.what} = 0.  {ratio}, p = {self.p:.4f} ± {self.error:.4f}",
            f"p by {len(self.null)} data sets without that variance; no χ² is used. {zero:.0%} have a ratio of 1.",
            "Priors play no part in it. A large p is no evidence that the variance is zero.",
            *(f"{text}." for text in self.records.sentences()),
        ]

    def _shown(self) -> Table:
        rows = [(str(r[0]), *(("–" if np.isnan(v) else f"{v:.4g}") for v in r[1:])) for r in self.estimates.to_numpy()]
        return ("maximum likelihood", "with", "without"), rows

    def __repr__(self) -> str:
        first, *rest = self._lines()
        return "\n".join([first, "", text_table(*self._shown()), *rest])

    def _repr_html_(self) -> str:
        first, *rest = self._lines()
        return html_page(html_lines([first], bold=1), html_table(*self._shown()), html_lines(rest))


@dataclass(frozen=True, eq=False)
class Job:
    """What every replicate needs.

    Parameters
    ----------
    full, null : Profiled
    at : Estimate
        Of the null model: where data are drawn.
    seed : int
    """

    full: Profiled
    null: Profiled
    at: Estimate
    seed: int


def variance_test(
    model: Model | Fit,
    group: str,
    effect: str | None = None,
    *,
    n: int = 999,
    method: Method = "REML",
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

    Parameters
    ----------
    model : Model or Fit
        Of one normal response with an identity link and independent levels; of a fit only its model is used.
    group : str
        The grouping.
    effect : str, optional
        One of its effects, which goes with its correlations; all of them unless given.
    n : int
        Data sets.
    method : {"REML", "ML"}
        REML unless given: the common effects are the same in both models.
    seed, executor, store, progress
        See :func:`hierlm.replicates.calibrate`.

    Returns
    -------
    VarianceTest

    Raises
    ------
    PosteriorError
        For an unknown grouping, effect or method.
    ModelError
        When the model is no normal one, so that its likelihood is no closed form, or has parts that this likelihood
        does not know.

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
    if method not in ("REML", "ML"):
        raise PosteriorError(f"method={method!r} is unknown.", hint="Use 'REML' or 'ML'.")
    dropped = _dropped(asked, group, effect)
    y, full = likelihood(asked, restricted=method == "REML")
    null = full.without([(i, gone) for i, gone, _ in dropped])
    with_it, without = full.estimate(y), null.estimate(y)
    root = root_seed(seed, store)
    found = replicates(
        unit,
        Job(full, null, without, root),
        n,
        what="variance test",
        head=head("variance test", asked, {}, root, without=[label for *_, label in dropped], method=method),
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
    return VarianceTest(what, method, statistic, p, share_error(hits, len(drawn)), drawn, estimates, found, root)


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


def _obstacles(model: Model) -> Iterator[str]:
    """Why the likelihood is no closed form that is known here."""
    if len(model.responses) > 1:
        yield "there are several responses"
        return
    (response,) = model.responses
    if not response.family.normal_errors or response.links[names.MEAN] != get_link("identity"):
        yield f"the response is {response.family.name} with the link {response.links[names.MEAN].name}"
    if set(response.links) != {names.MEAN} or any(p.variances for p in model.predictors):
        yield "the residual standard deviation has a formula of its own"
    if response.additions:
        yield f"the response has {', '.join(response.additions)}"
    if model.residual is not None:
        yield "residuals are correlated"
    if model.smooths:
        yield "there are smooths"
    if model.scales:
        yield "the standard deviation of a grouping has a formula"
    yield from (f"'{a.name}' is held fixed" for a in model.assignments if isinstance(a.prior, Fixed))
    for b in model.blocks:
        k = len(b.effects)
        free = not b.covariance.correlated(k) or b.covariance.n_parameters(k) == k * (k + 1) // 2
        owned = sum(map(len, b.covariance.sd_groups(k))) == k
        if not b.separate or b.covariance.structured(k) or not free or not owned or b.inhabited is not None:
            yield f"the effects of '{b.group}' have the structure {b.structure}"
        if len(b.levels) * k > MOST_EFFECTS:
            yield f"'{b.group}' has {len(b.levels) * k:,} effects, more than {MOST_EFFECTS:,}"


def likelihood(model: Model, *, restricted: bool) -> tuple[Floats, Profiled]:
    """The response without its offset, and the design."""
    for reason in _obstacles(model):
        raise ModelError(f"There is no exact likelihood to test with: {reason}.", hint=INSTEAD)
    (predictor,), (response,) = model.predictors, model.responses
    parts = [_part(b) for b in model.blocks]
    return response.y - predictor.offset, Profiled.of(predictor.X, parts, restricted=restricted)


def _part(block: GroupBlock) -> Part:
    k, n = len(block.effects), len(block.codes)
    Z = np.zeros((n, len(block.levels), k))
    for piece in block.pieces:
        for column, effect in zip(piece.Z.T, piece.effects, strict=True):
            Z[np.arange(n), block.codes, effect] += column
    return Part(Z.reshape(n, -1), k, block.covariance.sd_groups(k), block.covariance.correlated(k))


def _estimates(
    model: Model,
    full: Profiled,
    with_it: Estimate,
    null: Profiled,
    without: Estimate,
    dropped: list[tuple[int, tuple[int, ...], str]],
) -> pd.DataFrame:
    """Standard deviations of both fits, by name."""
    gone = {i: set(effects) for i, effects, _ in dropped}
    sds = [s for F in full.factors(with_it.theta) for s in with_it.sigma * np.sqrt((F**2).sum(axis=1))]
    left = iter([s for F in null.factors(without.theta) for s in without.sigma * np.sqrt((F**2).sum(axis=1))])
    rows, at = [], 0
    for i, block in enumerate(model.blocks):
        for j, effect in enumerate(block.effects):
            other = np.nan if j in gone.get(i, ()) else next(left)
            rows.append((names.element(names.sd(block.group), effect), sds[at], other))
            at += 1
    rows.append(("sigma", with_it.sigma, without.sigma))
    return pd.DataFrame(rows, columns=["parameter", "with", "without"])
