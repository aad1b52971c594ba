"""evidence: how probable are the data under a model, whatever its parameters?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import numpy as np

from hierlm.errors import PosteriorError, PriorError
from hierlm.fit import Fit
from hierlm.fit.settings import checked_settings
from hierlm.model import Model
from hierlm.posterior.layout import html_lines, html_page, number
from hierlm.posterior.marginal_likelihood.bridge import bridge, importance
from hierlm.posterior.marginal_likelihood.targets import Sampled, sampled
from hierlm.priors import Prior
from hierlm.samplers import Settings

__all__ = ["Evidence", "evidence"]

R_HAT, K_HAT = 1.02, 0.7
FAR = 4.0
"""Standard errors by which two estimates of one number may differ."""

ACCEPT, TUNE = 0.9, 500


@final
@dataclass(frozen=True, eq=False, repr=False)
class Evidence:
    """The answer of :func:`evidence`.

    Parameters
    ----------
    log : float
        log p(y).
    error : float
        Its Monte-Carlo standard error: about the relative error of p(y).
    check : float
        log p(y) by importance sampling from the proposal alone, NaN where its weights are not reliable.
    check_error : float
    khat : float
        Pareto's k̂ of these weights.
    dimension : int
        How many numbers were integrated over by sampling; the rest is integrated out exactly.
    how : str
    doubts : tuple of str
        Why the number should not be trusted yet; empty where nothing speaks against it.
    model : Model
    """

    log: float
    error: float
    check: float
    check_error: float
    khat: float
    dimension: int
    how: str
    doubts: tuple[str, ...]
    model: Model

    @property
    def ok(self) -> bool:
        """Whether nothing speaks against the number."""
        return not self.doubts

    def _lines(self) -> list[str]:
        if not self.dimension:
            return [f"log p(y) = {self.log:.4f}, exactly: everything is integrated out in closed form"]
        lines = [
            f"log p(y) = {number(self.log, self.error)} ± {number(self.error)}",
            f"By bridge sampling over {self.dimension:,} numbers ({self.how})",
        ]
        if np.isfinite(self.check):
            lines.append(f"Check by importance sampling: {number(self.check, self.error)}, k̂ {self.khat:.2f}")
        return [*lines, *(f"Doubtful: {d}" for d in self.doubts)]

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _repr_html_(self) -> str:
        return html_page(html_lines(self._lines(), bold=1))


def evidence(
    fit: Fit | Model,
    *,
    draws: int = 2000,
    chains: int = 4,
    seed: int | None = None,
    reduce: bool = True,
    progress: bool | None = None,
) -> Evidence:
    """How probable are the data under a model, before anything is known of its parameters?  log p(y), with its error.

    p(y) = ∫ p(y | θ) p(θ) dθ, by bridge sampling.  Where the model's plan integrates effects out (see
    :meth:`hierlm.Model.plan`), that is done exactly, and few numbers are left; the proposal is then a split Student-t
    at the mode, else a normal distribution with the moments of half of the draws.  The draws are made anew: their
    coordinates are not kept by a fit.

    A marginal likelihood depends on the priors, and much more so than a posterior: a prior that is ten times as wide
    costs about log 10 for each parameter that it is of.  It is meaningful only for priors that were chosen for the
    question, and the default priors were not.

    Parameters
    ----------
    fit : Fit or Model
    draws, chains : int
        Of the sampler.
    seed : int, optional
        The same seed gives the same number.
    reduce : bool
        Whether effects may be integrated out where that is exact.
    progress : bool, optional

    Returns
    -------
    Evidence

    Raises
    ------
    PriorError
        When a prior is improper, so that p(y) is not defined.
    PosteriorError
        When there are too many numbers to integrate over, or the estimate does not settle.

    References
    ----------
    Meng & Wong (1996), Statistica Sinica 6:831–860; Gronau, Singmann & Wagenmakers (2020), Journal of Statistical
    Software 92(10).

    Examples
    --------
    >>> hl.evidence(fit, seed=1)  # doctest: +SKIP
    log p(y) = -169.166 ± 0.006
    """
    model = _model_of(fit)
    _check(model, reduce)
    usual = Settings(tune=TUNE, target_accept=ACCEPT)
    settings = checked_settings(
        usual,
        draws=draws,
        tune=None,
        chains=chains,
        cores=None,
        seed=seed,
        target_accept=None,
        max_treedepth=10,
        progress=progress,
    )
    found = sampled(model, settings, reduce=reduce)
    if found.exact is not None:
        return Evidence(found.exact, 0.0, found.exact, 0.0, 0.0, 0, found.how, (), model)
    estimate = bridge(found.posterior, found.proposed)
    check, error, k = importance(found.proposed)
    reliable = k <= K_HAT
    doubts = tuple(_doubts(found, estimate.log_z, estimate.error, (check, error) if reliable else None))
    if not reliable:
        check, error = float("nan"), float("nan")
    return Evidence(estimate.log_z, estimate.error, check, error, k, found.dimension, found.how, doubts, model)


def _doubts(found: Sampled, log_z: float, error: float, check: tuple[float, float] | None) -> Iterator[str]:
    if found.r_hat > R_HAT:
        yield f"the chains disagree (R̂ of the log density {found.r_hat:.3f}); ask for more draws"
    if error > 0.2:
        yield f"p(y) is known to a factor of {np.exp(2 * error):.2g} only; ask for more draws"
    if check is not None and abs(check[0] - log_z) > FAR * np.hypot(error, check[1]) + 0.01:
        yield "importance sampling gives another number: a mode may have been missed"


def _model_of(fit: object) -> Model:
    if isinstance(fit, Fit):
        return fit.model
    if isinstance(fit, Model):
        return fit
    raise PosteriorError(f"evidence is asked of a fit, not of a {type(fit).__name__}.", hint="Write hl.evidence(fit).")


def _check(model: Model, reduce: object) -> None:
    for response in model.responses:
        weights = response.additions.get("weights")
        if weights is not None and not np.array_equal(weights, np.round(weights)):
            raise PosteriorError(
                f"The weights of '{response.name}' are no counts of rows, and a density to a power is no probability.",
                hint="Compare weighted models by fit.loo().",
            )
    if not isinstance(reduce, bool):
        raise PosteriorError(f"reduce={reduce!r} is neither True nor False.", hint="Leave it out.")
    improper = [a.name for a in model.assignments if isinstance(a.prior, Prior) and not a.prior.proper]
    if improper:
        raise PriorError(
            f"The prior of {', '.join(improper)} is improper, so the data have no probability under this model.",
            hint=f'Give a proper one: priors={{"{improper[0]}": hl.Prior("Normal", mu=0, sigma=…)}}.',
        )
