"""The structured marginal is exact: its precision against dense inverses, its density against dense algebra and the graph."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit

import hierlm as hl
from hierlm import names
from hierlm.kernels.parameters import constrained, parameters, pick
from hierlm.kernels.residuals import Residuals, back_residuals, precision, residual_parameters, residuals_of
from hierlm.kernels.structured import draw_effects
from hierlm.reductions.components import Chain, Exchangeable, Independent
from hierlm.reductions.prior_densities import compiled
from hierlm.reductions.reduction import Problem
from hierlm.reductions.structured import StructuredMarginal
from tests.unit.reductions.dense import dense_design, graph_density, natural, point, prior_factor
from tests.unit.reductions.gaussian_models import SCALES, coordinates, frame, has_a_sign, rescaled
from tests.unit.reductions.slopes import check_gradient
from tests.unit.reductions.test_constants import of_axes

pytestmark = pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")
REDUCTION = StructuredMarginal()

MODELS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "two variances": (["y ~ x + (1 | g)", "sigma ~ f"], {}),
    "cells": (["y ~ x + (x | g) + (1 | h)", "sigma ~ 0 + f"], {}),
    "no groups": (["y ~ x", "sigma ~ f"], {}),
    "offset": (["y ~ x + (1 | h/g)", "sigma ~ f + offset(2 * k)"], {}),
    "known ratios": (["y ~ x + (1 | g)", "sigma ~ 0 + offset(k)"], {}),
    "us 3": (["y ~ us(0 + f | g)", "sigma ~ k"], {}),
    "varIdent": (["y ~ x + (x | g)", "sigma ~ varIdent(f)"], {"varfun[varIdent(f):q]": 1.3}),
    "varFixed": (["y ~ x + (1 | h/g)", "sigma ~ varFixed(w) + varIdent(f)"], {}),
    "varExp": (["y ~ x + (1 | g)", "sigma ~ varExp(k)"], {}),
    "varPower": (["y ~ x + (1 | g)", "sigma ~ varPower(t | f)"], {}),
    "smooth": (["y ~ s(x, k=5) + (1 | g)", "sigma ~ f"], {}),
    "weights": (["y | weights(w) ~ x + corh(0 + f | g)", "sigma ~ f"], {}),
    "priors": (
        ["y ~ x + (1 | g) + (1 | h)", "sigma ~ f"],
        {
            "b_sigma[f[q]]": hl.Prior("StudentT", nu=4, mu=0.3, sigma=0.5),
            "b_sigma[f[r]]": 0.4,
            "b_sigma[Intercept]": hl.Prior("SkewNormal", mu=0, sigma=1, alpha=2),
        },
    ),
}


CORRELATED: dict[str, tuple[list[str], str, dict[str, Any]]] = {
    "ar1": (["y ~ x + (1 | g)"], "ar1(day | c)", {}),
    "ar1, order of rows": (
        ["y ~ x + (x | g) + (1 | h)"],
        "ar1(1 | c)",
        {"rescor[phi]": hl.Prior("Beta", alpha=2, beta=3)},
    ),
    "ar1, no groups": (["y ~ x"], "ar1(day | c)", {"sigma": hl.Prior("Gamma", alpha=2, beta=1)}),
    "car1": (["y ~ x + (x | g)"], "car1(hour | c)", {}),
    "cs": (["y ~ x + (1 | h)"], "cs(1 | c)", {}),
    "sds and ar1": (["y ~ x + (1 | g)", "sigma ~ f"], "ar1(day | c)", {}),
    "sds and cs": (["y ~ x + (1 | h/g)", "sigma ~ varIdent(f)"], "cs(1 | c)", {}),
    "varFixed and car1": (["y ~ s(x, k=5)", "sigma ~ varFixed(w)"], "car1(hour | c)", {}),
    "known": (["y ~ x + (1 | g)"], "ar1(day | c)", {"rescor[phi]": 0.4, "sigma": 2.0}),
    "uniform": (["y ~ us(0 + f | g)"], "cs(1 | c)", {"rescor[rho]": hl.Prior("Uniform", lower=0, upper=0.8)}),
    "compiled": (["y ~ x"], "ar1(day | c)", {"rescor[phi]": hl.Prior("Triangular", lower=-1, c=0.3, upper=1)}),
}
"""Formulas, correlation of the residuals, priors."""


def table() -> dict[str, Any]:
    """``c`` are the cells of g and h, ``day`` whole numbers with gaps, ``hour`` any."""
    found, rng = frame(), np.random.default_rng(3)
    cells = np.char.add(found["g"], found["h"])
    order = np.array([np.sum(cells[:i] == cells[i]) for i in range(60)])
    return found | {
        "k": rng.integers(0, 3, 60) / 2,
        "t": 1.0 + np.arange(60) % 4,
        "c": cells,
        "day": order + (order > 1) + 2 * (cells > "g3"),
        "hour": np.round(order + rng.uniform(0, 0.8, 60), 1),
    }


def correlation_of_rows(model: hl.Model, coefficient: float) -> np.ndarray:
    """R by definition."""
    data, n = table(), 60
    same = data["c"][:, None] == data["c"]
    name = "" if model.residual is None else model.residual.correlation.name
    if not name:
        return np.eye(n)
    if name == "cs":
        return np.where(same, coefficient, 0.0) * (1 - np.eye(n)) + np.eye(n)
    at = data["hour" if name == "car1" else "day"].astype(float)
    if model.residual.label.startswith("ar1(1"):
        at = np.array([np.sum(data["c"][:i] == data["c"][i]) for i in range(n)], dtype=float)
    return np.where(same, coefficient ** np.abs(at[:, None] - at), 0.0)


@cache
def structured(name: str) -> tuple[hl.Model, Problem]:
    """A model of :data:`MODELS` and its problem."""
    formulas, residual, priors = CORRELATED[name] if name in CORRELATED else (MODELS[name][0], None, MODELS[name][1])
    model = hl.Model(formulas, table(), priors=priors, residual=residual, parameterization="noncentered")
    assert REDUCTION.accepts(model).accepted, REDUCTION.accepts(model).reason
    return model, REDUCTION.apply(model)


def deviations(model: hl.Model, gamma: np.ndarray, sigma: float) -> np.ndarray:
    """σ of every row."""
    predictor = next((p for p in model.predictors if p.parameter == "sigma"), None)
    if predictor is None:
        return np.full(60, sigma)
    log_sd = predictor.X @ gamma[: predictor.X.shape[1]] + predictor.offset
    values = dict(zip(varfun(model), gamma[predictor.X.shape[1] :], strict=True))
    for part in predictor.variances:
        log_sd = log_sd + LOG_FACTORS[part.label](model, values)
    return np.asarray(np.exp(log_sd))


def varfun(model: hl.Model) -> list[str]:
    """Labels of the parameters of variance functions."""
    return [str(a.label) for a in model.assignments if a.variable == "varfun"]


LOG_FACTORS: dict[str, Any] = {
    "varFixed(w)": lambda m, v: 0.5 * np.log(table()["w"]),
    "varIdent(f)": lambda m, v: np.where(
        table()["f"] == "p", 0.0, np.log(np.where(table()["f"] == "q", v["varIdent(f):q"], v["varIdent(f):r"]))
    ),
    "varExp(k)": lambda m, v: v["varExp(k)"] * table()["k"],
    "varPower(t | f)": lambda m, v: np.log(table()["t"]) * [v[f"varPower(t | f):{f}"] for f in table()["f"]],
}
"""log g of every row, as nlme writes it."""


def gammas(data: np.ndarray, zeta: np.ndarray) -> np.ndarray:
    """The coefficients of log σ, read without the kernel."""
    p, rows = parameters(data), residuals_of(data).gamma
    theta = p.centre + p.axes @ zeta
    values = np.array([row[1] if row[0] < 0 else theta[int(row[0])] for row in rows])
    return np.where(rows[:, 6] > 0, np.exp(values), values)


def log_prior(data: np.ndarray, zeta: np.ndarray) -> float:
    """The kernel's log prior with log Jacobians; the identity with the graph is what tests it."""
    p, e = parameters(data), residuals_of(data)
    theta = pick(zeta, p)
    return float(constrained(theta, p)[0] + residual_parameters(theta, e, np.empty(len(e.gamma)))[0])


