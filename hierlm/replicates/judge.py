"""Are ranks uniform?  An exact test of their empirical distribution, one of the variance of z, and coverage.

Ranks of a truth among 99 draws are 0 to 99, each with probability 1/100, if the posterior is right.

* **Empirical distribution**: C_k of N ranks are at most k.  Each C_k is binomial; the statistic is the smallest of
  their two-sided tail probabilities, γ, so that the band of level γ is the narrowest that holds the whole curve.  Its
  p-value, the probability that some C_k leaves that band, is exact: C is a Markov chain in k (Säilynoja, Bürkner &
  Vehtari 2022, *Statistics and Computing* 32:32, from whom the band is; the probability by summing over the chain).
* **Variance of z**: z = Φ⁻¹((rank + ½)/100); Σz² is about χ² with scale and degrees of freedom from the mean and
  variance of z² (Cook, Gelman & Rubin 2006).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.special import gammaln

DRAWS = 99
"""Among which a truth is ranked."""

RANKS = DRAWS + 1
INSIDE = {50: (25, 75), 90: (5, 95)}
"""Share in per cent → ranks (from, up to) of the central interval; exact for 99 draws."""

Floats = np.ndarray


@dataclass(frozen=True)
class Judgement:
    """One quantity of one cell.

    Parameters
    ----------
    n : int
        Replications.
    p_ecdf, p_z : float
        Of the two tests, by themselves.
    variance_z, mean_z : float
        1 and 0 if all is well; 1.2 means a posterior too narrow, 0.8 one too wide.
    inside : dict
        Share in per cent of the interval → replications in it.
    """

    n: int
    p_ecdf: float
    p_z: float
    variance_z: float
    mean_z: float
    inside: dict[int, int]

    @property
    def p(self) -> float:
        """The smaller of the two, both being looked at."""
        return min(1.0, 2 * min(self.p_ecdf, self.p_z))


def judge(ranks: Sequence[int]) -> Judgement:
    """Of the ranks of one quantity."""
    found = np.asarray(ranks)
    scores = stats.norm.ppf((np.arange(RANKS) + 0.5) / RANKS)
    squares, z = scores**2, scores[found]
    n, unit = len(found), squares.mean()
    degrees = 2 * n * unit**2 / squares.var()
    statistic = np.sum(z**2) / (n * unit) * degrees
    tails = stats.chi2.cdf(statistic, degrees), stats.chi2.sf(statistic, degrees)
    inside = {share: int(((found >= a) & (found < b)).sum()) for share, (a, b) in INSIDE.items()}
    p_z = min(1.0, 2 * min(tails))
    return Judgement(n, ecdf_p_value(found), p_z, float(np.mean(z**2) / unit), float(z.mean()), inside)


def ecdf_p_value(ranks: Floats) -> float:
    """Probability that N uniform ranks leave the narrowest band that holds these somewhere."""
    n = len(ranks)
    counts = np.cumsum(np.bincount(ranks, minlength=RANKS))[:-1]
    share = np.arange(1, RANKS) / RANKS
    gamma = _two_sided(counts, n, share).min()
    return 1.0 if gamma >= 1 else _leaves(n, gamma)


def band(n: int, level: float) -> tuple[Floats, Floats]:
    """The least and the largest counts C_k, k = 0 … 98, of the simultaneous band, left with probability ``level``."""
    low, high = level / RANKS**2, level
    for _ in range(30):
        middle = np.sqrt(low * high)
        low, high = (low, middle) if _leaves(n, middle) > level else (middle, high)
    allowed = [_allowed(n, k, low) for k in range(1, RANKS)]
    return np.array([a[0] for a in allowed]), np.array([a[-1] for a in allowed])


def _two_sided(counts: Floats, n: int, share: Floats | float) -> Floats:
    return np.minimum(1.0, 2 * np.minimum(stats.binom.cdf(counts, n, share), stats.binom.sf(counts - 1, n, share)))


def _allowed(n: int, k: int, gamma: float) -> Floats:
    """The counts of ranks below k whose two-sided probability is larger than γ."""
    counts = np.arange(n + 1)
    return counts[_two_sided(counts, n, k / RANKS) > gamma * (1 + 1e-9)]


def _leaves(n: int, gamma: float) -> float:
    """P(some C_k has a two-sided probability of at most γ), over the Markov chain C_k → C_{k+1}."""
    log_factorial = gammaln(np.arange(n + 1) + 1.0)
    states, mass, left = np.array([0]), np.array([1.0]), 0.0
    for k in range(1, RANKS):
        following = _allowed(n, k, gamma)
        p = 1.0 / (RANKS - k + 1)  # a rank that is at least k − 1 is k − 1
        rest, step = n - states[:, None], following[None, :] - states[:, None]
        possible = step >= 0
        safe = np.where(possible, step, 0)
        log_pmf = log_factorial[rest] - log_factorial[safe] - log_factorial[np.maximum(rest - safe, 0)]
        log_pmf += safe * np.log(p) + (rest - safe) * np.log1p(-p)
        after = mass @ np.where(possible & (rest >= safe), np.exp(log_pmf), 0.0)
        left += mass.sum() - after.sum()
        states, mass = following, after
    return float(min(1.0, max(left, 0.0)))
