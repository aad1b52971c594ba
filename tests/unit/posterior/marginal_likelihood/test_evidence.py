"""evidence and bayes_factor: against sums over grids, dense algebra, the joint graph and the Savage–Dickey ratio."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.linalg import solve_triangular
from scipy.special import expit, logsumexp

import hierlm as hl

QUIET = {"progress": False, "seed": 1}


def agrees(found: hl.posterior.Evidence, wanted: float, tolerance: float = 0.01) -> bool:
    return found.ok and abs(found.log - wanted) < tolerance + 4 * found.error


def log_trapezoid(values: np.ndarray, *axes: np.ndarray) -> float:
    """log ∫ exp(values) over a grid."""
    total = values
    for axis in reversed(axes):
        weights = np.log(np.gradient(axis))
        total = logsumexp(total + weights, axis=-1)
    return float(total)


def normal_with_groups(
    y: np.ndarray, codes: np.ndarray, priors: dict[str, stats.rv_continuous], mean: tuple[float, float]
):
    """log p(y) of y = μ + r[g] + e by dense covariances on a grid of (log τ, log σ)."""
    same = (codes[:, None] == codes[None, :]).astype(float)
    tau, sigma = np.exp(np.linspace(np.log(0.05), np.log(1500), 260)), np.exp(np.linspace(np.log(15), np.log(400), 180))
    values = np.empty((len(tau), len(sigma)))
    for i, t in enumerate(tau):
        w, V = np.linalg.eigh(t * t * same + mean[1] ** 2)
        z = (V.T @ (y - mean[0])) ** 2
        e = w[None, :] + sigma[:, None] ** 2
        values[i] = -0.5 * (np.log(2 * np.pi * e) + z / e).sum(axis=1)
    values += priors["tau"].logpdf(tau)[:, None] + priors["sigma"].logpdf(sigma) + np.log(tau)[:, None] + np.log(sigma)
    return log_trapezoid(values, np.log(tau), np.log(sigma))


@pytest.fixture(scope="module")
def dyestuff() -> tuple[hl.Model, hl.Model, float, float]:
    """The models with and without batches, and log p(y) of both by brute force."""
    data = hl.load_data("Dyestuff")
    shared = {"b[Intercept]": hl.Prior("Normal", mu=1500, sigma=100), "sigma": hl.Prior("HalfNormal", sigma=80)}
    priors = {**shared, "sd_Batch": hl.Prior("HalfStudentT", nu=4, sigma=60)}
    one, other = hl.Model("Yield ~ 1 + (1 | Batch)", data, priors=priors), hl.Model("Yield ~ 1", data, priors=shared)
    y, codes = data["Yield"].to_numpy(float), pd.factorize(data["Batch"])[0]
    half_t = stats.t(4, scale=60)
    distributions = {"tau": _Half(half_t), "sigma": stats.halfnorm(scale=80)}
    wanted = normal_with_groups(y, codes, distributions, (1500, 100))
    sigma = np.exp(np.linspace(np.log(15), np.log(400), 4000))
    n, m = len(y), y.mean()
    ss = ((y - m) ** 2).sum()
    rows = -0.5 * (n - 1) * np.log(2 * np.pi * sigma**2) - 0.5 * ss / sigma**2 - 0.5 * np.log(n)
    rows = rows + stats.norm(1500, np.sqrt(100**2 + sigma**2 / n)).logpdf(m) + np.log(1.0)
    null = log_trapezoid(rows + stats.halfnorm(scale=80).logpdf(sigma) + np.log(sigma), np.log(sigma))
    return one, other, wanted, null


class _Half:
    def __init__(self, whole) -> None:
        self.whole = whole

    def logpdf(self, x):
        return self.whole.logpdf(x) + np.log(2.0)


def test_dyestuff_with_and_without_batches(dyestuff):
    one, other, wanted, null = dyestuff
    found = hl.bayes_factor(one, other, names=("batches", "none"), **QUIET)
    assert agrees(found.one, wanted) and agrees(found.other, null)
    assert found.one.error < 0.01 and found.one.dimension == 2
    assert abs(found.log - (wanted - null)) < 0.01 + 4 * found.error
    assert found.value == pytest.approx(np.exp(wanted - null), rel=0.06)
    assert "under 'batches'" in found.verdict and "sd_Batch[Intercept] ~ HalfStudentT(4, 60)" in found.notes[0]
    assert not any("Default" in note for note in found.notes)
    assert "log p(y)" in repr(found) and "<table" in found._repr_html_() and "±" in repr(found.one)


def test_the_same_seed_gives_the_same_number(dyestuff):
    one = dyestuff[0]
    a, b, c = (hl.evidence(one, seed=s, draws=500, progress=False) for s in (5, 5, 6))
    assert a.log == b.log != c.log


def test_everything_in_closed_form():
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"x": rng.normal(size=12), "y": rng.normal(size=12)})
    priors = {"b": hl.Prior("Normal", mu=1, sigma=2), "b[Intercept]": hl.Prior("Normal", mu=0, sigma=3), "sigma": 1.5}
    found = hl.evidence(hl.Model("y ~ x", data, priors=priors), **QUIET)
    x, y = data["x"].to_numpy(), data["y"].to_numpy()
    wanted = stats.multivariate_normal(x * 1.0, 9 + 4 * np.outer(x, x) + 2.25 * np.eye(12)).logpdf(y)
    assert found.log == pytest.approx(wanted, abs=1e-9) and found.error == 0 and "exactly" in repr(found)


def bernoulli_groups() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    codes = np.repeat(np.arange(4), 6)
    y = (rng.random(24) < expit(0.5 + np.array([-1.5, 0.2, 0.9, 1.4])[codes])).astype(int)
    return pd.DataFrame({"y": y, "g": [f"g{c}" for c in codes]}), y, codes


@pytest.mark.parametrize(
    ("prior", "density"),
    [
        (hl.Prior("StudentT", nu=3, mu=0.5, sigma=1.5), stats.t(3, 0.5, 1.5)),
        (hl.Prior("Laplace", mu=0.5, b=1.0), stats.laplace(0.5, 1.0)),
        (hl.Prior("Gumbel", mu=0.5, beta=1.0), stats.gumbel_r(0.5, 1.0)),
    ],
    ids=["in the kernel", "another", "compiled"],
)
def test_bernoulli_by_a_grid(prior, density):
    """∫∫ Π_g ∫ Π_i p(y_i | b + τ z) φ(z) dz p(b) p(τ): whitened effects, priors of coefficients with and without kernel."""
    data, y, codes = bernoulli_groups()
    priors = {"b[Intercept]": prior, "sd_g": hl.Prior("Exponential", lam=0.8)}
    found = hl.evidence(hl.Model("y ~ 1 + (1 | g)", data, "bernoulli", priors=priors), **QUIET)
    nodes, weights = np.polynomial.hermite_e.hermegauss(50)
    b, tau = np.linspace(-14, 14, 250), np.linspace(1e-6, 18, 300)
    total = density.logpdf(b)[:, None] + stats.expon(scale=1 / 0.8).logpdf(tau)
    eta = b[:, None, None] + tau[None, :, None] * nodes
    for g in range(4):
        s, n = y[codes == g].sum(), (codes == g).sum()
        rows = -s * np.logaddexp(0, -eta) - (n - s) * np.logaddexp(0, eta)
        total = total + logsumexp(rows + np.log(weights / np.sqrt(2 * np.pi)), axis=2)
    assert agrees(found, log_trapezoid(total, b, tau))


def test_counts_with_an_effect_of_every_row():
    rng = np.random.default_rng(8)
    y = rng.poisson(np.exp(1.0 + 0.7 * rng.normal(size=15)))
    data = pd.DataFrame({"y": y, "row": [f"r{i}" for i in range(15)]})
    priors = {"b[Intercept]": hl.Prior("Normal", mu=0, sigma=2), "sd_row": hl.Prior("HalfCauchy", beta=1)}
    found = hl.evidence(hl.Model("y ~ 1 + (1 | row)", data, "poisson", priors=priors), **QUIET)
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    b, tau = np.linspace(-4, 5, 160), np.linspace(1e-6, 8, 200)
    total = stats.norm(0, 2).logpdf(b)[:, None] + stats.halfcauchy.logpdf(tau)
    eta = b[:, None, None] + tau[None, :, None] * nodes
    for value in y:
        total = total + logsumexp(
            stats.poisson.logpmf(value, np.exp(eta)) + np.log(weights / np.sqrt(2 * np.pi)), axis=2
        )
    assert agrees(found, log_trapezoid(total, b, tau), 0.02)


def test_a_family_with_a_parameter_of_its_own():
    y = np.random.default_rng(3).negative_binomial(2, 0.3, 40)
    priors = {"b[Intercept]": hl.Prior("Normal", mu=1, sigma=1), "shape": hl.Prior("Gamma", alpha=2, beta=0.5)}
    found = hl.evidence(hl.Model("y ~ 1", pd.DataFrame({"y": y}), "negbinomial", priors=priors), **QUIET)
    b, shape = np.linspace(-2, 4, 600), np.exp(np.linspace(-5, 4, 600))
    mu = np.exp(b)[:, None]
    rows = sum(stats.nbinom.logpmf(v, shape, shape / (shape + mu)) for v in y)
    prior = stats.norm(1, 1).logpdf(b)[:, None] + stats.gamma(2, scale=2).logpdf(shape) + np.log(shape)
    assert agrees(found, log_trapezoid(rows + prior, b, np.log(shape)))


def test_correlated_effects_by_dense_algebra():
    """Importance sampling of (sd, sd, r, σ) from the fit's own moments, p(y | θ) by the dense covariance of y."""
    data = hl.load_data("sleepstudy")
    model = hl.Model("Reaction ~ Days + (Days | Subject)", data)
    fit = model.fit(seed=1, progress=False)
    p = {a.name: a.prior for a in model.assignments}
    post = fit.posterior
    sds = post["sd_Subject"].transpose("chain", "draw", ...).to_numpy().reshape(-1, 2)
    r = post["cor_Subject"].transpose("chain", "draw", ...).to_numpy()[..., 0, 1].ravel()
    points = np.column_stack([np.log(sds), np.arctanh(r), np.log(post["sigma"].to_numpy().ravel())])
    proposal = stats.multivariate_t(points.mean(axis=0), np.cov(points, rowvar=False) * 1.3, df=6, seed=3)
    drawn = proposal.rvs(1200)
    x, y = data["Days"].to_numpy(float), data["Reaction"].to_numpy(float)
    same = pd.factorize(data["Subject"])[0]
    same = (same[:, None] == same[None, :]).astype(float)
    s0, s1 = p["b[Intercept]"].arguments["sigma"], p["b[Days]"].arguments["sigma"]
    common = s0**2 + s1**2 * np.outer(x, x)
    rest = y - p["b[Intercept]"].arguments["mu"]
    t0, t1, rho, sigma = np.exp(drawn[:, 0]), np.exp(drawn[:, 1]), np.tanh(drawn[:, 2]), np.exp(drawn[:, 3])
    prior = stats.halfnorm(scale=p["sd_Subject[Intercept]"].arguments["sigma"]).logpdf(t0) + drawn[:, 0]
    prior += stats.halfnorm(scale=p["sd_Subject[Days]"].arguments["sigma"]).logpdf(t1) + drawn[:, 1]
    prior += stats.beta(2, 2).logpdf((rho + 1) / 2) - np.log(2) + np.log1p(-(rho**2))
    half_t = p["sigma"].arguments
    prior += stats.t(half_t["nu"], scale=half_t["sigma"]).logpdf(sigma) + np.log(2) + drawn[:, 3]
    values, sums, products = [], x[:, None] + x, np.outer(x, x)
    for one, other, r, s in zip(t0, t1, rho, sigma, strict=True):
        V = common + same * (one**2 + r * one * other * sums + other**2 * products) + s**2 * np.eye(180)
        L = np.linalg.cholesky(V)
        z = solve_triangular(L, rest, lower=True)
        values.append(-0.5 * z @ z - np.log(np.diag(L)).sum() - 90 * np.log(2 * np.pi))
    weights = np.array(values) + prior - proposal.logpdf(drawn)
    wanted = logsumexp(weights) - np.log(len(weights))
    error = np.exp(weights - wanted).std() / np.sqrt(len(weights))
    assert error < 0.04
    assert agrees(hl.evidence(fit, **QUIET), wanted, 4 * error)