def rho(data: np.ndarray, zeta: np.ndarray) -> float:
    """The coefficient of correlation, read without the kernel."""
    p, rows = parameters(data), residuals_of(data).rho
    if not len(rows):
        return 0.0
    ((place, value, lower, upper, *_),) = rows
    return float(value if place < 0 else lower + (upper - lower) * expit((p.centre + p.axes @ zeta)[int(place)]))


def dense_parts(model: hl.Model, problem: Problem, data: np.ndarray, zeta: np.ndarray) -> tuple[np.ndarray, ...]:
    """(W, prior covariance of u, covariance of rows, weights, y less everything known)."""
    W, y = dense_design(model, problem.place)
    n = natural(data, zeta)
    factor = prior_factor(model, problem.place, n)
    sd = deviations(model, gammas(data, zeta), n.positives[0])
    weights = model.responses[0].additions.get("weights", np.ones(len(y)))
    return W, factor @ factor.T, np.outer(sd, sd) * correlation_of_rows(model, rho(data, zeta)), weights, y


@pytest.mark.parametrize("name", [*MODELS, *CORRELATED])
def test_value_and_gradient(name: str):
    """log p(y | θ) is the dense multivariate normal (weights as powers of each row's density), 1e-8; gradient 1e-6."""
    model, problem = structured(name)
    for scale in SCALES:
        data = rescaled(problem.data, scale)
        for seed in range(2):
            zeta = coordinates(problem.dimension, seed)
            W, D, V, weights, y = dense_parts(model, problem, data, zeta)
            variances, scaled = np.diag(V), V / np.sqrt(np.outer(weights, weights))
            expected = stats.multivariate_normal(np.zeros(len(y)), W @ D @ W.T + scaled).logpdf(y)
            expected += np.sum(0.5 * np.log(variances / weights) - 0.5 * weights * np.log(variances))
            expected += 0.5 * np.log(2 * np.pi) * np.sum(1 - weights)
            value = problem.density(zeta, data, np.zeros(len(zeta)))
            assert value - log_prior(data, zeta) == pytest.approx(expected, abs=1e-8), scale
            check_gradient(problem.density, data, zeta)


