"""The PyMC graph against an independent joint density: variance functions of residuals, and smooths.

20 points, 1e-8, gradients 1e-6, as in the grid of structures; every kind that is registered has to be here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from scipy import stats

from hierlm.design.splines import SPLINES
from hierlm.variances import VARIANCES
from tests.trust import splines
from tests.trust.densities import LOG_DENSITIES, needed
from tests.trust.graphs import check_model
from tests.trust.priors import Proper, gamma, normal
from tests.trust.terms import MIDDLE, SD, SIGMA, SLOPE, Floats, N, Values, at, build, gaussian, table_of

pytestmark = pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")


# ------------------------------------------------------------------------------------------------- variance functions
def _strata(table: Mapping[str, Any]) -> Floats:
    return np.array([("p", "q").index(level) for level in table["f"]])


RATIO, POWER, FLOOR = gamma(6.0, 6.0), normal(0.3, 0.3), gamma(4.0, 4.0)
SCALES: dict[str, tuple[str, dict[str, Proper], Callable[[Mapping[str, Any], Floats, Floats], Floats]]] = {
    "varFixed(v)": ("varFixed", {}, lambda t, mu, p: np.sqrt(t["v"])),
    "varIdent(f)": ("varIdent", {"varIdent(f):q": RATIO}, lambda t, mu, p: np.where(_strata(t) == 1, p[0], 1.0)),
    "varPower(v)": ("varPower", {"varPower(v)": POWER}, lambda t, mu, p: t["v"] ** p[0]),
    "varPower(fitted)": ("varPower", {"varPower(fitted)": POWER}, lambda t, mu, p: np.abs(mu) ** p[0]),
    "varPower(v | f)": (
        "varPower",
        {"varPower(v | f):p": POWER, "varPower(v | f):q": POWER},
        lambda t, mu, p: t["v"] ** p[_strata(t)],
    ),
    "varExp(x)": ("varExp", {"varExp(x)": POWER}, lambda t, mu, p: np.exp(p[0] * t["x"])),
    "varExp(fitted)": ("varExp", {"varExp(fitted)": POWER}, lambda t, mu, p: np.exp(p[0] * mu)),
    "varConstPower(v)": (
        "varConstPower",
        {"varConstPower(v):const": FLOOR, "varConstPower(v):power": POWER},
        lambda t, mu, p: p[0] + t["v"] ** p[1],
    ),
    "varIdent(f) + varPower(v)": (
        "varIdent",
        {"varIdent(f):q": RATIO, "varPower(v)": POWER},
        lambda t, mu, p: np.where(_strata(t) == 1, p[0], 1.0) * t["v"] ** p[1],
    ),
}
"""Terms → (function, priors of its parameters, sd/σ of every row)."""


def test_every_variance_function_has_an_independent_meaning() -> None:
    needed(VARIANCES, {name: 1 for name, *_ in SCALES.values()}, "meaning of the variance function")


@pytest.mark.parametrize("terms", SCALES)
def test_variance_functions(terms: str) -> None:
    _, own, scale = SCALES[terms]
    table, family = table_of(), ("gaussian", "student_t", "lognormal")[[*SCALES].index(terms) % 3]
    table["y"] = np.exp(table["y"]) if family == "lognormal" else table["y"]
    log_sigma, nu = normal(-0.3, 0.3), gamma(6.0, 0.5)
    priors = {"b[Intercept]": MIDDLE, "b[x]": SLOPE, "sd_g": SD, "b_sigma[Intercept]": log_sigma}
    priors |= {f"varfun[{row}]": p for row, p in own.items()} | ({"nu": nu} if family == "student_t" else {})
    model = build(["y ~ x + (1 | g)", f"sigma ~ {terms}"], table, priors, family=family, parameterization="centered")

    def theirs(values: Values) -> float:
        b, r, sd = values["b"], values["r_g"][:, 0], values["sd_g"][0]
        found = np.atleast_1d(values.get("varfun", np.zeros(0)))
        mu = b[0] + b[1] * table["x"] + r[at(table)]
        sigma = np.exp(values["b_sigma"][0]) * scale(table, mu, found)
        further = (values["nu"],) if family == "student_t" else ()
        total = LOG_DENSITIES[family](table["y"], mu, sigma, *further).sum()
        total += MIDDLE.log_density(b[0]) + SLOPE.log_density(b[1]) + log_sigma.log_density(values["b_sigma"][0])
        total += stats.norm.logpdf(r, 0, sd).sum() + SD.log_density(sd)
        total += sum(p.log_density(v) for p, v in zip(own.values(), found, strict=True))
        return float(total + sum(nu.log_density(v) for v in further))

    check_model(model, theirs)


# ------------------------------------------------------------------------------------------------------------ smooths
def _levels(kind: str, table: Mapping[str, Any]) -> dict[str, Floats]:
    found = {}
    for level in ("p", "q"):
        rows = table["f"] == level
        found[f"s(s, k=5, by=f):{level}"] = np.zeros((N, N))
        found[f"s(s, k=5, by=f):{level}"][np.ix_(rows, rows)] = splines.curve(kind, table["s"], 5, rows)
    return found


CURVES: dict[str, Callable[[Mapping[str, Any]], dict[str, Floats]]] = {
    **{f's(s, k=6, bs="{kind}")': lambda t, kind=kind: {"s(s)": splines.curve(kind, t["s"], 6)} for kind in SPLINES},
    "s(s, k=5, by=t)": lambda t: {"s(s, by=t)": np.outer(t["t"], t["t"]) * splines.curve("tp", t["s"], 5)},
    "f + s(s, k=5, by=f)": lambda t: {k.replace(", k=5", ""): K for k, K in _levels("tp", t).items()},
    't2(s, t, k=c(5, 4), bs=c("tp", "ps"))': lambda t: dict(
        zip(
            ("t2(s, t):s", "t2(s, t):t", "t2(s, t):s:t"),
            splines.surface(("tp", "ps"), t["s"], t["t"], (5, 4)),
            strict=True,
        )
    ),
}
"""Terms → by label the covariances of the penalised parts, of sd one."""


def free_columns(terms: str, table: Mapping[str, Any]) -> Floats:
    """Intercept, x, and the straight lines of the curve, in the order of b."""
    s, t, one = table["s"] - np.mean(table["s"]), table["t"] - np.mean(table["t"]), np.ones(N)
    first = [one, table["x"]]
    if 'bs="cc"' in terms:
        return np.column_stack(first)
    if "by=t" in terms:
        return np.column_stack([*first, table["t"], table["t"] * s])
    if "by=f" in terms:
        q, lines = table["f"] == "q", []
        for rows in (~q, q):
            lines.append(np.where(rows, table["s"] - table["s"][rows].mean(), 0.0))
        return np.column_stack([*first, q.astype(float), *lines])
    if "t2" in terms:
        return np.column_stack([*first, s, t, s * t - (s * t).mean()])
    return np.column_stack([*first, s])


def test_every_spline_has_an_independent_meaning() -> None:
    needed(SPLINES, splines.BASES, "covariance of the spline")


@pytest.mark.parametrize("terms", CURVES)
def test_smooths(terms: str) -> None:
    """f = X b + Σ Z r: Z Z′ is the covariance of SciPy's splines, r ~ N(0, sd²)."""
    table, covariances = table_of(), CURVES[terms](table_of())
    X = free_columns(terms, table)
    priors = {"b": SLOPE, "b[Intercept]": MIDDLE, "sigma": SIGMA, "sd_g": SD} | {f"sd_{k}": SD for k in covariances}
    model = build(f"y ~ x + {terms} + (1 | g)", table, priors, parameterization="centered")
    Z = {block.group: block.pieces[0].Z for block in model.smooths}
    assert list(Z) == list(covariances)
    for label, K in covariances.items():
        np.testing.assert_allclose(Z[label] @ Z[label].T, K, atol=1e-8 * np.abs(K).max())

    def theirs(values: Values) -> float:
        b, r, sd_g = values["b"], values["r_g"][:, 0], values["sd_g"][0]
        eta = X @ b + r[at(table)]
        total = stats.norm.logpdf(r, 0, sd_g).sum() + SD.log_density(sd_g) + SLOPE.log_density(b[2:]).sum()
        for label, columns in Z.items():
            bends, sd = values[f"r_{label}"], values[f"sd_{label}"]
            eta = eta + columns @ bends
            total += stats.norm.logpdf(bends / sd).sum() + SD.log_density(sd)
        return float(total + gaussian(table, eta, values))

    check_model(model, theirs)


@pytest.mark.parametrize("terms", ["varPower(fitted)", "s(s, k=5, by=t)"])
def test_another_meaning_is_noticed(terms: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if terms in SCALES:
        name, own, scale = SCALES[terms]
        monkeypatch.setitem(SCALES, terms, (name, own, lambda t, mu, p: scale(t, mu, p * (1 + 1e-5))))
        with pytest.raises(AssertionError):
            test_variance_functions(terms)
    else:
        curve = CURVES[terms]
        monkeypatch.setitem(CURVES, terms, lambda t: {k: (1 + 1e-6) * K for k, K in curve(t).items()})
        with pytest.raises(AssertionError):
            test_smooths(terms)
