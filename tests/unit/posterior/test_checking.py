"""Replicated data, residuals, tests and influence: against counting, closed forms, SciPy and planted faults."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hierlm as hl
from hierlm.posterior.checking.check import tail
from hierlm.posterior.checking.check_residuals import neighbours
from hierlm.posterior.checking.quantile import places, places_of_draws
from hierlm.posterior.checking.replicates import replicate
from hierlm.posterior.draws import covariance_draws, select
from tests.synthetic import synthetic_fit

Fitted = Callable[[str], hl.Fit]


def simulated(kind: str = "gaussian", *, seed: int = 1, levels: int = 20, each: int = 10, **planted: float) -> dict:
    """Groups with an intercept each; a planted fault by name."""
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(levels), each)
    x = rng.standard_normal(len(g))
    eta = 0.8 + 0.5 * x + 0.5 * rng.standard_normal(levels)[g]
    if kind == "gaussian":
        noise = rng.standard_normal(len(g))
        for i in range(1, len(g)):
            if g[i] == g[i - 1]:
                rho = planted.get("rho", 0.0)
                noise[i] = rho * noise[i - 1] + np.sqrt(1 - rho**2) * noise[i]
        y = eta + noise
    else:
        shape = planted.get("shape")
        mu = np.exp(eta) * (rng.gamma(shape, 1 / shape, len(g)) if shape else 1.0)
        y = rng.poisson(mu) * (rng.uniform(size=len(g)) >= planted.get("zeros", 0.0))
    return {"y": y, "x": x, "g": [f"g{i:02d}" for i in g], "t": np.tile(np.arange(each), levels)}


def fit_of(data: dict, family: str = "gaussian", formula: str = "y ~ x + (1 | g)", draws: int = 300) -> hl.Fit:
    return hl.Model(formula, data, family).fit(draws=draws, chains=2, tune=200, seed=1, progress=False)


def p_of(table, test: str) -> float:
    return float(table.set_index("test").loc[test, "p"])


def test_tail_counts_ties_half():
    assert tail(2.0, np.array([1.0, 2.0, 2.0, 3.0])) == 0.5 and tail(5.0, np.arange(4.0)) == 0.0


def test_check_is_counting(fitted: Fitted):
    fit = fitted("sleepstudy_us")
    made = replicate(fit, seed=7)
    found = fit.check(["max", np.ptp], seed=7)
    assert found["statistic"].tolist() == ["max", "ptp"]
    y = fit.model.responses[0].y
    assert found["observed"].tolist() == [y.max(), np.ptp(y)]
    assert found.loc[0, "p"] == np.mean(made.drawn.max(axis=1) > y.max())
    assert found.loc[1, "mean"] == pytest.approx(np.ptp(made.drawn, axis=1).mean())
    by = fit.check("mean", by="Subject", seed=7)
    first = np.flatnonzero(fit.model.blocks[0].codes == 0)
    assert by.loc[0, "observed"] == pytest.approx(y[first].mean()) and by.loc[0, "level"] == "308" and len(by) == 18
    assert "share of 1,000 data sets drawn for the same groups" in repr(found) and "<table" in found._repr_html_()
    assert fit.check("sd", draws=10, seed=1).attrs["drawn"].startswith("10 data sets")


def test_same_groups_are_the_posterior_predictive(fitted: Fitted):
    fit = fitted("sleepstudy_us")
    y = fit.posterior_predictive(seed=3)["y"].to_numpy().reshape(-1, 180)
    np.testing.assert_array_equal(replicate(fit, seed=3).drawn, y)


def test_new_groups_have_the_marginal_variance(fitted: Fitted):
    """Data for new levels: variance z' V z + σ² a row, and rows of one level go together."""
    fit = fitted("sleepstudy_us")
    drawn = replicate(fit, new_groups=True, seed=5).drawn
    V, sigma = covariance_draws(fit, fit.model.blocks[0]), select(fit, "sigma", [""])[:, 0]
    z0, z9 = np.array([1.0, 0.0]), np.array([1.0, 9.0])
    wanted = (V @ z9 @ z9 + sigma**2).mean() + (select(fit, "b", ["Intercept", "Days"]) @ z9).var()
    assert drawn[:, 9].var() == pytest.approx(wanted, rel=0.25)
    together = np.cov(drawn[:, 0], drawn[:, 9])[0, 1]
    assert together == pytest.approx((V @ z0 @ z9).mean(), abs=6 * wanted / np.sqrt(1000) / 2)
    assert abs(np.corrcoef(drawn[:, 0], drawn[:, 19])[0, 1]) < abs(np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1])
    fixed = replicate(fit, seed=5).drawn
    assert drawn[:, 9].std() > 1.5 * fixed[:, 9].std()