def log_slope_of_rho(data: np.ndarray, zeta: np.ndarray) -> float:
    """log dρ/dθ but for a constant."""
    rows = residuals_of(data).rho
    if not len(rows) or rows[0, 0] < 0:
        return 0.0
    share = (rho(data, zeta) - rows[0, 2]) / (rows[0, 3] - rows[0, 2])
    return float(np.log(share * (1 - share)))


@pytest.mark.parametrize("name", [*MODELS, *CORRELATED])
def test_identity_with_the_graph(name: str):
    """log p(θ) p(y | θ) p(u | y, θ) is the graph's log p(θ, u, y), 1e-7 but for a constant, at draws of u."""
    model, problem = structured(name)
    graph, place = graph_density(model), problem.place
    for scale in SCALES:
        data = rescaled(problem.data, scale)
        if scale == "signed" and not has_a_sign(data):
            continue
        constants = []
        for seed in range(3):
            zeta = coordinates(problem.dimension, seed)
            n, gamma = natural(data, zeta), gammas(data, zeta)
            noise = np.random.default_rng(seed).standard_normal((1, place.columns))
            draw_effects(zeta[None], data, noise)
            u, b = noise[0], place.means.copy()
            b[place.free] += u[place.columns - len(place.free) :]
            starts = zip(place.groups, place.starts, place.levels, place.sizes, strict=True)
            effects = {
                names.effects(g): u[s : s + j * k].reshape((j, k) if g in model.groups else -1) for g, s, j, k in starts
            } | {"b": b}
            W, D, V, weights, y = dense_parts(model, problem, data, zeta)
            omega = np.linalg.inv(V / np.sqrt(np.outer(weights, weights)))
            covariance = np.linalg.inv(np.linalg.inv(D) + W.T @ omega @ W) if len(u) else np.zeros((0, 0))
            covariance = (covariance + covariance.T) / 2
            conditional = stats.multivariate_normal(covariance @ (W.T @ (omega @ y)), covariance) if len(u) else None
            marginal = problem.density(zeta, data, np.zeros(len(zeta))) - n.log_jacobian
            scales = [np.log(np.abs(np.diag(part))).sum() for part in n.scaled]
            own, q = residuals_of(data).gamma, gamma.shape[0] - len(varfun(model))
            also = {"b_sigma": gamma[:q], "varfun": gamma[q:], "rescor": np.array([rho(data, zeta)])}
            jacobian = np.log(gamma[(own[:, 6] > 0) & (own[:, 0] >= 0)]).sum() + log_slope_of_rho(data, zeta)
            joint = graph(point(model, place, n, effects, also)) + jacobian
            joint -= sum(j * each for j, each in zip(place.levels, scales, strict=True))
            constants.append(marginal + (conditional.logpdf(u) if conditional else 0.0) - joint)
        np.testing.assert_allclose(constants, constants[0], atol=1e-7, err_msg=scale)
        assert constants[0] + _log_constant(model, problem, data) == pytest.approx(0.0, abs=1e-6), scale


