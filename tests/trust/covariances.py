"""V of group effects by NumPy and SciPy: what every covariance structure means for three effects, said once more.

One entry a structure, by the names of the registry, and some more for options.  A structure that is registered and has
no entry here fails its tests with a sentence that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from tests.trust import correlations
from tests.trust.correlations import NUGGET, RANGE, SHARE
from tests.trust.priors import Proper, Several, beta, gamma, half_normal, normal

Floats = np.ndarray
Values = Mapping[str, Floats]

FACTOR = ("p", "q", "r")
TIMES = np.array([[0.0], [0.7], [2.0]])
PLACES = np.array([[0.0, 0.4], [0.5, -1.0], [1.3, 0.2]])
ORDER = np.arange(3.0)[:, None]
KNOWN = np.array([[1.3, 0.4, -0.2], [0.4, 0.8, 0.3], [-0.2, 0.3, 1.1]])
ROUNDING = 1e-8
"""That smooth functions of places add to the diagonal of R, before it is made one again."""


@dataclass(frozen=True)
class Meaning:
    """One structure of three effects.

    Parameters
    ----------
    bar : str
        The term, ``ar1(0 + f | g)``.
    sds : {"own", "shared", "none"}
        Standard deviations: one an effect, one for all, or none that is free.
    correlations : {"none", "exchangeable", "unstructured"}
        What ``cor_g`` holds.
    coefficients : mapping of name to Proper or Several
        ``phi`` of ``phi_g``.
    rows : mapping of row to Proper
        Priors of single rows, where they differ: ``loading_g[f[p], 1]``.
    covariance : function, optional
        ``covariance(sd, values)`` → V, values by the names of coefficients; diag(sd) R diag(sd) where there is none.
    loadings : function, optional
        Λ of a structure without density: r = Λ f, f ~ N(0, I).
    """

    bar: str
    sds: str = "own"
    correlations: str = "none"
    coefficients: Mapping[str, Proper | Several] = field(default_factory=dict)
    rows: Mapping[str, Proper] = field(default_factory=dict)
    covariance: Callable[[Floats, Values], Floats] | None = None
    loadings: Callable[[Values], Floats] | None = None
    matrices: Mapping[str, Any] | None = None

    def log_prior(self, values: Values) -> float:
        """Of the coefficients."""
        total = sum(np.sum(p.log_density(values[f"{name}_g"])) for name, p in self.coefficients.items())
        if self.rows:
            (name,) = {row.split("[")[0] for row in self.rows}
            found = np.atleast_1d(values[name])
            total += sum(p.log_density(x) for p, x in zip(self.rows.values(), found, strict=True))
        return float(total)

    def free(self, values: Values) -> list[Floats]:
        """The coefficients in a row."""
        names = [f"{name}_g" for name in self.coefficients] + [row.split("[")[0] for row in self.rows][:1]
        return [np.atleast_1d(values[name]) for name in names]


def by_function(name: str, places: Floats, rounding: float = 0.0) -> Callable[[Floats, Values], Floats]:
    """V_ij = σᵢ σⱼ R_ij of a correlation function."""

    def covariance(sd: Floats, values: Values) -> Floats:
        own = {k.removesuffix("_g"): v for k, v in values.items() if k.endswith("_g")}
        R = correlations.MEANINGS[name].matrix(own, places)
        R = (R + rounding * np.eye(len(R))) / (1 + rounding)
        return sd[:, None] * R * sd

    return covariance


def _ante(sd: Floats, values: Values) -> Floats:
    first, second = values["phi_g"]
    R = np.array([[1, first, first * second], [first, 1, second], [first * second, second, 1]])
    return sd[:, None] * R * sd


def _triangle(d: int) -> Callable[[Values], Floats]:
    def loadings(values: Values) -> Floats:
        rest = iter(np.atleast_1d(values["loading_g"]))
        return np.array([[next(rest) if j <= i else 0.0 for j in range(d)] for i in range(3)])

    return loadings


def _of_rank(d: int) -> Meaning:
    """Loadings row by row, those on the diagonal positive."""
    rows = {
        f"loading_g[f[{level}], {j + 1}]": half_normal(0.15) if i == j else normal(0.0, 0.1)
        for i, level in enumerate(FACTOR)
        for j in range(min(i + 1, d))
    }
    return Meaning(f"rr(0 + f | g, d={d})", "none", rows=rows, loadings=_triangle(d))


def _frame() -> pd.DataFrame:
    """K with its rows in another order, and one more than is asked for."""
    labels = ["r", "other", "p", "q"]
    K = pd.DataFrame(np.eye(4), index=labels, columns=labels)
    K.loc[list(FACTOR), list(FACTOR)] = KNOWN
    return K


PARTIAL = Several(SHARE, 2)

MEANINGS: dict[str, Meaning] = {
    "us": Meaning("us(0 + f | g)", "own", "unstructured"),
    "idh": Meaning("idh(0 + f | g)", "own"),
    "idv": Meaning("idv(0 + f | g)", "shared"),
    "corh": Meaning("corh(0 + f | g)", "own", "exchangeable"),
    "corv": Meaning("corv(0 + f | g)", "shared", "exchangeable"),
    "cor": Meaning("cor(0 + f | g)", "none", "unstructured"),
    "ar1": Meaning("ar1(0 + f | g)", "shared", "none", {"phi": SHARE}, covariance=by_function("ar1", ORDER)),
    "hetar1": Meaning("hetar1(0 + f | g)", "own", "none", {"phi": SHARE}, covariance=by_function("ar1", ORDER)),
    "car1": Meaning("car1(t | g)", "shared", "none", {"phi": beta(3, 3)}, covariance=by_function("car1", TIMES)),
    "toep": Meaning("toep(0 + f | g)", "own", "none", {"partial": PARTIAL}, covariance=by_function("toep", ORDER)),
    "homtoep": Meaning(
        "homtoep(0 + f | g)", "shared", "none", {"partial": PARTIAL}, covariance=by_function("toep", ORDER)
    ),
    "ante": Meaning("ante(0 + f | g)", "own", "none", {"phi": Several(SHARE, 2)}, covariance=_ante),
    "exp": Meaning("exp(lat + lon | g)", "shared", "none", {"range": RANGE}, covariance=by_function("exp", PLACES)),
    "gau": Meaning(
        "gau(lat + lon | g)", "shared", "none", {"range": RANGE}, covariance=by_function("gau", PLACES, ROUNDING)
    ),
    "mat": Meaning(
        "mat(lat + lon | g)", "shared", "none", {"range": RANGE}, covariance=by_function("mat", PLACES, ROUNDING)
    ),
    "rr": _of_rank(2),
    "propto": Meaning(
        "propto(0 + f | g, K)",
        "none",
        "none",
        {"scale": gamma(3.0, 20.0)},
        covariance=lambda sd, v: v["scale_g"] ** 2 * KNOWN,
        matrices={"K": _frame()},
    ),
    "rr 1": _of_rank(1),
    "rr 3": _of_rank(3),
    "exp nugget": Meaning(
        "exp(t | g, nugget=True)",
        "shared",
        "none",
        {"range": RANGE, "nugget": NUGGET},
        covariance=by_function("exp nugget", TIMES),
    ),
    "mat 2.5 nugget": Meaning(
        "mat(lat + lon | g, nu=2.5, nugget=True)",
        "shared",
        "none",
        {"range": RANGE, "nugget": NUGGET},
        covariance=by_function("mat 2.5 nugget", PLACES, ROUNDING),
    ),
}
"""By the structure's name, and a word on its options where they are not its own."""
