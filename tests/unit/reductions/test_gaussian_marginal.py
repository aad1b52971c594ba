"""The Gaussian marginal is exact: against dense algebra, against the PyMC graph, against lme4."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
from scipy import stats

import hierlm as hl
from hierlm.kernels.density import constrained, log_density, pack, unpack
from hierlm.reductions import plan
from hierlm.reductions.gaussian_marginal import GaussianMarginal
from hierlm.reductions.statistics import arrange, gaussian_data
from tests.reference.tables import reference_table

REDUCTION = GaussianMarginal()
MODE = "FAST_COMPILE"
pytestmark = pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")


def _frame(seed: int = 0, n: int = 60) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 7, n), rng.integers(0, 4, n)
    return {
        "y": rng.normal(2.0, 3.0, n),
        "x": rng.normal(size=n),
        "w": rng.uniform(0.5, 2.0, n),
        "s": rng.uniform(0.5, 2.0, n),
        "f": np.array(["p", "q", "r"])[rng.integers(0, 3, n)],
        "g": np.array([f"g{i}" for i in a]),
        "h": np.array([f"h{i}" for i in b]),
    }


MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "intercept": ("y ~ x + (1 | g)", {}),
    "us 2": ("y ~ x + (x | g)", {}),
    "us 3": ("y ~ x + us(0 + f | g)", {}),
    "idh": ("y ~ x + (x || g)", {}),
    "idv": ("y ~ x + idv(0 + f | g)", {}),
    "corh": ("y ~ x + corh(0 + f | g)", {}),
    "corv": ("y ~ x + corv(0 + f | g)", {}),
    "cor 2": ("y ~ x + cor(1 + x | g)", {}),
    "cor 3": ("y ~ cor(0 + f | g)", {}),
    "crossed": ("y ~ x + (x | g) + (1 | h)", {}),
    "nested": ("y ~ x + (1 | h/g)", {}),
    "mixed": ("y ~ x * f + us(1 + x | g) + (1 | h) + (0 + x | h)", {}),
    "weights": ("y | weights(w) ~ x + (x | g) + (1 | h)", {}),
    "se": ("y | se(s) ~ x + (1 | g)", {}),
    "offset": ("y ~ offset(x) + (1 | g) + (1 | h)", {}),
    "no intercept": ("y ~ 0 + (1 | g)", {}),
    "no groups": ("y ~ x", {}),
    "one row a level": ("y ~ x + (1 | units)", {}),
    "fixed": ("y ~ x + (x | g)", {"b[x]": 0.5, "sigma": 2.0, "sd_g[x]": 0.7}),
    "priors": (
        "y ~ x + (x | g) + (1 | h)",
        {
            "b[x]": hl.Prior("Normal", mu=1, sigma=2),
            "sd_g[x]": hl.Prior("Gamma", alpha=2, beta=1),
            "sd_g[Intercept]": hl.Prior("HalfCauchy", beta=1),
            "sd_h": hl.Prior("LogNormal", mu=0, sigma=1),
            "sigma": hl.Prior("InverseGamma", alpha=3, beta=4),
            "cor_g": hl.LKJ(3.5),
        },
    ),
}


def _model(name: str) -> hl.Model:
    formula, priors = MODELS[name]
    return hl.Model(formula, _frame(), priors=priors, parameterization="noncentered")


def _theta(dimension: int, seed: int) -> np.ndarray:
    return np.random.default_rng([7, seed]).normal(0.3, 0.6, dimension)


def _parts(data: np.ndarray, theta: np.ndarray) -> tuple[np.ndarray, ...]:
    rows = unpack(data)
    return constrained(theta, *rows[-5:])


def _dense(model: hl.Model, L: np.ndarray, sigma: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(W, prior covariance of u, Ω/σ², y less everything known), dense: columns grouping by grouping, then X."""
    place, response = arrange(model), model.responses[0]
    n, columns, blocks = len(response.y), [], []
    for g, group in enumerate(place.groups):
        J, k = place.levels[g], place.sizes[g]
        W = np.zeros((n, J, k))
        for block in model.groups[group]:
            for piece in block.pieces:
                for c, effect in enumerate(piece.effects):
                    W[np.arange(n), block.codes, block.columns[effect]] = piece.Z[:, c]
        columns.append(W.reshape(n, -1))
        blocks.append(np.kron(np.eye(J), L[g, :k, :k] @ L[g, :k, :k].T))
    X = model.predictors[0].X
    columns.append(X[:, place.free])
    blocks.append(np.diag(place.scales**2))
    size = sum(b.shape[0] for b in blocks)
    D, at = np.zeros((size, size)), 0
    for b in blocks:
        D[at : at + len(b), at : at + len(b)] = b
        at += len(b)
    weights = response.additions.get("weights", np.ones(n)) / response.additions.get("se", np.ones(n)) ** 2
    return np.hstack(columns), D, weights / sigma**2, response.y - model.predictors[0].offset - X @ place.means