def _log_constant(model: hl.Model, problem: Problem, data: np.ndarray) -> float:
    """What the reduction says that its density leaves out, but for the axes of ζ and the unit of ρ."""
    rows = residuals_of(data).rho
    unit = np.log(rows[0, 3] - rows[0, 2]) if len(rows) and rows[0, 0] >= 0 else 0.0
    relation = 0.5 * problem.place.log_determinant
    return REDUCTION.log_constant(model, replace(problem, data=data)) - of_axes(data) - unit + relation


@pytest.mark.parametrize("name", ["cells", "car1"])
def test_draws_have_the_conditional_moments(name: str):
    """20,000 draws of u at one ζ: means within 5 standard errors, covariances within 5 of theirs."""
    _, problem = structured(name)
    zeta = coordinates(problem.dimension, 1)
    W, D, V, _, y = dense_parts(structured(name)[0], problem, problem.data, zeta)
    omega = np.linalg.inv(V)
    covariance = np.linalg.inv(np.linalg.inv(D) + W.T @ omega @ W)
    mean, S = covariance @ (W.T @ (omega @ y)), 20_000
    noise = np.random.default_rng(1).standard_normal((S, problem.place.columns))
    assert draw_effects(np.tile(zeta, (S, 1)), problem.data, noise)[0].all()
    sd = np.sqrt(np.diag(covariance))
    assert (np.abs(noise.mean(axis=0) - mean) < 5 * sd / np.sqrt(S)).all()
    error = np.sqrt((covariance**2 + np.outer(sd**2, sd**2)) / S)
    assert (np.abs(np.cov(noise.T) - covariance) < 5 * error).all()


TIMES = np.array([0.0, 1.0, 3.0, 4.0, 0.5, 2.0, 3.0, 1.0, 7.0, 2.0])
BLOCKS = np.array([0, 0, 0, 0, 1, 1, 1, 2, 3, 3])
STRATA = np.array([0, 1, 0, 1, 1, 1, 0, 0, 2, 1])
CORRELATIONS: dict[str, tuple[Any, Any, tuple[float, ...]]] = {
    "independent": (Independent(np.ones(10)), lambda r: np.eye(10), (0.0,)),
    "chain": (Chain(BLOCKS, TIMES), lambda r: r ** np.abs(TIMES[:, None] - TIMES), (0.05, 0.6, 0.97)),
    "chain of whole steps": (
        Chain(BLOCKS, np.round(2 * TIMES)),
        lambda r: r ** np.abs(np.round(2 * TIMES)[:, None] - np.round(2 * TIMES)),
        (-0.7, 0.0, 0.5),
    ),
    "exchangeable": (Exchangeable(BLOCKS), lambda r: (1 - r) * np.eye(10) + r, (-0.3, 0.0, 0.4, 0.9)),
}