@pytest.mark.parametrize("family", ["gaussian", "poisson"])
def test_whole_weights_are_copies_of_rows(family):
    rng = np.random.default_rng(6)
    data = pd.DataFrame({"y": rng.poisson(3, 12), "g": list("abcd") * 3, "w": rng.integers(1, 4, 12)})
    priors = {"b[Intercept]": hl.Prior("Normal", mu=1, sigma=2), "sd_g": hl.Prior("HalfNormal", sigma=1)}
    priors |= {"sigma": hl.Prior("LogNormal", mu=0, sigma=1)} if family == "gaussian" else {}
    copies = data.loc[np.repeat(np.arange(12), data["w"])].reset_index(drop=True)
    weighted = hl.evidence(hl.Model("y | weights(w) ~ 1 + (1 | g)", data, family, priors=priors), **QUIET)
    copied = hl.evidence(hl.Model("y ~ 1 + (1 | g)", copies, family, priors=priors), **QUIET)
    assert agrees(weighted, copied.log, 0.01 + 4 * copied.error)


def test_bayes_factor_of_a_coefficient_is_the_savage_dickey_ratio():
    rng = np.random.default_rng(5)
    data = pd.DataFrame({"x": rng.normal(size=30), "g": np.repeat(list("abcdef"), 5)})
    data["y"] = 0.35 * data["x"] + rng.normal(size=30)
    priors = {"b[Intercept]": hl.Prior("Normal", mu=0, sigma=2), "sigma": hl.Prior("HalfNormal", sigma=2)}
    full = hl.Model("y ~ x + (1 | g)", data, priors={**priors, "b[x]": hl.Prior("Normal", mu=0, sigma=1), "sd_g": hl.Prior("HalfNormal", sigma=1)})  # fmt: skip
    null = hl.Model("y ~ 1 + (1 | g)", data, priors={**priors, "sd_g": hl.Prior("HalfNormal", sigma=1)})
    found = hl.bayes_factor(full, null, **QUIET)
    b = full.fit(draws=4000, seed=1, progress=False).posterior["b"].sel(coef="x").to_numpy().ravel()
    ratio = stats.norm(0, 1).pdf(0) / stats.gaussian_kde(b).pdf(0)[0]  # p(b = 0) / p(b = 0 | y)
    assert found.log == pytest.approx(np.log(ratio), abs=0.1)