def test_places_are_uniform_and_randomised():
    rng = np.random.default_rng(1)
    drawn = rng.poisson(1.5, (999, 400)).astype(float)
    y = rng.poisson(1.5, 400).astype(float)
    u = places(y, drawn, 1)
    assert stats.kstest(u, "uniform").pvalue > 0.01 and u.min() > 0 and u.max() < 1
    assert np.array_equal(u, places(y, drawn, 1)) and not np.array_equal(u, places(y, drawn, 2))
    shifted = places(rng.poisson(2.2, 400).astype(float), drawn, 1)
    assert stats.kstest(shifted, "uniform").pvalue < 1e-6
    us = places_of_draws(drawn, 1)
    assert stats.kstest(us[:, 0], "uniform").pvalue > 0.01 and us.shape == drawn.shape


@pytest.mark.parametrize("kind", ["gaussian", "poisson"])
def test_quantile_residuals_of_a_right_model_are_normal(kind: str):
    """200 rows: Kolmogorov–Smirnov, failing by chance less than once in a thousand."""
    fit = fit_of(simulated(kind), kind)
    found = fit.residuals(seed=1)
    assert stats.kstest(found["u"], "uniform").pvalue > 1e-3 and found["residual"].std() == pytest.approx(1, abs=0.2)
    np.testing.assert_allclose(found["residual"], stats.norm.ppf(found["u"]))


def test_pearson_and_response_are_their_formulas(fitted: Fitted):
    fit = fitted("cbpp")
    mean = fit.predict().draws.to_numpy().reshape(-1, 56)
    y, n = fit.model.responses[0].y, fit.model.responses[0].additions["trials"]
    r = fit.residuals("response")
    np.testing.assert_allclose(r["residual"], y - mean.mean(axis=0))
    pearson = ((y - mean) / np.sqrt(mean * (1 - mean / n))).mean(axis=0)
    np.testing.assert_allclose(fit.residuals("pearson")["residual"], pearson)
    np.testing.assert_allclose(fit.residuals("normalised")["residual"], pearson)


def test_deviance_is_the_binomials_own(fitted: Fitted):
    fit = fitted("cbpp")
    found = fit.residuals("deviance")
    y, n = fit.model.responses[0].y, fit.model.responses[0].additions["trials"]
    eta = fit.predict(kind="linear").draws.to_numpy().reshape(-1, 56).mean(axis=0)
    p = 1 / (1 + np.exp(-eta))
    term = stats.binom.logpmf(y, n, y / n) - stats.binom.logpmf(y, n, p)
    np.testing.assert_allclose(
        found["residual"] ** 2, 2 * term, atol=1e-5
    )  # without bounds the largest density of y = 0 is at minus infinity
    assert np.array_equal(np.sign(found["residual"]), np.sign(y - found["fitted"]))


def test_deviance_of_a_gaussian_is_its_pearson(fitted: Fitted):
    fit = fitted("sleepstudy_us")
    np.testing.assert_allclose(fit.residuals("deviance")["residual"], fit.residuals("pearson")["residual"], atol=0.05)


@pytest.mark.parametrize(
    ("planted", "family", "test"),
    [
        ({"shape": 1.0}, "poisson", "dispersion"),
        ({"zeros": 0.35}, "poisson", "zeros"),
        ({"rho": 0.6}, "gaussian", "autocorrelation"),
    ],
)
def test_planted_faults_are_found(planted: dict, family: str, test: str):
    formula = "y ~ x + t + (1 | g)"  # the order is a column of the model
    good = fit_of(simulated(family), family, formula).check_residuals(order="t", group="g", seed=1)
    assert p_of(good, test) > 0.01  # by chance it may be close to one: 0.99 for these data
    data = simulated(family, **planted)
    bad = fit_of(data, family, formula).check_residuals(order="t", group="g", seed=1)
    assert p_of(bad, test) < 0.01, bad


def test_neighbours_within_blocks_of_correlated_residuals():
    data = pd.DataFrame({"y": np.random.default_rng(1).normal(size=6), "s": list("aabbba")})
    fit = synthetic_fit(hl.Model("y ~ 1", data, residual="cs(1 | s)"), draws=2)
    pairs = {tuple(sorted(p)) for p in zip(*neighbours(fit, None, "s"), strict=True)}
    assert pairs == {(0, 1), (1, 5), (2, 3), (3, 4)}