def parts(correlation: Any, strata: np.ndarray) -> tuple[Residuals, np.ndarray]:
    """What the kernel is given, θ = (γ₁, γ₂, v), and the dense Q_k."""
    forms = list(correlation.quadratic_forms(strata))
    Q = np.array([(T.T @ (signs[:, None] * T.toarray())) for _, T, signs in forms])
    normal = compiled(hl.Prior("Normal", mu=0.2, sigma=0.5))
    e = Residuals(
        gamma=np.array([[0.0, 0.0, 0.1, -1.0, 0.7, 0.0], [1.0, 0.0, 0.0, 1.0, 3.0, 0.5]]),
        rho=np.array(
            [
                [
                    2.0,
                    0.0,
                    -0.333 if isinstance(correlation, Exchangeable) else -0.99,
                    0.99,
                    normal.code,
                    normal.bits,
                    0.0,
                    0.0,
                ]
            ]
        ),
        X=np.array([[1.0, 0.0], [1.0, 1.0], [1.0, -0.5]])[: strata.max() + 1],
        offset=np.array([0.0, 0.2, -0.1])[: strata.max() + 1],
        rows=np.bincount(strata).astype(float),
        kinds=np.array([key for key, _, _ in forms], dtype=float),
        determinants=correlation.determinants,
    )
    return e, Q


@pytest.mark.parametrize("strata", [np.zeros(10, dtype=np.int64), STRATA], ids=["one sd", "three sds"])
@pytest.mark.parametrize("name", CORRELATIONS)
def test_precision(name: str, strata: np.ndarray):
    """Σ w_k Q_k and log|Σ| are those of the dense covariance, 1e-10; the derivative by w and ρ by differences, 1e-6."""
    correlation, R, rhos = CORRELATIONS[name]
    same = BLOCKS[:, None] == BLOCKS
    for rho in rhos:
        e, Q = parts(correlation, strata)
        v = np.log((rho - e.rho[0, 2]) / (e.rho[0, 3] - rho))
        theta = np.array([0.3, -0.4, v])
        gamma = theta[:2].copy()
        assert residual_parameters(theta, e, gamma)[1] == pytest.approx(rho, abs=1e-12)
        w, by_rho = np.empty(len(Q)), np.empty(len(Q))
        determinant = precision(e, 1.3, gamma, rho, w, by_rho)
        sd = 1.3 * np.exp((e.X @ gamma + e.offset)[strata])
        covariance = np.where(same, R(rho), 0.0) * np.outer(sd, sd)
        np.testing.assert_allclose(np.einsum("k,kij->ij", w, Q), np.linalg.inv(covariance), atol=1e-10 / sd.min() ** 2)
        assert determinant == pytest.approx(np.linalg.slogdet(covariance)[1], abs=1e-10)
        _check_slopes(e, theta, np.random.default_rng(1).normal(size=len(Q)))


def _check_slopes(e: Residuals, theta: np.ndarray, a: np.ndarray) -> None:
    """Of Σ a_k w_k − ½ log|Σ| + log prior by log σ, γ and v, in mixed coordinates."""
    axes = np.array([[1.0, 0.3, 0.0], [-0.2, 0.8, 0.5], [0.1, 0.0, 1.2]])

    def value(log_sigma: float, t: np.ndarray) -> float:
        gamma, w, by_rho = np.empty(2), np.empty(len(a)), np.empty(len(a))
        prior, rho = residual_parameters(t, e, gamma)
        return float(prior - 0.5 * precision(e, np.exp(log_sigma), gamma, rho, w, by_rho) + a @ w)

    gamma, w, by_rho, out = np.empty(2), np.empty(len(a)), np.empty(len(a)), np.zeros(3)
    rho = residual_parameters(theta, e, gamma)[1]
    precision(e, 1.3, gamma, rho, w, by_rho)
    by_log_sigma = back_residuals(theta, e, gamma, rho, w, by_rho, a, axes, out)
    h, s = 1e-6, np.log(1.3)
    expected = [(value(s, theta + h * axes[:, i]) - value(s, theta - h * axes[:, i])) / (2 * h) for i in range(3)]
    np.testing.assert_allclose(out, expected, rtol=1e-6, atol=1e-6)
    assert by_log_sigma == pytest.approx((value(s + h, theta) - value(s - h, theta)) / (2 * h), rel=1e-6, abs=1e-6)


