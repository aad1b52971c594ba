"""bootstrap: how would estimates vary, were the study done again?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any, final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from hierlm.errors import PosteriorError
from hierlm.model import Model
from hierlm.model.respond import picklable
from hierlm.posterior.hypotheses.tree import Term
from hierlm.posterior.intervals import check_interval, interval
from hierlm.posterior.layout import (
    Table,
    bracket,
    html_lines,
    html_page,
    html_table,
    number,
    percent,
    records,
    text_table,
)
from hierlm.posterior.native import given_back
from hierlm.replicates.refit import head, refit, settings_of
from hierlm.replicates.runner import Records, checked_count, recorded, replicates, root_seed
from hierlm.replicates.shares import share_error
from hierlm.replicates.simulate import as_fit, check_simulable, seeds, simulate
from hierlm.replicates.terms import parameter_draws, term_draws, terms_of
from hierlm.replicates.values import At, point

if TYPE_CHECKING:
    from hierlm.fit import Fit

__all__ = ["Bootstrap", "bootstrap"]

Floats = NDArray[np.float64]
Statistic = Callable[["Fit"], Any]
HEAD = ("statistic", "estimate", "bias", "sd")


@final
@dataclass(frozen=True, eq=False, repr=False)
class Bootstrap:
    """The answer of :func:`bootstrap`.

    Parameters
    ----------
    model : Model
    table : DataFrame
        A row per statistic: ``statistic``, ``estimate`` (of the fit), ``mean``, ``bias`` (mean of the replicates minus
        the value that data were drawn at; missing for functions), ``sd`` of the replicates, ``lower``, ``upper`` (their
        quantiles), ``coverage`` (share of the replicates' posterior intervals that hold that value) and its
        Monte-Carlo error ``coverage_error``.
    replicates : DataFrame
        The statistics of every replicate.
    records : Records
    level : float
    at : {"mean", "median"}
    seed : int
    """

    model: Model
    table: pd.DataFrame
    replicates: pd.DataFrame
    records: Records
    level: float
    at: str
    seed: int

    @property
    def frame(self) -> Any:
        """``table`` as the kind of frame that the model was given."""
        return given_back(self.model, self.table)

    def _shown(self) -> Table:
        rows = [
            (r.statistic, number(r.estimate, r.sd), number(r.bias, r.sd), number(r.sd), bracket(r.lower, r.upper, r.sd),
             "–" if np.isnan(r.coverage) else f"{r.coverage:.0%} ± {r.coverage_error:.0%}")
            for r in records(self.table)
        ]  # fmt: skip
        return (*HEAD, f"{percent(self.level)} of replicates", "coverage"), rows

    def _notes(self) -> list[str]:
        n = len(self.replicates)
        return [
            f"{n} data sets were drawn at the posterior {self.at}s, group effects anew, and fitted.",
            f"bias: of posterior {self.at}s, from the value drawn at; coverage: of {percent(self.level)} intervals.",
            *(f"{text}." for text in self.records.sentences()),
        ]

    def __repr__(self) -> str:
        return "\n".join([text_table(*self._shown()), *self._notes()])

    def _repr_html_(self) -> str:
        return html_page(html_table(*self._shown()), html_lines(self._notes()))


@dataclass(frozen=True, eq=False)
class Job:
    """What every replicate needs.

    Parameters
    ----------
    model : Model
    values : Dataset
        Where data are drawn.
    terms : mapping of str to Term
    statistic : callable or None
    settings : mapping
    at : str
    level : float
    seed : int
    """

    model: Model
    values: xr.Dataset
    terms: Mapping[str, Term]
    statistic: Statistic | None
    settings: Mapping[str, Any]
    at: At
    level: float
    seed: int


def bootstrap(
    fit: Fit,
    n: int = 200,
    statistic: str | Iterable[str] | Statistic | None = None,
    *,
    kind: str = "parametric",
    at: At = "mean",
    level: float = 0.95,
    seed: int | None = None,
    executor: Executor | None = None,
    store: str | PathLike[str] | None = None,
    progress: bool | None = None,
    **options: Any,
) -> Bootstrap:
    """How would estimates vary, were the study done again?  The parametric bootstrap, as a frequentist would run it.

    Data are drawn from the model at one value of all parameters, with new group effects and new responses for the same
    rows, and the model is fitted to them, ``n`` times.  What comes out are properties over repeated studies: the bias
    and standard error of estimates, and how often posterior intervals hold the value that data were drawn at.

    Parameters
    ----------
    fit : Fit
    n : int
        Replicates.
    statistic : str, list of str or callable, optional
        Quantities such as ``"b[Days]"`` or ``"sd_g[Intercept] / sigma"``, estimated by their posterior mean or median;
        or a function of a fit that returns a number or a mapping of them.  All parameters unless given.
    kind : {"parametric"}
    at : {"mean", "median"}
        Of the posterior: where data are drawn, and what estimates are.
    level : float
        Of the intervals.
    seed, executor, store, progress
        See :func:`hierlm.replicates.calibrate`.
    **options
        Of :func:`hierlm.fit.fit`, for every fit; 2 chains of 200 draws unless given.

    Returns
    -------
    Bootstrap

    Raises
    ------
    FormulaError
        For a quantity that cannot be read.
    PosteriorError
        When an option is unknown, the residuals are correlated, or a statistic is no finite number.
    ModelError
        When the model has weights.
    SamplingError
        When an option of ``fit`` is unknown, or every replicate failed.

    References
    ----------
    Davison & Hinkley (1997), Bootstrap Methods and their Application, chapters 2 and 3.

    Examples
    --------
    >>> import hierlm as hl
    >>> fit = hl.load("sleep.zarr")  # doctest: +SKIP
    >>> fit.bootstrap(200, "b[Days]", seed=1)  # doctest: +SKIP
    """
    check_interval(level, "eti")
    n = checked_count(n, 2)
    if kind != "parametric":
        raise PosteriorError(
            f"kind={kind!r} is no kind of bootstrap here.",
            hint='Only kind="parametric": resampled rows break the groups of a mixed model.',
        )
    model = picklable(fit.model)
    check_simulable(model)
    settings = settings_of(options)
    values, root = point(fit, at), root_seed(seed, store)
    terms = {} if callable(statistic) else terms_of(fit, statistic)
    job = Job(model, values, terms, statistic if callable(statistic) else None, settings, at, level, root)
    found = replicates(
        unit,
        job,
        n,
        what="bootstrap",
        head=head("bootstrap", model, settings, root, **_said(job)),
        executor=executor,
        store=store,
        progress=progress,
    )
    drawn = pd.DataFrame([r["values"] for r in found.good], index=pd.Index([r["number"] for r in found.good], name="n"))
    return Bootstrap(model, _table(fit, job, drawn, found), drawn, found, level, at, root)


def unit(job: Job, number: int) -> dict[str, Any]:
    """One replicate: statistics by name, and whether their intervals hold the value drawn at."""
    return recorded(lambda: _replicate(job, number), number)


def _replicate(job: Job, number: int) -> dict[str, Any]:
    data_seed, fit_seed = seeds(job.seed, number, 2)
    made = simulate(job.model, job.values, data_seed)
    fit = refit(made.model, job.settings, fit_seed, job.model)
    if job.statistic is not None:
        return {"values": numbers_of(job.statistic(fit))}
    estimates, covered = {}, {}
    ours, theirs = parameter_draws(fit), parameter_draws(made.truth)
    for name, term in job.terms.items():
        draws, true = term_draws(term, ours), term_draws(term, theirs)[0]
        lower, upper = interval(draws, job.level)
        estimates[name] = _middle(draws, job.at)
        covered[name] = bool(lower <= true <= upper)
    return {"values": estimates, "covered": covered}


def numbers_of(answer: Any) -> dict[str, float]:
    """What a user's function returned, as numbers by name.

    Raises
    ------
    PosteriorError
        When it is no finite number, or mapping of such.
    """
    found = dict(answer) if isinstance(answer, Mapping) else {"statistic": answer}
    try:
        plain = {str(name): float(number) for name, number in found.items()}
    except (TypeError, ValueError):
        plain = {}
    if not plain or not all(np.isfinite(v) for v in plain.values()):
        raise PosteriorError(
            f"The statistic is {answer!r}, no finite number.", hint="Return a number, or a mapping of names to numbers."
        )
    return plain


def _middle(draws: Floats, at: str) -> float:
    return float(draws.mean() if at == "mean" else np.median(draws))


def _said(job: Job) -> dict[str, Any]:
    """What a store has to agree with, beside model, settings and seed."""
    values = {str(k): v.to_numpy().ravel().tolist() for k, v in job.values.data_vars.items()}
    named = getattr(job.statistic, "__qualname__", None)
    return {"statistics": list(job.terms) or named, "values": values, "level": job.level, "at": job.at}


def _table(fit: Fit, job: Job, drawn: pd.DataFrame, found: Records) -> pd.DataFrame:
    """A row per statistic, see :attr:`Bootstrap.table`."""
    if job.statistic is not None:
        estimates, true = numbers_of(job.statistic(fit)), {}
    else:
        ours, theirs = parameter_draws(fit), parameter_draws(as_fit(job.model, job.values))
        estimates = {name: _middle(term_draws(term, ours), job.at) for name, term in job.terms.items()}
        true = {name: float(term_draws(term, theirs)[0]) for name, term in job.terms.items()}
    rows = []
    for name in drawn.columns:
        own = drawn[name].dropna().to_numpy()
        lower, upper = interval(own, job.level)
        held = [r["covered"][name] for r in found.good if "covered" in r]
        p = float(np.mean(held)) if held else np.nan
        rows.append({
            "statistic": name, "estimate": estimates.get(name, np.nan), "mean": own.mean(),
            "bias": own.mean() - true.get(name, np.nan), "sd": own.std(ddof=1), "lower": float(lower),
            "upper": float(upper), "coverage": p,
            "coverage_error": share_error(sum(held), len(held)) if held else np.nan,
        })  # fmt: skip
    return pd.DataFrame(rows)