def test_neighbours_are_within_levels_and_in_order():
    fit = fit_of(simulated(levels=3, each=4), formula="y ~ t + (1 | g)", draws=20)
    a, b = neighbours(fit, "t", "g")
    assert len(a) == 9 and all(y - x == 1 for x, y in zip(a, b, strict=True))
    assert len(neighbours(fit, None, None)[0]) == 11


def test_influence_finds_the_planted_row_and_group():
    data = simulated(seed=2)
    data["y"][7] += 8 * np.sign(data["x"][7])
    data["x"][7] *= 3
    fit = fit_of(data, draws=1000)
    rows = fit.influence()
    assert rows.loc[0, "unit"] == "7" and rows.loc[0, "surprise"] > 1 and rows["shift"].is_monotonic_decreasing
    groups = fit.influence("group")
    assert groups.loc[0, "unit"] == "g00" and groups["rows"].tolist() == [10] * 20
    known = fit.influence(group="g")
    assert known.loc[0, "unit"] == "7"


def test_shift_of_a_group_is_that_of_a_refit():
    """How far b moves without a group, by weights and by a refit without it, in posterior sds."""
    data = simulated(seed=3, levels=8, each=6)
    fit = fit_of(data, draws=2000)
    found = fit.influence("group")
    one = found[found["verdict"] == "good"].iloc[0]
    keep = np.array(data["g"]) != one["unit"]
    rest = hl.Model(
        "y ~ x + (1 | g)",
        {k: np.asarray(v)[keep] for k, v in data.items()},
        priors={a.name: a.prior for a in fit.model.assignments},
    )
    refit = rest.fit(draws=2000, chains=2, seed=5, progress=False)
    for label in ("Intercept", "x"):
        before, after = (select(f, "b", [label])[:, 0] for f in (fit, refit))
        assert one[f"b[{label}]"] == pytest.approx((after.mean() - before.mean()) / before.std(), abs=0.15)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda f: f.check("maen"), "no statistic 'maen'.*\n.*mean"),
        (lambda f: f.check(lambda y: y), "does not give one finite number"),
        (lambda f: f.check(lambda y: 1 / 0), "failed: ZeroDivisionError"),
        (lambda f: f.check("mean", by="Subjct"), "is no grouping or column"),
        (lambda f: f.check("mean", by="Days"), "'Days' is a number"),
        (lambda f: f.check("mean", new_groups="school"), "no grouping 'school'"),
        (lambda f: f.check("mean", draws=0), "not a positive whole number"),
        (lambda f: f.residuals("persons"), "no residuals of kind 'persons'.*\n.*pearson"),
        (lambda f: f.check_residuals(order="day"), "'day' is no column"),
        (lambda f: f.check_residuals(order="Subject"), "'Subject' is a factor"),
        (lambda f: f.check_residuals(group="Subjct"), "no grouping 'Subjct'"),
        (lambda f: f.influence("rows"), "by='rows' is unknown"),
    ],
)
def test_refusals(fitted: Fitted, ask: Callable[[hl.Fit], object], message: str):
    with pytest.raises(hl.PosteriorError, match=message):
        ask(fitted("sleepstudy_us"))


def test_no_new_groups_without_groups():
    fit = fit_of(simulated(levels=3, each=4), formula="y ~ x", draws=20)
    with pytest.raises(hl.PosteriorError, match="no group terms"):
        fit.check("mean", new_groups=True)
    with pytest.raises(hl.PosteriorError, match="no group terms"):
        fit.influence("group")


@pytest.mark.slow
@pytest.mark.statistical
def test_size_and_power_of_the_tests():
    """40 right models: at most 4 rejections at 5% (more by chance once in a hundred); 20 wrong ones: at least 16."""
    rejected = dict.fromkeys(("dispersion", "zeros", "autocorrelation"), 0)
    for seed in range(40):
        found = fit_of(simulated("poisson", seed=100 + seed), "poisson", draws=200).check_residuals(group="g", seed=1)
        for test in rejected:
            rejected[test] += not 0.025 < p_of(found, test) < 0.975
    assert max(rejected.values()) <= 5, rejected
    power = 0
    for seed in range(20):
        data = simulated("poisson", seed=200 + seed, shape=1.5)
        power += p_of(fit_of(data, "poisson", draws=200).check_residuals(seed=1), "dispersion") < 0.025
    assert power >= 16, power
