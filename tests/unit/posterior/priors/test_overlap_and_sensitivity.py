"""prior_overlap and sensitivity: PyMC's log densities, closed forms of normal models, and what is refused."""

from __future__ import annotations

import arviz_stats
import numpy as np
import pandas as pd
import pymc as pm
import pytest
import xarray as xr
from scipy import stats

import hierlm as hl
from hierlm.posterior.predictive import prior_draws
from hierlm.posterior.priors import likelihood
from hierlm.posterior.priors.likelihood import total_likelihood
from hierlm.posterior.priors.log_prior import log_prior
from hierlm.posterior.priors.sensitivity import CONFLICT, STRONG

SETTINGS = {"draws": 1000, "chains": 2, "progress": False}


@pytest.fixture(scope="module")
def line() -> tuple[pd.DataFrame, hl.Model, hl.Fit]:
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"x": rng.normal(size=40)})
    data["y"] = 1 + 2 * data["x"] + rng.normal(size=40)
    priors = {"b[x]": hl.Prior("Laplace", mu=-2, b=0.2), "sigma": hl.Prior("Gamma", alpha=2, beta=1)}
    model = hl.Model("y ~ x", data, priors=priors)
    return data, model, model.fit(seed=1, **SETTINGS)


def test_log_prior_is_pymc_s(line):
    _, model, fit = line
    found = log_prior(fit)
    assert list(found) == list(model.priors()["parameter"])
    p = fit.posterior
    wanted = {
        "b[x]": stats.laplace(-2, 0.2).logpdf(p["b"].sel(coef="x")),
        "sigma": stats.gamma(2, scale=1).logpdf(p["sigma"]),
    }
    for name, values in wanted.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-10)


def test_log_prior_of_correlations_and_groups(fitted):
    fit = fitted("sleepstudy_us")
    found = log_prior(fit)
    p = fit.posterior
    R = p["cor_Subject"].transpose("chain", "draw", ...).to_numpy()
    np.testing.assert_allclose(found["cor_Subject[Intercept, Days]"], np.log(np.linalg.det(R)), rtol=1e-8)
    scale = fit.model.assignments[2].prior.arguments["sigma"]
    sd = p["sd_Subject"].isel(effect_Subject=0)
    np.testing.assert_allclose(found["sd_Subject[Intercept]"], stats.halfnorm(scale=scale).logpdf(sd), rtol=1e-10)


def test_thresholds_share_a_prior():
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"y": pd.Categorical(rng.choice(["a", "b", "c"], 60), ["a", "b", "c"], ordered=True)})
    model = hl.Model("y ~ 1", data, "cumulative")
    fit = hl.Fit(model, prior_draws(model, 200, seed=1))
    sd = next(a for a in fit.model.assignments if a.variable == "thresholds").prior.arguments["sigma"]
    t = fit.posterior["thresholds"].transpose("chain", "draw", ...).to_numpy()
    np.testing.assert_allclose(log_prior(fit)["thresholds"], stats.norm(0, sd).logpdf(t).sum(axis=-1))


def test_sensitivity_is_arviz_s_with_pymc_s_densities(line):
    """ArviZ's own summary of what PyMC says the densities are, on the graph."""
    _, model, fit = line
    graph = model.pymc
    p = fit.posterior
    names = ["b__0", "b__1"]
    renamed = xr.Dataset(
        {
            n: (("chain", "draw", f"{n}_dim_0"), p["b"].sel(coef=[c]).to_numpy())
            for n, c in zip(names, ["Intercept", "x"], strict=True)
        }
    ).assign(sigma=p["sigma"], chain=p["chain"], draw=p["draw"])
    assert {v.name for v in graph.free_RVs} == {*names, "sigma"}
    tree = xr.DataTree.from_dict({"posterior": renamed})
    with graph:
        pm.stats.compute_log_prior(tree, progressbar=False)
        pm.compute_log_likelihood(tree, progressbar=False)
    tree["posterior"] = xr.Dataset({"b0": p["b"].sel(coef="Intercept", drop=True), "b1": p["b"].sel(coef="x", drop=True), "sigma": p["sigma"]})  # fmt: skip
    wanted = _summary(tree)
    found = fit.sensitivity()
    np.testing.assert_allclose(found.frame["prior"], wanted["prior"], rtol=1e-6)
    np.testing.assert_allclose(found.frame["likelihood"], wanted["likelihood"], rtol=1e-6)
    assert found.frame["diagnosis"].tolist()[1] == CONFLICT and found.frame["strongest"].tolist()[1] == "b"
    assert "b[x]" in found.verdict and found.likelihood == "of the rows"


def _summary(tree: xr.DataTree) -> pd.DataFrame:
    order = ["b0", "b1", "sigma"]
    return pd.DataFrame(
        {group: [float(arviz_stats.psense(tree, group=group)[v]) for v in order] for group in ("prior", "likelihood")},
        index=order,
    )