REFUSED: dict[str, tuple[list[str], dict[str, Any], str]] = {
    "one sd": (["y ~ x + (1 | g)"], {}, "no structure in the residuals"),
    "effects": (["y ~ x + (1 | g)", "sigma ~ (1 | g)"], {}, "effects of g reach beyond the mean"),
    "too many": (["y ~ x + (1 | g)", "sigma ~ x"], {}, "60 different standard deviations"),
    "prior": (["y ~ x", "sigma ~ f"], {"b[x]": hl.Prior("Laplace", mu=0, b=1)}, "needs Normal"),
    "bounded": (["y ~ x", "sigma ~ f"], {"b_sigma": hl.Prior("Uniform", lower=-1, upper=1)}, "whole real line"),
    "fitted": (["y ~ x", "sigma ~ varPower(fitted)"], {}, "varPower(fitted) follows the fitted mean"),
    "constant": (["y ~ x", "sigma ~ varConstPower(t)"], {}, "is not a multiple of its parameter"),
    "se": (["y | se(s, sigma=True) ~ x", "sigma ~ f"], {}, "known standard errors"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_words(name: str):
    formulas, priors, reason = REFUSED[name]
    verdict = REDUCTION.accepts(hl.Model(formulas, table(), priors=priors))
    assert not verdict.accepted
    assert reason in verdict.reason


@pytest.mark.parametrize(
    ("formula", "residual", "reason"),
    [
        ("y ~ x + (1 | g)", "ar1(1 | h)", "residuals are correlated, ar1(1 | h), across levels of g"),
        ("y ~ x", "arma(day | c, p=1, q=1)", "residuals are correlated, arma(day | c"),
        ("y ~ x", "exp(hour | c)", "residuals are correlated, exp(hour | c)"),
    ],
)
def test_other_correlations_have_no_kernel(formula: str, residual: str, reason: str):
    plan = hl.Model(formula, table(), residual=residual).plan()
    assert plan.chosen is None or not plan.chosen.gradients
    assert reason in str(plan)


def test_failures_are_minus_infinity():
    _, problem = structured("cells")
    for bad in (800.0, -800.0, np.nan, np.inf):
        gradient = np.full(problem.dimension, np.nan)
        assert problem.density(np.full(problem.dimension, bad), problem.data, gradient) == -np.inf
        assert np.isfinite(gradient).all()


@pytest.mark.slow
def test_a_fit_is_that_of_the_graph():
    """Means within 5 Monte-Carlo errors, the ESS being at least 1,000 and 400; sds within 15 %, 5 of their errors."""
    rng = np.random.default_rng(4)
    group, trt = np.repeat(np.arange(15), 8), np.tile(list("aabbaabb"), 15)
    y = rng.normal(size=15)[group] + np.where(trt == "a", 0.5, 1.5) * rng.normal(size=120)
    model = hl.Model(["y ~ 1 + (1 | g)", "sigma ~ t"], pd.DataFrame({"y": y, "g": group, "t": trt}))
    fast, plain = model.fit(seed=1, progress=False), model.fit(seed=2, progress=False, reduce=False)
    assert fast.provenance["plan"] == "structured marginal"
    check_same(fast, plain, ("b", "b_sigma", "sd_g"))


def test_a_fit_of_correlated_rows_is_that_of_the_graph():
    rng = np.random.default_rng(5)
    group, day = np.repeat(np.arange(20), 8), np.tile(np.array([0, 1, 2, 3, 5, 6, 8, 9]), 20)
    e = np.linalg.cholesky(0.6 ** np.abs(day[:8, None] - day[:8])) @ rng.normal(size=(8, 20))
    y = rng.normal(size=20)[group] + e.T.ravel()
    model = hl.Model("y ~ 1 + (1 | g)", pd.DataFrame({"y": y, "g": group, "d": day}), residual="ar1(d | g)")
    fast, plain = model.fit(seed=1, progress=False), model.fit(seed=2, progress=False, reduce=False)
    assert fast.provenance["plan"] == "structured marginal"
    check_same(fast, plain, ("b", "rescor", "sd_g", "sigma", "r_g"))


def check_same(fast: Any, plain: Any, variables: tuple[str, ...]) -> None:
    """Two fits."""
    for variable in variables:
        a, b = (f.posterior[variable].stack(s=("chain", "draw")).to_numpy().reshape(-1, 4000) for f in (fast, plain))
        for x, z in zip(a, b, strict=True):
            error = np.sqrt(x.var() / 1000 + z.var() / 400)
            assert abs(x.mean() - z.mean()) < 5 * error, variable
            assert x.std() == pytest.approx(z.std(), rel=0.25 if variable == "r_g" else 0.15), variable
