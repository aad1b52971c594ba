"""R2D2M2 and TotalVariance: densities and draws against SciPy and NumPy, names, archives, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hierlm as hl
from hierlm.posterior.draws import elements
from hierlm.posterior.predictive import prior_draws
from hierlm.posterior.priors.log_prior import log_prior
from hierlm.priors import prior_from_json
from tests.unit.posterior.marginal_likelihood.test_evidence import log_trapezoid
from tests.unit.priors.joint.test_horseshoe import _logp

R2 = hl.R2D2M2(mean=0.3, precision=5, concentration=0.7)
TOTAL = hl.TotalVariance(scale=2, concentration=1.5)


def table() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"x": rng.normal(size=48) * 3, "z": rng.normal(size=48) + 1, "g": np.tile(list("abcdef"), 8)})
    return data.assign(y=rng.normal(size=48) * 5, k=rng.poisson(3, 48), f=np.repeat(list("uv"), 24))


@pytest.fixture(scope="module")
def model() -> hl.Model:
    return hl.Model("y ~ x + z + (1 | g)", table(), priors={"b": R2, "sd_g": R2}, parameterization="noncentered")


def test_r2d2m2_has_its_density(model):
    """Every factor of the joint density by SciPy, at a point."""
    data, graph = table(), model.pymc
    R, share, sigma, b0 = 0.4, np.array([0.5, 0.2, 0.3]), 3.0, 0.7
    raw, z = np.array([0.4, -1.1]), np.linspace(-1, 1, 6)
    values = {"R2": R, "share": share, "sigma": sigma, "b__0": [b0], "b__raw": raw, "z_g": z[:, None]}
    found = float(_logp(graph, {v.name: np.asarray(values[v.name], dtype=float) for v in graph.free_RVs}))
    prior = {a.name: a.prior for a in model.assignments}
    wanted = stats.beta(1.5, 3.5).logpdf(R) + stats.dirichlet([0.7] * 3).logpdf(share)
    wanted += float(prior["sigma"].log_density(sigma)) + float(prior["b[Intercept]"].log_density(b0))
    wanted += stats.norm.logpdf(raw).sum() + stats.norm.logpdf(z).sum()
    size = np.array([data["x"].std(), data["z"].std(), 1.0])
    scale = sigma * np.sqrt(R / (1 - R) * share) / size
    mean = b0 + data["x"] * scale[0] * raw[0] + data["z"] * scale[1] * raw[1]
    mean = mean + scale[2] * z[pd.factorize(data["g"], sort=True)[0]]
    wanted += stats.norm(mean, sigma).logpdf(data["y"]).sum()
    assert found == pytest.approx(wanted, rel=1e-10)


def test_draws_of_r2_are_what_was_asked_for(model):
    """R² of the terms, computed from draws of the parameters: that of its Beta."""
    drawn = prior_draws(model, 3000, seed=1)["posterior"].to_dataset()
    assert stats.kstest(drawn["R2"].to_numpy().ravel(), stats.beta(1.5, 3.5).cdf).pvalue > 1e-3
    share = drawn["share"].transpose("chain", "draw", ...).to_numpy().reshape(-1, 3)
    np.testing.assert_allclose(share.sum(axis=1), 1)
    assert stats.kstest(share[:, 0], stats.beta(0.7, 1.4).cdf).pvalue > 1e-3
    sd, sigma, R = (drawn[v].to_numpy().ravel() for v in ("sd_g", "sigma", "R2"))
    np.testing.assert_allclose(sd, sigma * np.sqrt(R / (1 - R) * share[:, 2]), rtol=1e-6)
    b = drawn["b"].sel(coef="x").to_numpy().ravel()
    standard = b * table()["x"].std() / (sigma * np.sqrt(R / (1 - R) * share[:, 0]))
    assert stats.kstest(standard, stats.norm.cdf).pvalue > 1e-3


def test_rows_and_log_priors(model):
    assert model.priors()["parameter"].tolist() == [
        "b[Intercept]", "b[x]", "b[z]", "sd_g[Intercept]", "sigma", "R2", "share",
    ]  # fmt: skip
    fit = hl.Fit(model, prior_draws(model, 40, seed=1, effects=True))
    found = log_prior(fit)
    share = fit.posterior["share"].transpose("chain", "draw", ...).to_numpy()[0]
    np.testing.assert_allclose(found["share"][0], [stats.dirichlet([0.7] * 3).logpdf(s) for s in share], rtol=1e-8)
    assert "sd_g[Intercept]" not in found and "b[x]" not in found and "R2" in found
    assert {"share[b[x]]", "share[sd_g[Intercept]]"} <= {n for e in elements(fit) for n in e.names}
    assert "is a joint prior" in repr(model.plan()) and "R2" in model.equations("latex")
    assert prior_from_json(R2.to_json()) == R2 and prior_from_json(TOTAL.to_json()) == TOTAL


@pytest.mark.parametrize(
    ("formula", "family", "sd"),
    [("k ~ x + (1 | g)", "poisson", None), (["y ~ x + (1 | g)", "sigma ~ z"], "gaussian", None)],
)
def test_without_a_residual_sd_the_spread_stands_for_it(formula, family, sd):
    model = hl.Model(formula, table(), family, priors={"b": R2, "sd_g": R2})
    spread = next(a.prior.member.spread for a in model.assignments if a.name == "sd_g[Intercept]")
    drawn = prior_draws(model, 20, seed=1)["posterior"].to_dataset()
    share = drawn["share"].sel(row_share="sd_g[Intercept]").to_numpy()
    R = drawn["R2"].to_numpy()
    np.testing.assert_allclose(drawn["sd_g"].to_numpy()[..., 0], spread * np.sqrt(R / (1 - R) * share), rtol=1e-6)


def test_slopes_smooths_and_shared_deviations():
    joint = hl.R2D2M2()
    priors = {"b": joint, "sd_g": joint, "sd_s(z)": joint}
    model = hl.Model("y ~ x + s(z) + (x | g)", table(), priors=priors)
    assert model.priors()["parameter"].tolist()[-1] == "share"
    assert "Dirichlet(0.5 × 5)" in model.priors()["prior"].tolist()
    value = model.pymc.compile_logp(mode="FAST_COMPILE")(model.pymc.initial_point())
    assert np.isfinite(value)
    idv = hl.Model("y ~ x + idv(0 + f | g)", table(), priors={"b": joint, "sd_g": joint})
    drawn = prior_draws(idv, 10, seed=1)["posterior"]["sd_g"].to_numpy()[0]
    np.testing.assert_allclose(drawn[:, 0], drawn[:, 1])


def test_total_variance_and_its_icc():
    model = hl.Model("y ~ 1 + (1 | g)", table(), priors={"sd_g": TOTAL, "sigma": TOTAL})
    drawn = prior_draws(model, 3000, seed=2)["posterior"].to_dataset()
    sd, sigma = drawn["sd_g"].to_numpy().ravel(), drawn["sigma"].to_numpy().ravel()
    total = np.sqrt(sd**2 + sigma**2)
    assert stats.kstest(total, stats.halfnorm(scale=2 * table()["y"].std()).cdf).pvalue > 1e-3
    assert stats.kstest(sd**2 / total**2, stats.beta(1.5, 1.5).cdf).pvalue > 1e-3
    np.testing.assert_allclose(drawn["total_sd"].to_numpy().ravel(), total)


@pytest.mark.slow
def test_evidence_under_a_total_variance():
    """The joint graph, its simplex among the coordinates, against a sum over (T, φ) with dense covariances."""
    data = hl.load_data("Dyestuff")
    joint = hl.TotalVariance(scale=1, concentration=1)
    priors = {"b[Intercept]": hl.Prior("Normal", mu=1500, sigma=100), "sd_Batch": joint, "sigma": joint}
    found = hl.evidence(hl.Model("Yield ~ 1 + (1 | Batch)", data, priors=priors), seed=1, progress=False)
    y, codes = data["Yield"].to_numpy(float), pd.factorize(data["Batch"])[0]
    same = (codes[:, None] == codes[None, :]).astype(float)
    total, share = np.linspace(20, 300, 150), np.linspace(1e-4, 1 - 1e-4, 150)
    values = np.empty((150, 150))
    for i, t in enumerate(total):
        for j, s in enumerate(share):
            V = 100.0**2 + t * t * (s * same + (1 - s) * np.eye(30))
            L = np.linalg.cholesky(V)
            z = np.linalg.solve(L, y - 1500)
            values[i, j] = -0.5 * z @ z - np.log(np.diag(L)).sum() - 15 * np.log(2 * np.pi)
    values += stats.halfnorm(scale=data["Yield"].std()).logpdf(total)[:, None]
    assert found.ok and found.log == pytest.approx(log_trapezoid(values, total, share), abs=0.02 + 4 * found.error)


@pytest.mark.parametrize(
    ("formula", "family", "priors", "words"),
    [
        ("y ~ x + (1 | g)", "gaussian", {"sd_g": R2}, "nothing to share"),
        ("y ~ x + (1 | g)", "gaussian", {"b": R2, "sigma": R2}, "coefficients and standard deviations"),
        ("y ~ x + (1 | g)", "gaussian", {"b": TOTAL, "sd_g": TOTAL}, "standard deviations of groups and the residual"),
        ("y ~ x + (1 | g)", "gaussian", {"b[Intercept]": R2, "sd_g": R2}, "intercept"),
        ("y ~ x + (1 | g)", "gaussian", {"b": R2, "sd_g": R2, "cor_g": R2}, "no parameter called"),
        ("y ~ x + (x | g)", "gaussian", {"b": R2, "cor_g": R2}, "cannot be under"),
        (["y ~ x", "k ~ x"], ["gaussian", "poisson"], {"b": R2}, "several responses"),
        (
            "y ~ x + (x | g)",
            "gaussian",
            {"b": R2, "sd_g[Intercept]": R2, "sd_g[x]": hl.R2D2M2(), "sigma": 1.0},
            "share",
        ),
        ("y ~ x + (1 | g)", "gaussian", {"sd_g": hl.Horseshoe()}, "for coefficients"),
    ],
)
def test_refused(formula, family, priors, words):
    with pytest.raises(hl.PriorError, match=words):
        hl.Model(formula, table(), family, priors=priors)


@pytest.mark.parametrize("arguments", [{"mean": 1}, {"mean": 0}, {"precision": -1}, {"concentration": "1"}])
def test_arguments_are_checked(arguments):
    with pytest.raises(hl.PriorError, match="R2D2M2"):
        hl.R2D2M2(**arguments)
    with pytest.raises(hl.PriorError, match="TotalVariance"):
        hl.TotalVariance(scale=0)