@pytest.mark.slow
def test_the_joint_graph_gives_the_same_number():
    """Three correlated effects: the constants of LKJ, of whitened effects and of the response, beside PyMC's density."""
    rng = np.random.default_rng(1)
    n, J = 90, 6
    codes = np.arange(n) % J
    X = rng.normal(size=(n, 2))
    eta = 0.3 + X @ [0.5, -0.5] + rng.normal(size=J)[codes] + rng.normal(size=J)[codes] * X[:, 0]
    data = pd.DataFrame(
        {"y": rng.poisson(np.exp(0.5 * eta)), "x": X[:, 0], "z": X[:, 1], "g": [f"g{c}" for c in codes]}
    )
    model = hl.Model("y ~ x + z + (x + z | g)", data, "poisson")
    reduced, joint = (hl.evidence(model, reduce=r, draws=3000, **QUIET) for r in (True, False))
    assert joint.how == "the PyMC graph" and reduced.how != joint.how
    assert abs(reduced.log - joint.log) < 0.01 + 4 * np.hypot(reduced.error, joint.error)


def test_residual_deviations_with_a_formula():
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"y": rng.normal(size=20), "f": np.repeat(["a", "b"], 10)})
    priors = {"b[Intercept]": hl.Prior("Normal", mu=0, sigma=1), "b_sigma": hl.Prior("Normal", mu=0, sigma=1), "b_sigma[Intercept]": 0.0}  # fmt: skip
    found = hl.evidence(hl.Model(["y ~ 1", "sigma ~ f"], data, priors=priors), **QUIET)
    y, (b, s) = data["y"].to_numpy(), (np.linspace(-5, 5, 400), np.linspace(-4, 4, 400))
    rows = stats.norm(b[:, None], 1).logpdf(y[:10, None, None]).sum(axis=0)
    rows = rows + stats.norm(b[:, None], np.exp(s)).logpdf(y[10:, None, None]).sum(axis=0)
    assert agrees(found, log_trapezoid(rows + stats.norm.logpdf(b)[:, None] + stats.norm.logpdf(s), b, s))
    assert found.how == "structured marginal" and found.dimension == 1


