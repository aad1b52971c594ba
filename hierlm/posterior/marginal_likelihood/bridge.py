"""Bridge sampling: a normalising constant from draws of a density and draws of a proposal.

With q = p(y, ζ), draws ζ_i of q/Z and ζ̃_j of the proposal g, the optimal bridge function leads to the fixed point

    Z = [1/N₂ Σ_j q(ζ̃_j) / (s₁ q(ζ̃_j) + s₂ Z g(ζ̃_j))] / [1/N₁ Σ_i g(ζ_i) / (s₁ q(ζ_i) + s₂ Z g(ζ_i))],

s₁ = N₁/(N₁ + N₂) with N₁ the effective number of draws.  The proposal must be normalised, and must not have been made
from the ζ_i.

Sources: Meng & Wong (1996), Statistica Sinica 6:831–860; Gronau, Singmann & Wagenmakers (2020), J. Stat. Softw. 92(10);
the relative error is that of Frühwirth-Schnatter (2004), Econometrics Journal 7:143–167.
"""

from __future__ import annotations

from dataclasses import dataclass

import arviz_stats
import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from hierlm.errors import PosteriorError

__all__ = ["Bridge", "bridge", "importance"]

Floats = NDArray[np.float64]
STEPS, CLOSE = 1000, 1e-10


@dataclass(frozen=True)
class Bridge:
    """An estimate of log Z.

    Parameters
    ----------
    log_z : float
    error : float
        Its Monte-Carlo standard error, √ of the relative mean squared error of Z.
    """

    log_z: float
    error: float


def bridge(posterior: Floats, proposed: Floats) -> Bridge:
    """The estimate from log q − log g at draws of each.

    Parameters
    ----------
    posterior : (chain, draw) array
        At draws of the posterior.
    proposed : (N₂,) array
        At draws of the proposal; −∞ where q is zero.

    Raises
    ------
    PosteriorError
        When the two hardly overlap, so that the iteration does not settle.
    """
    flat = posterior.reshape(-1)
    n1, n2 = _effective(posterior), len(proposed)
    s1, s2 = n1 / (n1 + n2), n2 / (n1 + n2)
    log_z = float(np.median(flat))
    for _ in range(STEPS):
        above = logsumexp(proposed - np.logaddexp(np.log(s1) + proposed, np.log(s2) + log_z)) - np.log(n2)
        below = logsumexp(-np.logaddexp(np.log(s1) + flat, np.log(s2) + log_z)) - np.log(len(flat))
        before, log_z = log_z, float(above - below)
        if not np.isfinite(log_z):
            break
        if abs(log_z - before) < CLOSE:
            return Bridge(log_z, _error(posterior, proposed, log_z, s1, s2))
    raise PosteriorError(
        "The marginal likelihood cannot be estimated: draws and proposal hardly overlap.",
        hint="Are the draws good (fit.diagnose())?  More draws may help: draws=10_000.",
    )


def _error(posterior: Floats, proposed: Floats, log_z: float, s1: float, s2: float) -> float:
    """√ of the relative mean squared error."""
    with np.errstate(all="ignore"):
        f1 = np.exp(proposed - log_z - np.logaddexp(np.log(s1) + proposed - log_z, np.log(s2)))
        f2 = np.exp(-np.logaddexp(np.log(s1) + posterior - log_z, np.log(s2)))
    first = f1.var() / (len(f1) * f1.mean() ** 2)
    second = f2.var() / (_effective(f2) * f2.mean() ** 2)
    return float(np.sqrt(first + second))


def _effective(values: Floats) -> float:
    """Effective number of draws of the mean of (chain, draw) values."""
    if np.ptp(values) == 0 or values.shape[1] < 4:
        return float(values.size)
    found = float(arviz_stats.ess(values, method="mean"))
    return min(found, float(values.size)) if np.isfinite(found) else float(values.size)


def importance(proposed: Floats) -> tuple[float, float, float]:
    """(log Z, its error, Pareto's k̂) from the proposal alone: Z = E_g[q/g]."""
    from hierlm.samplers.weights import smoothed

    weights, k = smoothed(proposed)
    log_z = float(logsumexp(proposed) - np.log(len(proposed)))
    share = weights * len(weights)
    return log_z, float(share.std() / np.sqrt(len(weights))), k