def normal_mean(y: float, n: int, sd: float, prior_mean: float, prior_sd: float) -> tuple[hl.Fit, float, float]:
    """n equal observations with a known sd: the posterior of the mean is normal; (fit, its mean, its sd)."""
    data = pd.DataFrame({"y": y + np.linspace(-1, 1, n)})
    priors = {"b[Intercept]": hl.Prior("Normal", mu=prior_mean, sigma=prior_sd), "sigma": sd}
    fit = hl.Model("y ~ 1", data, priors=priors).fit(seed=2, **SETTINGS | {"draws": 2000})
    precision = 1 / prior_sd**2 + n / sd**2
    return fit, (prior_mean / prior_sd**2 + n * y / sd**2) / precision, precision**-0.5


def test_overlap_of_two_normals():
    for prior_sd in (0.2, 1.0, 5.0):
        fit, mean, sd = normal_mean(1.0, 10, 2.0, 0.0, prior_sd)
        x = np.linspace(-8, 8, 20001)
        wanted = np.trapezoid(np.minimum(stats.norm(mean, sd).pdf(x), stats.norm(0, prior_sd).pdf(x)), x)
        row = fit.prior_overlap(seed=1).frame.iloc[0]
        assert row["overlap"] == pytest.approx(wanted, abs=0.03)
        assert (row["note"] != "") == (wanted > 0.35)
        assert row["prior_upper"] == pytest.approx(1.96 * prior_sd, rel=0.08)


def test_diagnoses_of_a_normal_mean():
    weak = normal_mean(1.0, 40, 2.0, 0.0, 50.0)[0].sensitivity()
    assert weak.frame["diagnosis"].tolist() == [""] and "would not change" in weak.verdict
    strong = normal_mean(1.0, 2, 20.0, 0.0, 0.3)[0].sensitivity()
    assert strong.frame["diagnosis"].tolist() == [STRONG] and "report why" in strong.verdict
    conflict = normal_mean(10.0, 10, 2.0, 0.0, 1.0)[0].sensitivity()
    assert conflict.frame["diagnosis"].tolist() == [CONFLICT]
    for found in (weak, strong, conflict):
        assert "0.05" in repr(found) and "<table" in found._repr_html_()


def test_flat_priors_move_nothing_and_have_no_overlap():
    data = pd.DataFrame({"y": np.random.default_rng(1).normal(size=30)})
    priors = {"b[Intercept]": hl.Prior("Flat"), "sigma": hl.Prior("HalfFlat")}
    fit = hl.Model("y ~ 1", data, priors=priors).fit(seed=1, **SETTINGS)
    assert (fit.sensitivity().frame["prior"] == 0).all()
    with pytest.raises(hl.PriorError, match="improper"):
        fit.prior_overlap()


def test_integrated_and_conditional_likelihoods(fitted):
    fit = fitted("sleepstudy_us")
    integrated, conditional = (fit.sensitivity("b", likelihood=which) for which in ("auto", "conditional"))
    assert "Subject out by closed form" in integrated.likelihood and "given" in conditional.likelihood
    # what the data know of a mean slope beside varying slopes: given the effects, hardly anything
    assert (integrated.frame["likelihood"] > 1.3 * conditional.frame["likelihood"]).all()
    assert "plate, sample out in closed form" in fitted("penicillin").sensitivity(draws=50).likelihood
    thinned = fitted("cbpp").sensitivity("b", draws=100)
    assert "herd out by Gauss–Hermite" in thinned.likelihood and "200 of the draws" in repr(thinned)


def test_crossed_groupings_are_integrated_together(fitted, monkeypatch):
    """log p(y | θ) of every draw by a dense covariance."""
    fit = fitted("penicillin")
    small = hl.Fit(fit.model, xr.DataTree.from_dict({"posterior": fit.posterior.isel(draw=slice(6))}))
    found, _ = total_likelihood(small, "integrated")
    blocks = {b.group: np.equal.outer(b.codes, b.codes).astype(float) for b in fit.model.blocks}
    y, post = fit.model.responses[0].y, small.posterior
    for c, d in np.ndindex(found.shape):
        at = post.isel(chain=c, draw=d)
        V = float(at["sigma"]) ** 2 * np.eye(len(y))
        V = V + sum(float(at[f"sd_{g}"].item()) ** 2 * same for g, same in blocks.items())
        wanted = stats.multivariate_normal(np.full(len(y), at["b"].item()), V).logpdf(y)
        assert found[c, d] == pytest.approx(wanted, abs=1e-6)
    monkeypatch.setattr(likelihood, "LARGEST", 1000)
    with pytest.raises(hl.PosteriorError, match="too many to integrate out of 144 rows"):
        fit.sensitivity(likelihood="integrated")
    assert "given the group effects" in fit.sensitivity(draws=20).likelihood


