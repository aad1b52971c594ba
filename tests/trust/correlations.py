"""Correlation matrices by NumPy and SciPy: what every correlation function means, said once more.

One entry a function, by the names of the registry, for residuals and group effects alike.  A function that is registered
and has no entry here fails its tests with a sentence that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import linalg, signal, special

from tests.trust.priors import Proper, Several, beta, gamma, truncated_normal

Floats = np.ndarray
Values = Mapping[str, Floats]

SHARE = truncated_normal(0.2, 0.3, -1.0, 1.0)
"""Prior of a correlation."""


@dataclass(frozen=True)
class Meaning:
    """One correlation function with its options.

    Parameters
    ----------
    name, options : str
        As in a formula: ``mat`` and ``nu=2.5``.
    matrix : function
        ``matrix(values, positions)`` → R; positions (m, d).
    priors : mapping of coefficient to Proper or Several
        Of those for four positions 0, 1, 2, 3, in the function's own order.
    """

    name: str
    matrix: Callable[[Values, Floats], Floats]
    priors: Mapping[str, Proper | Several]
    options: Mapping[str, Any] = field(default_factory=dict)


def distance(positions: Floats) -> Floats:
    """Euclidean."""
    return np.linalg.norm(positions[:, None] - positions[None, :], axis=-1)


def _by_lag(rho: Floats, positions: Floats) -> Floats:
    return np.asarray(rho)[np.rint(distance(positions)).astype(int)]


def _spatial(function: Callable[[Floats], Floats]) -> Callable[[Values, Floats], Floats]:
    """ρ(d/r), less a nugget off the diagonal."""

    def matrix(values: Values, positions: Floats) -> Floats:
        R = function(distance(positions) / values["range"]) * (1 - values.get("nugget", 0.0))
        np.fill_diagonal(R, 1.0)
        return R

    return matrix


def _matern(nu: float) -> Callable[[Floats], Floats]:
    """By Bessel's function."""

    def function(ratio: Floats) -> Floats:
        a = np.where(ratio > 0, np.sqrt(2 * nu) * ratio, 1.0)
        return 2 ** (1 - nu) / special.gamma(nu) * a**nu * special.kv(nu, a)

    return function


def toeplitz(partial: Floats) -> Floats:
    """ρ(0), ρ(1), … of partial autocorrelations.

    That of lag k is the correlation of the ends of k + 1 values given those between, here solved for ρ(k) by the block
    formula: ρ(k) = a′ M⁻¹ b + π √(1 − a′ M⁻¹ a) √(1 − b′ M⁻¹ b), M of the k − 1 between, a and b theirs with the ends.
    """
    rho = [1.0]
    for k, pi in enumerate(np.atleast_1d(partial), start=1):
        if k == 1:
            rho.append(float(pi))
            continue
        M, a = linalg.toeplitz(rho[: k - 1]), np.array(rho[1:k])
        b, inverse = a[::-1], linalg.inv(M)
        rho.append(a @ inverse @ b + pi * np.sqrt((1 - a @ inverse @ a) * (1 - b @ inverse @ b)))
    return np.array(rho)


def _polynomial(partial: Floats) -> Floats:
    """(1, −φ₁, −φ₂, …): of the regression of a value on those before it, with these partial autocorrelations."""
    rho = toeplitz(partial)
    return np.append(1.0, -linalg.solve(linalg.toeplitz(rho[:-1]), rho[1:]))


def _arma(values: Values, positions: Floats) -> Floats:
    """From the response to one shock, 5,000 steps long."""
    ar = _polynomial(values["ar"]) if "ar" in values else np.ones(1)
    ma = _polynomial(-np.atleast_1d(values["ma"])) if "ma" in values else np.ones(1)
    psi = signal.lfilter(ma, ar, np.append(1.0, np.zeros(4999)))
    last = int(np.rint(np.ptp(positions)))
    gamma_of = np.array([psi[: len(psi) - h] @ psi[h:] for h in range(last + 1)])
    return _by_lag(gamma_of / gamma_of[0], positions)


def _unstructured(values: Values, positions: Floats) -> Floats:
    """From canonical partial correlations, row by row: of s and t given the occasions before t."""
    partial = iter(np.atleast_1d(values["partial"]))
    k = round((1 + np.sqrt(1 + 8 * len(np.atleast_1d(values["partial"])))) / 2)
    R = np.eye(k)
    given = {(s, t): next(partial) for s in range(k) for t in range(s)}
    for t in range(k):
        for s in range(t + 1, k):
            before = list(range(t))
            inverse = linalg.inv(R[np.ix_(before, before)]) if before else np.zeros((0, 0))
            a, b = R[t, before], R[s, before]
            rest = (1 - a @ inverse @ a) * (1 - b @ inverse @ b)
            R[s, t] = R[t, s] = a @ inverse @ b + given[s, t] * np.sqrt(rest)
    at = np.rint(positions[:, 0]).astype(int)
    return R[np.ix_(at, at)]


RANGE, NUGGET = gamma(4.0, 2.0), beta(2.0, 6.0)
SPATIAL: dict[str, Proper | Several] = {"range": RANGE}

MEANINGS: dict[str, Meaning] = {
    "cs": Meaning(
        "cs",
        lambda v, at: v["rho"] + (1 - v["rho"]) * np.eye(len(at)),
        {"rho": truncated_normal(0.2, 0.3, -1 / 3, 1.0)},
    ),
    "ar1": Meaning("ar1", lambda v, at: np.float_power(v["phi"], np.rint(distance(at))), {"phi": SHARE}),
    "car1": Meaning("car1", lambda v, at: v["phi"] ** distance(at), {"phi": beta(3.0, 3.0)}),
    "toep": Meaning("toep", lambda v, at: _by_lag(toeplitz(v["partial"]), at), {"partial": Several(SHARE, 3)}),
    "us": Meaning("us", _unstructured, {"partial": Several(SHARE, 6)}),
    "exp": Meaning("exp", _spatial(lambda d: np.exp(-d)), SPATIAL),
    "gau": Meaning("gau", _spatial(lambda d: np.exp(-np.square(d))), SPATIAL),
    "ratio": Meaning("ratio", _spatial(lambda d: 1 / (1 + np.square(d))), SPATIAL),
    "lin": Meaning("lin", _spatial(lambda d: np.where(d < 1, 1 - d, 0.0)), {"range": gamma(40.0, 8.0)}),
    "sph": Meaning(
        "sph", _spatial(lambda d: np.where(d < 1, 1 - 1.5 * d + 0.5 * d**3, 0.0)), {"range": gamma(40.0, 8.0)}
    ),
    "mat": Meaning("mat", _spatial(_matern(1.5)), SPATIAL),
    "mat 0.5": Meaning("mat", _spatial(_matern(0.5)), SPATIAL, {"nu": 0.5}),
    "mat 2.5 nugget": Meaning("mat", _spatial(_matern(2.5)), SPATIAL | {"nugget": NUGGET}, {"nu": 2.5, "nugget": True}),
    "exp nugget": Meaning("exp", _spatial(lambda d: np.exp(-d)), SPATIAL | {"nugget": NUGGET}, {"nugget": True}),
    "arma": Meaning("arma", _arma, {"ar": Several(SHARE, 1), "ma": Several(SHARE, 1)}, {"p": 1, "q": 1}),
    "arma 3 0": Meaning("arma", _arma, {"ar": Several(SHARE, 3)}, {"p": 3, "q": 0}),
    "arma 0 2": Meaning("arma", _arma, {"ma": Several(SHARE, 2)}, {"p": 0, "q": 2}),
}
"""By the function's name, and a word on its options where they are not its own."""
