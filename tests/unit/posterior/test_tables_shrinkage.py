"""shrinkage: the pooling factor, the estimates of single levels, and the weight between them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st
from scipy import optimize, stats

import hierlm as hl
from hierlm.posterior.shrinkage import pooling_factor, pooling_weight
from tests.synthetic import synthetic_fit
from tests.unit.posterior.tables import MODELS, fit, frame, model


def level(f: hl.Fit, name: str, group: str = "g") -> pd.DataFrame:
    found = hl.shrinkage(f, group).levels
    return found[found["level"] == name].set_index("effect")


# ------------------------------------------------------------------------------------------------- pooling factor
def test_pooling_factor_by_its_definition():
    r = np.random.default_rng(0).normal(size=(30, 5, 2))
    for k in range(2):
        means = [r[:, j, k].mean() for j in range(5)]
        within = [np.var(r[s, :, k], ddof=1) for s in range(30)]
        assert pooling_factor(r)[k] == pytest.approx(1 - np.var(means, ddof=1) / np.mean(within))


def test_pooling_factor_of_known_posteriors():
    """Posteriors r_j ~ N(m_j, v): λ = v / (v + Var m) in the limit of many draws and levels."""
    rng = np.random.default_rng(1)
    m = rng.normal(size=400) * 2.0
    r = m + rng.normal(size=(800, 400)) * 1.0
    assert pooling_factor(r[..., None]).item() == pytest.approx(1 / (1 + m.var(ddof=1)), rel=0.02)


def test_no_variance_is_complete_pooling():
    assert pooling_factor(np.zeros((5, 3, 1))).tolist() == [1.0]


@pytest.mark.parametrize("name", sorted(set(MODELS) - {"none"}))
def test_every_model(name: str):
    f = fit(name)
    found = hl.shrinkage(f)
    assert found.terms["pooling"].between(0, 1).all()
    assert len(found.terms) == sum(len(b.effects) for b in f.model.blocks)
    numbers = found.levels[["no_pooling", "partial_pooling", "complete_pooling", "weight"]]
    assert np.isfinite(numbers.to_numpy()).all()
    assert found.levels["weight"].between(0, 1).all()
    for group, blocks in f.model.groups.items():
        rows = found.levels[found.levels["group"] == group]
        assert rows.groupby("effect")["n"].sum().eq(72).all()
        assert set(rows["level"]) == set(blocks[0].levels)


def test_partial_pooling_is_coef():
    f = fit("us")
    a = hl.shrinkage(f, "g").levels.set_index(["level", "effect"])["partial_pooling"]
    b = hl.coef(f, "g").set_index(["level", "effect"])["mean"]
    pd.testing.assert_series_equal(a, b.loc[a.index], check_names=False)


def test_effects_of_other_parameters_have_no_level_estimates():
    found = hl.shrinkage(fit("sigma"))
    assert set(found.terms["effect"]) == {"Intercept", "sigma:Intercept"}
    assert set(found.levels["effect"]) == {"Intercept"}


# ------------------------------------------------------------------------------------------------- single levels
def test_random_intercept_closed_form():
    """The textbook: level mean, b, and n/σ² / (n/σ² + 1/τ²)."""
    f = synthetic_fit(model("one"), chains=1, draws=4, values={"b": [0.3], "sd_g": [0.5], "sigma": 2.0})
    found = hl.shrinkage(f, "g").levels.set_index("level")
    assert found["no_pooling"].to_dict() == pytest.approx(frame().groupby("g")["y"].mean().to_dict())
    assert found["complete_pooling"].tolist() == pytest.approx([0.3] * 6)
    assert found["weight"].tolist() == pytest.approx([(12 / 4) / (12 / 4 + 1 / 0.25)] * 6)


def test_weight_leads_from_complete_to_no_pooling():
    """BLUPs: partial = complete + weight (none − complete) when r is at its conditional mean."""
    tau, sigma, b = 0.8, 1.3, 0.1
    means = frame().groupby("g")["y"].mean()
    weight = (12 / sigma**2) / (12 / sigma**2 + 1 / tau**2)
    r = (weight * (means - b)).to_numpy()[:, None]
    f = synthetic_fit(model("one"), chains=1, draws=4, values={"b": [b], "sd_g": [tau], "sigma": sigma, "r_g": r})
    found = hl.shrinkage(f, "g").levels
    expected = found["complete_pooling"] + found["weight"] * (found["no_pooling"] - found["complete_pooling"])
    assert found["partial_pooling"].tolist() == pytest.approx(expected.tolist())


def test_more_variance_between_levels_means_less_shrinkage_and_a_larger_icc():
    weights, shares = [], []
    for tau in (0.1, 0.5, 1.0, 3.0):
        f = synthetic_fit(model("one"), values={"sd_g": [tau], "sigma": 1.0})
        weights.append(hl.shrinkage(f).levels["weight"].iloc[0])
        shares.append(hl.icc(f)["mean"].iloc[0])
    assert weights == sorted(weights)
    assert shares == sorted(shares)
    assert [w / (1 - w) for w in weights] == pytest.approx([12 * s / (1 - s) for s in shares])


def test_slopes_are_least_squares_within_the_level():
    f = fit("us")
    for name, rows in frame().groupby("g"):
        slope, intercept = np.polyfit(rows["x"], rows["y"], 1)
        assert level(f, name)["no_pooling"].to_dict() == pytest.approx({"Intercept": intercept, "x": slope})


def test_other_terms_are_held_at_their_posterior_means():
    """All but ``g:h``, whose cells lie inside the levels of h and are noise there."""
    f = fit("cells")
    post = f.posterior
    other = post["b"].sel(coef="x").to_numpy().mean() * frame()["x"]
    other = other + frame()["g"].map(post["r_g"].mean(("chain", "draw")).to_series().droplevel(1))
    expected = (frame()["y"] - other).groupby(frame()["h"]).mean()
    found = hl.shrinkage(f, "h").levels.set_index("level")["no_pooling"]
    assert found.to_dict() == pytest.approx(expected.to_dict())


def test_complete_pooling_without_a_common_effect_is_zero():
    found = level(fit("alone"), "s0")
    assert found.loc["x", "complete_pooling"] == 0.0
    assert found.loc["Intercept", "complete_pooling"] != 0.0


def test_poisson_levels_are_maximum_likelihood():
    f = synthetic_fit(hl.Model("k ~ 1 + (x | g)", frame(), family="poisson"), seed=2)
    for name, rows in frame().groupby("g"):
        loss = lambda c, r=rows: -stats.poisson.logpmf(r["k"], np.exp(c[0] + c[1] * r["x"])).sum()  # noqa: E731
        best = optimize.minimize(loss, [0.0, 0.0], tol=1e-10).x
        assert level(f, name)["no_pooling"].tolist() == pytest.approx(best.tolist(), abs=1e-4)


def test_bernoulli_levels_are_maximum_likelihood_with_other_terms_as_offsets():
    f = fit("bernoulli")
    x = f.posterior["b"].sel(coef="x").to_numpy().mean() * frame()["x"]
    for name, rows in frame().groupby("g"):
        loss = lambda c, r=rows: -stats.bernoulli.logpmf(r["s"], 1 / (1 + np.exp(-(c + x[r.index])))).sum()  # noqa: E731
        best = optimize.minimize_scalar(loss, bounds=(-8, 8), method="bounded", options={"xatol": 1e-9}).x
        assert level(f, name)["no_pooling"].item() == pytest.approx(best, abs=1e-4)


def test_a_level_with_only_failures_gets_a_wide_prior_and_says_so():
    table = frame().assign(s=np.where(frame()["g"] == "s0", 0, frame()["s"]))
    m = hl.Model("s ~ 1 + (1 | g)", table, family="bernoulli")
    f = synthetic_fit(m, values={"b": [-1.0], "sd_g": [0.7]})
    found = level(f, "s0")
    # the mode of 12 failures with Normal(−1, 7)
    loss = lambda c: 12 * np.log1p(np.exp(c)) + 0.5 * ((c + 1) / 7) ** 2  # noqa: E731
    best = optimize.minimize_scalar(loss, bounds=(-30, 5), method="bounded", options={"xatol": 1e-9}).x
    assert found["no_pooling"].item() == pytest.approx(best, abs=1e-3)
    assert found["note"].item()
    assert level(f, "s1")["note"].item() == ""


def test_fewer_rows_than_effects_gets_a_note():
    table = frame().iloc[[0, *range(12, 72)]]
    found = level(synthetic_fit(hl.Model("y ~ x + (x | g)", table)), "s0")
    assert (found["note"] != "").all()
    assert np.isfinite(found["no_pooling"]).all()


def test_weights_of_rows_count():
    table = frame().assign(w=np.tile([1.0, 3.0], 36))
    f = synthetic_fit(hl.Model("y | weights(w) ~ 1 + (1 | g)", table))
    expected = table.groupby("g").apply(lambda d: np.average(d["y"], weights=d["w"]), include_groups=False)
    assert hl.shrinkage(f).levels.set_index("level")["no_pooling"].to_dict() == pytest.approx(expected.to_dict())


@given(st.integers(0, 10_000), st.integers(1, 4))
def test_pooling_weight_is_the_reduction_of_variance(seed: int, k: int):
    rng = np.random.default_rng(seed)
    A, B = rng.normal(size=(2, k, k))
    V, information = A @ A.T + 0.1 * np.eye(k), B @ B.T
    posterior = np.linalg.inv(np.linalg.inv(V) + information)
    expected = 1 - np.diag(posterior) / np.diag(V)
    assert pooling_weight(information[None], V)[0] == pytest.approx(expected, abs=1e-8)


def test_no_information_or_no_variance_weighs_nothing():
    assert pooling_weight(np.zeros((1, 2, 2)), np.eye(2)).tolist() == [[0.0, 0.0]]
    assert pooling_weight(np.ones((1, 1, 1)), np.zeros((1, 1))).tolist() == [[0.0]]


RESPONSES = {
    "student_t": "y",
    "lognormal": "p",
    "gamma": "p",
    "inverse_gaussian": "p",
    "exponential": "p",
    "beta": "u",
    "poisson": "k",
    "negbinomial": "k",
    "negbinomial1": "k",
    "binomial": "c | trials(8)",
    "beta_binomial": "c | trials(8)",
}


@pytest.mark.parametrize("family", RESPONSES)
def test_levels_of_every_family_are_maxima(family: str):
    """At the estimate of a level no neighbour has a larger log-likelihood, by the package's own log_likelihood."""
    table = frame().assign(u=frame()["p"] / 20, c=frame()["k"].clip(upper=8))
    m = hl.Model(f"{RESPONSES[family]} ~ 1 + (x | g)", table, family=family)
    free = dict.fromkeys(m.responses[0].free, 3.0)
    base = {"b": [0.0], "sd_g": [1.0, 1.0], **free}
    f = synthetic_fit(m, chains=1, draws=2, seed=5, values=base)
    found = hl.shrinkage(f).levels
    assert (found["note"] == "").all()
    assert found["weight"].between(0, 1).all()
    estimate = found["no_pooling"].to_numpy().reshape(6, 2)

    def by_level(r: np.ndarray) -> np.ndarray:
        at = synthetic_fit(m, chains=1, draws=1, seed=5, values=base | {"r_g": r})
        [values] = hl.log_likelihood(at).data_vars.values()
        return np.bincount(np.repeat(np.arange(6), 12), values.to_numpy().ravel())

    best = by_level(estimate)
    for step in ([0.01, 0.0], [-0.01, 0.0], [0.0, 0.01], [0.0, -0.01], [0.01, -0.01]):
        assert (by_level(estimate + step) < best).all()