@pytest.mark.parametrize("name", MODELS)
def test_value_and_gradient(name: str) -> None:
    """log p(y | θ) is the dense multivariate normal (weights as powers of each row's density), 1e-8; gradient 1e-6."""
    model = _model(name)
    assert REDUCTION.accepts(model).accepted
    problem = REDUCTION.apply(model)
    for seed in range(4):
        theta = _theta(problem.dimension, seed)
        gradient = np.zeros(problem.dimension)
        value = problem.density(theta, problem.data, gradient)
        _, _, L, sigma, prior = _parts(problem.data, theta)
        W, D, omega, y = _dense(model, L, sigma)
        V = W @ D @ W.T + np.diag(1 / omega)
        expected = stats.multivariate_normal(np.zeros(len(y)), V).logpdf(y)
        response = model.responses[0]
        weights = response.additions.get("weights", np.ones(len(y)))
        errors = response.additions.get("se", np.ones(len(y)))
        powers = weights * stats.norm.logpdf(0, 0, sigma * errors) - stats.norm.logpdf(0, 0, 1 / np.sqrt(omega))
        assert value - prior == pytest.approx(expected + powers.sum(), abs=1e-8)
        scratch = np.zeros(problem.dimension)
        for i in range(problem.dimension):
            step = np.eye(problem.dimension)[i] * 1e-5
            slope = (
                problem.density(theta + step, problem.data, scratch)
                - problem.density(theta - step, problem.data, scratch)
            ) / 2e-5
            assert gradient[i] == pytest.approx(slope, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("name", [n for n in MODELS if n not in ("one row a level",)])
def test_identity_with_the_graph(name: str) -> None:
    """log p(θ) p(y | θ) p(u | y, θ) is the graph's log p(θ, u, y), 1e-8 but for a constant, at draws of u."""
    model = _model(name)
    problem = REDUCTION.apply(model)
    logp = model.pymc.compile_logp(jacobian=False, mode=MODE)
    constants = []
    for seed in range(4):
        theta = _theta(problem.dimension, seed)
        draw = REDUCTION.recover(model, problem, theta[None, None], seed).isel(chain=0, draw=0)
        values = {str(k): v.to_numpy() for k, v in draw.data_vars.items()}
        _, C, L, sigma, _ = _parts(problem.data, theta)
        graph_value = float(logp(_point(model, values, C)))
        graph_value -= _log_scale(model, L)  # from z to r = L z
        u_given_y = _conditional(model, L, sigma, values)
        scratch = np.zeros(problem.dimension)
        marginal = problem.density(theta, problem.data, scratch) - _log_jacobian(problem.data, theta)
        constants.append(marginal + u_given_y - graph_value)
    np.testing.assert_allclose(constants, constants[0], atol=1e-7)


def _point(model: hl.Model, values: dict[str, np.ndarray], C: np.ndarray) -> dict[str, np.ndarray]:
    """The graph's sampling coordinates of these values."""
    graph, place = model.pymc, arrange(model)
    known = dict(values)
    for g, group in enumerate(place.groups):
        k = place.sizes[g]
        sd = np.array([1.0 if o < 0 else 0.0 for o in place.owner[g]])
        owned = [i for i in range(k) if place.owner[g][i] >= 0]
        if owned:
            sd[owned] = values[f"sd_{group}"]
        L = sd[:, None] * C[g, :k, :k]
        known[f"z_{group}"] = np.linalg.solve(L, values[f"r_{group}"].T).T
        for part, block in enumerate(model.groups[group]):
            size, first = len(block.effects), block.columns[0]
            if block.covariance.correlated(size):
                factor = C[g, first : first + size, first : first + size]
                r = (factor @ factor.T)[0, 1]
                exchangeable = block.covariance.correlation_kernel(size) == "exchangeable"
                known[f"cor_{group}__{part}"] = np.asarray((1 + (size - 1) * r) / size) if exchangeable else factor
    for variable in {a.variable for a in model.assignments}:
        for rv in graph.free_RVs:  # a vector in pieces: priors of several kinds
            if rv.name.startswith(f"{variable}__") and rv.name not in known:
                labels = [a for a in model.assignments if a.variable == variable]
                own = [i for i, a in enumerate(labels) if getattr(a.prior, "name", None) == _distribution(rv)]
                known[rv.name] = values[variable][own]
    point = {}
    for rv in graph.free_RVs:
        transform = graph.rvs_to_transforms[rv]
        value = pt.as_tensor(known[rv.name], dtype="float64")
        out = transform.forward(value, *rv.owner.inputs) if transform else value
        point[graph.rvs_to_values[rv].name] = out.eval(mode=MODE)
    return point


def _distribution(rv: Any) -> str:
    """The PyMC class of a random variable: ``Gamma``."""
    name = rv.owner.op.name or ""
    return next(n for n in dir(pm) if n.lower() == name.lower().replace("_", ""))


def _log_scale(model: hl.Model, L: np.ndarray) -> float:
    place = arrange(model)
    return sum(
        place.levels[g] * float(np.log(np.abs(np.diag(L[g, : place.sizes[g], : place.sizes[g]]))).sum())
        for g in range(len(place.groups))
    )


def _conditional(model: hl.Model, L: np.ndarray, sigma: float, values: dict[str, np.ndarray]) -> float:
    """log p(u | y, θ), dense."""
    place = arrange(model)
    W, D, omega, y = _dense(model, L, sigma)
    precision = np.linalg.inv(D) + W.T @ (omega[:, None] * W)
    covariance = np.linalg.inv(precision)
    mean = covariance @ (W.T @ (omega * y))
    parts = [values[f"r_{group}"].ravel() for group in place.groups]
    if len(place.means):
        parts.append((values["b"] - place.means)[place.free])
    u = np.concatenate(parts) if parts else np.zeros(0)
    if not len(u):
        return 0.0
    return float(stats.multivariate_normal(mean, (covariance + covariance.T) / 2).logpdf(u))


def _log_jacobian(data: np.ndarray, theta: np.ndarray) -> float:
    """log |∂(sds, correlations, σ)/∂θ| by central differences, in the graph's free variables."""
    rows = unpack(data)
    sds, cors, sigma_row = rows[-3:]

    def natural(t: np.ndarray) -> np.ndarray:
        values, C, _, sigma, _ = _parts(data, t)
        out = [values[i] for i in range(len(sds)) if sds[i, 0] >= 0]
        for g, first, k, kind, _, _ in cors:
            g, first, k = int(g), int(first), int(k)
            factor = C[g, first : first + k, first : first + k]
            if kind == 1:
                out.append((1 + (k - 1) * (factor @ factor.T)[0, 1]) / k)
            else:
                out.extend(factor[np.tril_indices(k, -1)])
        return np.array([*out, sigma] if sigma_row[0] >= 0 else out)

    if not len(theta):
        return 0.0
    steps = np.eye(len(theta)) * 1e-6
    jacobian = np.column_stack([(natural(theta + s) - natural(theta - s)) / 2e-6 for s in steps])
    return float(np.linalg.slogdet(jacobian)[1])


LME4 = ("dyestuff", "sleepstudy_us", "sleepstudy_idh", "penicillin", "orthodont", "oats")


@pytest.mark.parametrize("id_", LME4)
def test_lme4s_deviance(id_: str, reference: Callable[[str], Any], data: Callable[[str], Any]) -> None:
    """At lme4's estimates, everything but the correlation held fixed, −2 log p(y | θ) is lme4's deviance."""
    entry = next(e for e in reference("lme4") if e["id"] == id_)
    frame = reference_table(entry["data"], data)
    free = hl.Model(entry["formula"], frame)
    known: dict[str, Any] = {"sigma": entry["sigma"]}
    beta = {k.replace("(Intercept)", "Intercept"): v for k, v in entry["fixef"].items()}
    known |= {a.name: beta[a.label.replace("[", "").replace("]", "")] for a in free.assignments if a.variable == "b"}
    theta = np.zeros(0)
    for block in free.blocks:
        for term, found in entry["varcorr"].items():
            labels = [n.replace("(Intercept)", "Intercept") for n in np.atleast_1d(found["names"])]
            if {*term.split(".")[0].split(":")} == {*block.group.split(":")} and set(block.effects) <= set(labels):
                at = [labels.index(e) for e in block.effects]
                sds = np.atleast_1d(found["sd"])[at]
                known |= {f"sd_{block.group}[{e}]": float(s) for e, s in zip(block.effects, sds, strict=True)}
                if len(at) == 2:
                    r = found["cor"][at[0]][at[1]]
                    theta = np.array([np.log((1 + r) / (1 - r))])
    model = hl.Model(entry["formula"], frame, priors=known)
    packed = pack(gaussian_data(model))
    value = log_density(theta, packed, np.zeros(len(theta)))
    prior = _parts(packed, theta)[-1]
    assert -2 * (value - prior) == pytest.approx(entry["minus2loglik"], abs=1e-6)


@pytest.mark.parametrize("second", [30, 90])
def test_large_rest_by_lapack(second: int) -> None:
    """Crossed factors whose rest is above and below the size where LAPACK takes over."""
    rng = np.random.default_rng(second)
    n = 600
    frame = {
        "y": rng.normal(size=n),
        "g": np.array([f"g{i:03d}" for i in rng.integers(0, 120, n)]),
        "h": np.array([f"h{i:02d}" for i in rng.integers(0, second, n)]),
    }
    model = hl.Model("y ~ 1 + (1 | g) + (1 | h)", frame)
    problem = REDUCTION.apply(model)
    theta, gradient = _theta(problem.dimension, 2), np.zeros(problem.dimension)
    value = problem.density(theta, problem.data, gradient)
    _, _, L, sigma, prior = _parts(problem.data, theta)
    W, D, omega, y = _dense(model, L, sigma)
    expected = stats.multivariate_normal(np.zeros(n), W @ D @ W.T + np.diag(1 / omega)).logpdf(y)
    assert value - prior == pytest.approx(expected, abs=1e-8)
    for i in range(problem.dimension):
        step = np.eye(problem.dimension)[i] * 1e-5
        ahead, behind = (problem.density(theta + s, problem.data, np.zeros(3)) for s in (step, -step))
        assert gradient[i] == pytest.approx((ahead - behind) / 2e-5, rel=1e-6, abs=1e-5)


def test_failures_are_minus_infinity() -> None:
    problem = REDUCTION.apply(_model("mixed"))
    gradient = np.zeros(problem.dimension)
    for extreme in (-1e4, -800.0, 800.0, 1e4, np.nan, np.inf):
        for i in range(problem.dimension):
            theta = problem.start.copy()
            theta[i] = extreme
            value = problem.density(theta, problem.data, gradient)
            assert value == -np.inf or np.isfinite(value), (i, extreme, value)


REFUSED = {
    "several": (["y ~ x + (1 | g)", "x ~ 1 + (1 | g)"], {}, "several responses"),
    "family": ("y ~ x + (1 | g)", {"family": "student_t"}, "student_t"),
    "sigma": (["y ~ x + (1 | g)", "sigma ~ x"], {}, "formula of its own"),
    "coefficient": ("y ~ x + (1 | g)", {"priors": {"b[x]": hl.Prior("Laplace", mu=0, b=1)}}, "b[x]"),
    "precision": (
        "y ~ x + (1 | g)",
        {"priors": {"sd_g": hl.Prior("Gamma", alpha=1, beta=1, on="precision")}},
        "sd_g[Intercept]",
    ),
    "correlation": ("y ~ x + (x | g)", {"priors": {"cor_g": hl.Prior("Uniform", lower=-1, upper=1)}}, "cor_g"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_with_the_reason(name: str) -> None:
    formula, options, reason = REFUSED[name]
    made = plan(hl.Model(formula, _frame(), **options))
    assert made.chosen is None
    assert reason in repr(made)


def test_draws_have_the_conditional_moments() -> None:
    """20,000 draws at one θ: means and covariances of all effects within Monte-Carlo error."""
    model = _model("crossed")
    problem = REDUCTION.apply(model)
    theta = _theta(problem.dimension, 1)
    draws = REDUCTION.recover(model, problem, np.broadcast_to(theta, (1, 20_000, len(theta))), 3)
    _, _, L, sigma, _ = _parts(problem.data, theta)
    W, D, omega, y = _dense(model, L, sigma)
    covariance = np.linalg.inv(np.linalg.inv(D) + W.T @ (omega[:, None] * W))
    mean = covariance @ (W.T @ (omega * y))
    place = arrange(model)
    u = [draws[f"r_{group}"].to_numpy().reshape(20_000, -1) for group in place.groups]
    u = np.hstack([*u, draws["b"].to_numpy().reshape(20_000, -1) - place.means])
    sd = np.sqrt(np.diag(covariance))
    assert np.abs((u.mean(axis=0) - mean) / sd).max() < 5 / np.sqrt(20_000)
    assert np.abs((np.cov(u.T) - covariance) / np.outer(sd, sd)).max() < 7 / np.sqrt(20_000)
