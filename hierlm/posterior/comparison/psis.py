"""Pareto smoothed importance sampling of units, by ArviZ, in parts that fit into memory."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, fields

import arviz_stats
import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import logsumexp

from hierlm import names
from hierlm.errors import PosteriorError
from hierlm.fit import Fit
from hierlm.posterior.linear import CHUNK

__all__ = ["Smoothed", "good_k", "joined", "psis", "relative_efficiency", "verdicts", "weights_of"]

Floats = NDArray[np.float64]

LEAST = 21
"""Draws of which a fifth is a tail of five weights, which the generalised Pareto distribution is fitted to."""


@dataclass(frozen=True, eq=False)
class Smoothed:
    """Of every unit: elpd, log p(y_u | all data) − elpd, and k̂; (U,) arrays."""

    elpd: Floats
    p: Floats
    khat: Floats


def joined(parts: Sequence[Smoothed]) -> Smoothed:
    """Units that were smoothed some at a time."""
    return Smoothed(*(np.concatenate([getattr(part, own.name) for part in parts]) for own in fields(Smoothed)))


def good_k(draws: int) -> float:
    """k̂ up to which S draws are enough: min(1 − 1/log₁₀ S, 0.7).

    References
    ----------
    Vehtari, Simpson, Gelman, Yao & Gabry (2024), Journal of Machine Learning Research 25(72).

    Examples
    --------
    >>> good_k(4000), round(good_k(100), 2)
    (0.7, 0.5)
    """
    return float(min(1 - 1 / np.log10(max(draws, 11)), 0.7))


def relative_efficiency(fit: Fit, posterior: xr.Dataset) -> float:
    """Effective draws a draw, the mean over parameters other than group effects (as ``arviz_stats.loo`` has it)."""
    if posterior.sizes["chain"] < 2 or posterior.sizes["draw"] < 4:
        return 1.0
    kept = posterior.drop_vars([v for g in fit.model.groups if (v := names.effects(g)) in posterior])
    values = [v for v in kept.data_vars.values() if float(v.std()) > 0]
    if not values:
        return 1.0
    ess = [arviz_stats.ess(v, method="mean") for v in values]
    found = np.concatenate([np.ravel(e) for e in ess])
    return float(np.clip(np.nanmean(found) / (posterior.sizes["chain"] * posterior.sizes["draw"]), 0.01, 1.0))


def psis(log_p: Floats, chains: int, reff: float) -> Smoothed:
    """log p(y_u | y_{−u}) of every unit from log p(y_u | draw s), shape (S, U), with weights 1/p(y_u | s).

    Raises
    ------
    PosteriorError
        For fewer draws than a tail can be fitted to.
    """
    S, U = log_p.shape
    if S < LEAST:
        raise PosteriorError(
            f"{S} draws are too few to leave out a unit by importance sampling.",
            hint="Fit with the usual number of draws, or refit: fit.kfold().",
        )
    elpd, khat = np.empty(U), np.empty(U)
    step = max(1, CHUNK // S)
    for start in range(0, U, step):
        part = log_p[:, start : start + step]
        found = _loo(part.reshape(chains, S // chains, part.shape[1]), reff)
        elpd[start : start + step] = found.elpd_i.to_numpy()
        khat[start : start + step] = found.pareto_k.to_numpy()
    lpd = np.concatenate(
        [logsumexp(log_p[:, i : i + step], axis=0) for i in range(0, U, step)]  # in parts, as it copies
    ) - np.log(S)
    still = np.ptp(log_p, axis=0) < 1e-10  # nothing to weigh
    return Smoothed(np.where(still, lpd, elpd), np.where(still, 0.0, lpd - elpd), np.where(still, -np.inf, khat))


def _loo(values: Floats, reff: float) -> arviz_stats.ELPDData:
    tree = xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset({"none": (("chain", "draw"), np.zeros(values.shape[:2]))}),
            "log_likelihood": xr.Dataset({"y": (("chain", "draw", "unit"), values)}),
        }
    )
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # ours say what to do
        return arviz_stats.loo(tree, pointwise=True, reff=reff)


def weights_of(log_ratios: Floats, reff: float = 1.0) -> tuple[Floats, float]:
    """Smoothed weights, adding up to 1, of draws with these log ratios of target to proposal, and k̂.

    Parameters
    ----------
    log_ratios : (S,) array
    """
    if np.ptp(log_ratios) < 1e-10:
        return np.full(len(log_ratios), 1 / len(log_ratios)), -np.inf
    from arviz_stats.base import array_stats

    with np.errstate(all="ignore"):
        smoothed, khat = array_stats.psislw(-log_ratios, r_eff=reff)  # it wants the negated logs
    smoothed = np.asarray(smoothed, dtype=np.float64)
    return np.exp(smoothed - logsumexp(smoothed)), float(khat)


def verdicts(khat: Floats, limit: float) -> list[str]:
    """``"good"``, ``"bad"`` (bias likely) or ``"very bad"`` (no mean exists), by k̂; k̂ that is no number is very bad."""
    return ["good" if k <= limit else "bad" if k <= 1 else "very bad" for k in khat]