def test_crossed_counts_by_laplace():
    """Two groupings of two levels: a product of four Gauss–Hermite rules."""
    rng = np.random.default_rng(3)
    data = {"k": rng.poisson(6, 16), "g": np.repeat(list("ab"), 8), "h": np.tile(list("uv"), 8)}
    model = hl.Model("k ~ 1 + (1 | g) + (1 | h)", data, "poisson")
    values = {"b": 1.7, "sd_g": 0.4, "sd_h": 0.3}
    drawn = prior_draws(model, 1, seed=1, effects=True)["posterior"].to_dataset()
    drawn = drawn.assign({n: drawn[n] * 0 + v for n, v in values.items()})
    found, words = total_likelihood(hl.Fit(model, xr.DataTree.from_dict({"posterior": drawn})), "auto")
    assert "by Laplace's method" in words
    nodes, weights = np.polynomial.hermite_e.hermegauss(15)
    w = np.stack(np.meshgrid(*[nodes] * 4, indexing="ij"), axis=-1).reshape(-1, 4)
    p = np.prod(np.stack(np.meshgrid(*[weights] * 4, indexing="ij"), axis=-1).reshape(-1, 4), axis=1) / (2 * np.pi) ** 2
    rows = np.column_stack([np.repeat([0, 1], 8), 2 + np.tile([0, 1], 8)])
    eta = 1.7 + 0.4 * w[:, rows[:, 0]] + 0.3 * w[:, rows[:, 1]]
    wanted = np.log((p * np.exp(stats.poisson.logpmf(data["k"], np.exp(eta)).sum(axis=1))).sum())
    assert found.item() == pytest.approx(wanted, abs=0.02)


def test_correlations_have_the_marginal_of_lkj(fitted):
    from hierlm.posterior.priors.overlap import curves

    (c,) = curves(fitted("sleepstudy_us"), "cor_Subject", seed=1)
    np.testing.assert_allclose(c.prior, stats.beta(2, 2).pdf((c.grid + 1) / 2) / 2, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda f: f.sensitivity("beta"), "nothing called"),
        (lambda f: f.sensitivity(threshold=0), "positive"),
        (lambda f: f.sensitivity(likelihood="joint"), "no choice"),
        (lambda f: f.prior_overlap("beta"), "nothing called"),
        (lambda f: f.prior_overlap("r_Subject"), "no prior of its own"),
        (lambda f: f.prior_overlap(level=95), "probability"),
    ],
)
def test_refused(fitted, call, words):
    with pytest.raises(hl.HierlmError, match=words):
        call(fitted("sleepstudy_us"))


def test_everything_fixed_is_said():
    data = pd.DataFrame({"y": [0.0, 1.0, 2.0]})
    fit = hl.Model("y ~ 1", data, priors={"b[Intercept]": 1.0, "sigma": 1.0}).fit(seed=1, **SETTINGS)
    for ask in (fit.sensitivity, fit.prior_overlap):
        with pytest.raises(hl.PosteriorError, match="free"):
            ask()


def test_pictures(fitted):
    fit = fitted("sleepstudy_us")
    drawn = fit.plot.prior_overlap(seed=1)
    assert len(drawn.axes) == 6 and drawn.axes[5].get_title(loc="left") == "sigma"
    (axes,) = fit.plot.sensitivity("b").axes
    assert [t.get_text() for t in axes.get_yticklabels()] == ["b[Intercept]", "b[Days]"]


def test_correlated_residuals_add_up_to_the_joint_likelihood():
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"y": rng.normal(size=24), "t": np.tile(np.arange(6), 4), "g": np.repeat(list("abcd"), 6)})
    model = hl.Model("y ~ 1", data, residual="ar1(t | g)")
    fit = hl.Fit(model, prior_draws(model, 5, seed=1))
    found, words = total_likelihood(fit, "auto")
    p = fit.posterior
    for s in range(5):
        rho = float(p["rescor"].transpose("chain", "draw", ...).to_numpy()[0, s, 0])
        block = float(p["sigma"][0, s]) ** 2 * rho ** np.abs(np.subtract.outer(np.arange(6), np.arange(6)))
        mean = np.full(6, float(p["b"].transpose("chain", "draw", ...).to_numpy()[0, s, 0]))
        wanted = sum(stats.multivariate_normal(mean, block).logpdf(y) for y in data["y"].to_numpy().reshape(4, 6))
        assert found[0, s] == pytest.approx(wanted)
    assert words == "of the blocks of residuals"
    assert log_prior(fit).keys() >= {"rescor[phi]", "sigma", "b[Intercept]"}