DYE = hl.load_data("Dyestuff")


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda m: hl.evidence(hl.Model("Yield ~ 1", DYE, priors={"sigma": hl.Prior("HalfFlat")})), "improper"),
        (lambda m: hl.evidence("model"), "not of a str"),
        (lambda m: hl.evidence(m, draws=0), "draws"),
        (lambda m: hl.evidence(m, reduce="no"), "neither"),
        (lambda m: hl.bayes_factor(m, 3), "not of a int"),
        (lambda m: hl.bayes_factor(m, m, names="ab"), "two names"),
        (lambda m: hl.bayes_factor(m, hl.Model("Yield ~ 1", DYE.iloc[1:])), "different rows"),
        (lambda m: hl.bayes_factor(m, hl.Model("log(Yield) ~ 1", DYE)), "different responses"),
        (lambda m: hl.evidence(hl.Model("Yield | weights(w) ~ 1", DYE.assign(w=0.5))), "no counts"),
    ],
)
def test_refused(dyestuff, ask, words):
    with pytest.raises(hl.HierlmError, match=words):
        ask(dyestuff[0])


def test_default_priors_are_named():
    found = hl.bayes_factor(hl.Model("Yield ~ 1 + (1 | Batch)", DYE), hl.Model("Yield ~ 1", DYE), draws=500, **QUIET)
    assert any("Default priors" in note and "sd_Batch" in note for note in found.notes)
