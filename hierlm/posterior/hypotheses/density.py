"""Densities of a term at zero: the posterior's from draws, the prior's in closed form or from draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import arviz_stats
import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.stats import norm

from hierlm.errors import PosteriorError
from hierlm.fit import Fit
from hierlm.posterior.hypotheses.evaluate import draws_of, value
from hierlm.posterior.hypotheses.tree import Term
from hierlm.posterior.predictive import prior_predictive
from hierlm.priors import Prior

__all__ = ["Density", "effective_size", "of_draws", "of_prior"]

Floats = NDArray[np.float64]
PRIOR_DRAWS = 4_000
FEWEST = 25
"""Draws within a bandwidth of the point; fewer say nothing about a density there."""


@dataclass(frozen=True)
class Density:
    """A density and its standard error; ``how`` in words."""

    value: float
    error: float
    how: str


def effective_size(values: Floats) -> float:
    """Effective sample size of the mean of (chain, draw) values."""
    if np.ptp(values) == 0:
        return float(values.size)
    found = float(arviz_stats.ess(values[None] if values.ndim == 1 else values, method="mean"))
    return found if np.isfinite(found) else float(values.size)


def of_draws(values: Floats, how: str) -> Density:
    """The density at zero of (chain, draw) values, by a Gaussian kernel of fourth order.

    2 f_h − f_{√2h} has a bias of h⁴ instead of h² (Schucany & Sommers 1977, JASA 72:420–423).  The standard error is
    that of the kernels' mean, with the effective number of draws.

    Raises
    ------
    PosteriorError
        Where fewer than 25 draws lie within two bandwidths, or the error is half of the density.
    """
    flat = values.reshape(-1)
    low, high = np.quantile(flat, [0.25, 0.75])
    scale = min(float(flat.std()), float(high - low) / 1.349) or float(flat.std())
    h = 1.2 * scale * len(flat) ** (-1 / 9)
    near = int((np.abs(flat) < 2 * h).sum())
    kernels = 2 * norm.pdf(values / h) / h - norm.pdf(values / (np.sqrt(2) * h)) / (np.sqrt(2) * h)
    error = float(kernels.std(ddof=1)) / np.sqrt(effective_size(kernels))
    found = float(kernels.mean())
    if near < FEWEST or found < 2 * error:
        raise PosteriorError(
            f"Only {near} {how} draws lie near the point, too few for a density there.",
            hint="Sample more draws, or ask for a probability: '> 0' instead of '= 0'.",
        )
    return Density(found, error, f"from {flat.size:,} {how} draws")


def of_prior(fit: Fit, term: Term, form: tuple[dict[str, float], float] | None, seed: int) -> Density:
    """The prior density of a term at zero.

    Raises
    ------
    PosteriorError
        Where a prior is improper, or zero lies outside it or on its boundary.
    """
    priors = {a.name: a.prior for a in fit.model.assignments} | {
        key: a.prior for a in fit.model.assignments for key in a.keys
    }
    used = {} if form is None else {name: c for name, c in form[0].items() if c}
    own = {name: priors.get(name) for name in used}
    for name, prior in own.items():
        if isinstance(prior, Prior) and not prior.proper:
            raise PosteriorError(
                f"The prior of {name} is improper, so it has no density to compare with.",
                hint=f"Give a proper one: priors={{'{name}': hl.Prior('Normal', mu=0, sigma=…)}}.",
            )
    if form is not None and len(used) == 1:
        [(name, coefficient)] = used.items()
        prior, point = own[name], -form[1] / coefficient + 0.0
        if isinstance(prior, Prior):
            return _single(name, prior, point, coefficient)
    normals = {name: p for name, p in own.items() if isinstance(p, Prior) and p.name == "Normal" and p.on == "value"}
    if form is not None and used and len(normals) == len(used) and _independent(fit, used):
        mean = form[1] + sum(c * normals[n].arguments["mu"] for n, c in used.items())
        variance = sum((c * normals[n].arguments.get("sigma", np.nan)) ** 2 for n, c in used.items())
        if np.isfinite(variance):
            return Density(float(norm.pdf(0.0, mean, np.sqrt(variance))), 0.0, "in closed form")
    return of_draws(_prior_values(fit, term, seed), "prior")


def _single(name: str, prior: Prior, point: float, coefficient: float) -> Density:
    lower, upper = prior.support
    if point in (lower, upper) or not lower < point < upper:
        where = "on the boundary of" if point in (lower, upper) else "outside"
        raise PosteriorError(
            f"{name} = {point:g} lies {where} its prior, where densities cannot be compared.",
            hint="For a standard deviation of zero compare the models with and without the term; or ask '> c'.",
        )
    density = float(np.exp(prior.log_density(point))) / abs(coefficient)
    if density == 0:
        raise PosteriorError(f"The prior of {name} has no density at {point:g}.", hint="Is a unit meant otherwise?")
    return Density(density, 0.0, "in closed form")


def _independent(fit: Fit, used: Mapping[str, float]) -> bool:
    """Whether no two of the names are one parameter (a homogeneous structure)."""
    owners = [next((a.name for a in fit.model.assignments if name in a.keys), name) for name in used]
    return len(set(owners)) == len(owners)


def _prior_values(fit: Fit, term: Term, seed: int) -> Floats:
    prior = prior_predictive(fit.model, PRIOR_DRAWS, seed=seed)["prior"].to_dataset()
    return value(term, draws_of(Fit(fit.model, xr.DataTree.from_dict({"posterior": prior})), term))
