"""update_group, ranks, effective parameters, repeatability: refits, counting, closed forms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

import hierlm as hl
from hierlm.posterior.draws import effect_draws

Fitted = Callable[[str], hl.Fit]
SLEEP = "Reaction ~ Days + (Days | Subject)"
CBPP = "cbind(incidence, size - incidence) ~ period + (1 | herd)"


def split(name: str, column: str, level: str):
    data = hl.load_data(name)
    here = data[column].astype(str) == level
    return data, data[~here], data[here]


@pytest.mark.parametrize(
    ("table", "formula", "family", "column", "level", "options"),
    [
        ("sleepstudy", SLEEP, "gaussian", "Subject", "337", {}),
        ("cbpp", CBPP, "binomial", "herd", "1", {}),
    ],
)
def test_updated_group_is_the_refit(table, formula, family, column, level, options):
    """Effects and θ after the new rows beside a fit of all rows with the same priors."""
    data, rest, own = split(table, column, level)
    before = hl.Model(formula, rest, family)
    priors = {a.name: a.prior for a in before.assignments}
    settings = {"draws": 1500, "chains": 2, "progress": False}
    fit, refit = before.fit(seed=1, **settings), hl.Model(formula, data, family, priors=priors).fit(seed=2, **settings)
    updated = fit.update_group(own, seed=3)
    assert updated.ok and updated.level == level and updated.group == column
    levels, effects, r = effect_draws(refit, column)
    for _, row in updated.effects.iterrows():
        wanted = r[:, levels.index(level), effects.index(row["effect"])]
        noise = 4 * wanted.std() * np.sqrt(1 / 700 + 1 / updated.ess)
        assert row["mean"] == pytest.approx(wanted.mean(), abs=noise)
        assert row["sd"] == pytest.approx(wanted.std(), rel=0.15)
    for name in before.predictors[0].labels:
        one, other = updated.posterior["b"].sel(coef=name).to_numpy(), refit.posterior["b"].sel(coef=name).to_numpy()
        assert one.mean() == pytest.approx(other.mean(), abs=4 * other.std() * np.sqrt(1 / 700 + 1 / updated.ess))


def test_updated_group_predicts(fitted: Fitted):
    data, rest, own = split("sleepstudy", "Subject", "337")
    fit = hl.Model(SLEEP, rest).fit(draws=500, chains=2, seed=1, progress=False)
    updated = fit.update_group(own.iloc[:3], seed=1)
    new = {"Days": [0, 9, 9], "Subject": ["337", "337", "308"]}
    mean = updated.predict(new)
    r = updated.given["Subject", "337"]
    b = updated.posterior["b"].sel(coef=["Intercept", "Days"]).to_numpy().reshape(-1, 2)
    assert mean.frame["mean"].iloc[1] == pytest.approx(((b + r) @ [1.0, 9.0]).mean())
    alone = fit.predict(new, seed=1)
    assert mean.frame["sd"].iloc[1] < 0.9 * alone.frame["sd"].iloc[1]
    assert mean.frame["mean"].iloc[2] == pytest.approx(alone.frame["mean"].iloc[2], abs=6)
    drawn = updated.predict(new, kind="response", seed=2)
    assert drawn.frame["sd"].iloc[1] > mean.frame["sd"].iloc[1]
    assert "reliable" in repr(updated)
    few, all_rows = updated.effects, fit.update_group(own, seed=1).effects
    assert all_rows["sd"].iloc[0] < few["sd"].iloc[0]


def test_gaussian_weights_are_the_marginal_density(fitted: Fitted):
    """The log-weight of each draw is log p(y_new | θ), whatever the effect drawn."""
    from hierlm.posterior.integrals import integrate, units_of
    from hierlm.posterior.integrals.conditional import proposed
    from hierlm.posterior.levels import NewLevels
    from hierlm.posterior.linear import Draws, at_rows

    fit = fitted("sleepstudy_us")
    model = fit.model
    rows = at_rows(model, {"Days": [0, 4, 9], "Subject": ["new"] * 3, "Reaction": [250.0, 300.0, 380.0]}, response=True)
    draws, units = Draws(model, fit.posterior), units_of(model, rows, "Subject")
    ys = {"Reaction": rows.responses[0].values}
    weights, w = proposed(model, rows, draws, ys, units, np.random.default_rng(1))
    whole = integrate(model, rows, draws, ys, units, NewLevels(model, draws, 0, zero=True))
    np.testing.assert_allclose(weights, whole.units[:, 0], atol=1e-9)
    assert w.shape == (1000, 2)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"Days": [0], "Subject": ["308"], "Reaction": [250.0]}, "has seen '308'"),
        ({"Days": [0, 1], "Subject": ["a", "b"], "Reaction": [250.0, 260.0]}, "2 levels of Subject: a, b"),
    ],
)
def test_rows_that_are_refused(fitted: Fitted, rows: dict, message: str):
    with pytest.raises(hl.PosteriorError, match=message):
        fitted("sleepstudy_us").update_group(rows)


def test_no_response_and_other_new_levels(fitted: Fitted):
    with pytest.raises(hl.PredictionError, match="lack the column 'Reaction'"):
        fitted("sleepstudy_us").update_group({"Days": [0], "Subject": ["a"]})
    with pytest.raises(hl.PosteriorError, match="level of plate that the fit has not seen: z9"):
        fitted("penicillin").update_group({"plate": ["z9"], "sample": ["G"], "diameter": [23.0]}, group="sample")
    with pytest.raises(hl.PosteriorError, match="several groupings"):
        fitted("penicillin").update_group({"plate": ["a"], "sample": ["G"], "diameter": [23.0]})


def test_ranks_are_counting(fitted: Fitted):
    fit = fitted("sleepstudy_us")
    found = fit.ranks("Subject", "Days")
    levels, effects, r = effect_draws(fit, "Subject")
    place = stats.rankdata(-r[:, :, effects.index("Days")], axis=1)
    for _, row in found.frame.iterrows():
        own = place[:, levels.index(row["level"])]
        assert row["rank"] == pytest.approx(own.mean()) and row["p_first"] == pytest.approx(np.mean(own == 1))
        assert found.probabilities.loc[row["level"], 3] == pytest.approx(np.mean(own == 3))
    np.testing.assert_allclose(found.probabilities.sum(axis=0), 1)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1)
    reverse = fit.ranks("Subject", "Days", largest_first=False)
    assert reverse.frame["level"].iloc[-1] == found.frame["level"].iloc[0]
    np.testing.assert_allclose(reverse.frame["p_first"].to_numpy()[-1], found.frame["p_last"].iloc[0])
    assert "P(first)" in repr(found) and "largest Days of Subject" in found._repr_html_()


def test_ranks_that_are_refused(fitted: Fitted):
    with pytest.raises(hl.PosteriorError, match="no effect 'Dys'.*\n.*Days"):
        fitted("sleepstudy_us").ranks("Subject", "Dys")
    with pytest.raises(hl.PosteriorError, match="several groupings"):
        fitted("penicillin").ranks()


def test_effective_parameters_are_the_hat_matrix():
    """With all standard deviations held fixed: tr(I − B⁻¹) with the coefficients integrated out too."""
    data = hl.load_data("sleepstudy")
    priors = {"sd_Subject[Intercept]": 25.0, "sd_Subject[Days]": 6.0, "sigma": 25.0}
    fit = hl.Model("Reaction ~ Days + (Days || Subject)", data, priors=priors).fit(
        draws=4000, chains=2, seed=1, progress=False
    )
    found = fit.effective_parameters().set_index("term")
    Z = np.zeros((180, 36))
    codes = fit.model.blocks[0].codes
    Z[np.arange(180), codes], Z[np.arange(180), 18 + codes] = 25.0, 6.0 * data["Days"]
    W = np.column_stack([Z, np.ones(180) * 1e4, data["Days"] * 1e4])  # wide coefficients
    inverse = np.linalg.inv(np.eye(38) + W.T @ W / 25.0**2)
    wanted = 36 - np.trace(inverse[:36, :36])
    assert found.loc["Subject", "effective"] == pytest.approx(wanted, abs=0.35)
    assert found.loc["Subject", "parameters"] == 36 and found.loc["b", "effective"] == 2


def test_repeatability_of_a_gaussian_is_its_icc(fitted: Fitted):
    fit = fitted("penicillin")
    here = fit.repeatability(draws=40, groups=400, rows=20, seed=1).set_index("group")
    latent = fit.repeatability(scale="link").set_index("group")
    for group in ("plate", "sample"):
        assert here.loc[group, "mean"] == pytest.approx(latent.loc[group, "mean"], abs=0.05)


def test_repeatability_of_counts_is_the_log_normals():
    """Poisson with a log link and one mean: λ̄(e^{τ²} − 1)/(λ̄(e^{τ²} − 1) + 1), λ̄ = e^{β + τ²/2} (Nakagawa & Schielzeth)."""
    rng = np.random.default_rng(1)
    g = np.repeat(np.arange(30), 5)
    y = rng.poisson(np.exp(1.0 + 0.6 * rng.standard_normal(30)[g]))
    model = hl.Model("y ~ 1 + (1 | g)", {"y": y, "g": [f"g{i}" for i in g]}, "poisson", priors={"sd_g": 0.6})
    fit = model.fit(draws=300, chains=2, tune=200, seed=1, progress=False)
    b = fit.posterior["b"].to_numpy().ravel()
    mean = np.exp(b + 0.18)
    wanted = (mean * np.expm1(0.36) / (mean * np.expm1(0.36) + 1)).mean()
    found = fit.repeatability(draws=60, groups=400, rows=1, seed=1)
    assert found["mean"].iloc[0] == pytest.approx(wanted, abs=0.05)
    with pytest.raises(hl.PosteriorError, match="scale='latent' is unknown"):
        fit.repeatability(scale="latent")
