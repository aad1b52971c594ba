"""varcorr, icc, r2: closed forms, identities, and what performance computes at lme4's estimates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.posterior.icc import icc_draws
from hierlm.posterior.r2 import r2_draws
from hierlm.posterior.variance import variance_parts
from tests.synthetic import synthetic_fit
from tests.unit.posterior.tables import MODELS, fit, frame, model

LOGIT = np.pi**2 / 3


def parts(f: hl.Fit, response: int = 0):
    return variance_parts(f, f.model.responses[response])


def quantity(f: hl.Fit, name: str) -> pd.Series:
    return hl.varcorr(f).frame.set_index("name").loc[name]


# ------------------------------------------------------------------------------------------------- parts
def test_random_slopes_count_by_the_rows():
    """Johnson (2014): the mean over rows of z' V z, here row by row."""
    f = fit("us")
    sd = f.posterior["sd_g"].to_numpy().reshape(-1, 2)
    rho = f.posterior["cor_g"].to_numpy().reshape(-1, 2, 2)[:, 0, 1]
    Z = np.column_stack([np.ones(72), frame()["x"]])
    expected = []
    for (a, b), r in zip(sd, rho, strict=True):
        V = np.array([[a * a, a * b * r], [a * b * r, b * b]])
        expected.append(np.mean([z @ V @ z for z in Z]))
    assert parts(f).groups["g"] == pytest.approx(np.array(expected))


def test_variance_of_the_common_effects():
    f = fit("us")
    b = f.posterior["b"].to_numpy().reshape(-1, 2)
    X = np.column_stack([np.ones(72), frame()["x"]])
    assert parts(f).fixed == pytest.approx((X @ b.T).var(axis=0, ddof=1))


def test_offsets_are_not_common_effects():
    with_offset = synthetic_fit(hl.Model("y ~ x + offset(10 * x) + (1 | g)", frame()), seed=3)
    without = synthetic_fit(hl.Model("y ~ x + (1 | g)", frame()), seed=3)
    assert parts(with_offset).fixed == pytest.approx(parts(without).fixed)


def test_gaussian_residual_is_sigma_squared():
    f = fit("us")
    assert parts(f).distribution == pytest.approx(f.posterior["sigma"].to_numpy().ravel() ** 2)


def test_predicted_sigma_is_averaged_over_rows():
    f = fit("sigma")
    post = f.posterior
    T = np.column_stack([np.ones(72), frame()["t"] == "q", frame()["t"] == "r"])
    eta = post["b_sigma"].to_numpy().reshape(-1, 3) @ T.T
    r = post["r_g"].sel(effect_g="sigma:Intercept").to_numpy().reshape(-1, 6)
    eta = eta + r[:, np.repeat(np.arange(6), 12)]
    assert parts(f).distribution == pytest.approx(np.exp(2 * eta).mean(axis=1))


def test_poisson_takes_the_mean_of_the_fitted_means():
    f = fit("units")
    post = f.posterior
    X = np.column_stack([np.ones(72), frame()["x"]])
    eta = post["b"].to_numpy().reshape(-1, 2) @ X.T
    eta = eta + post["r_g"].to_numpy().reshape(-1, 6)[:, np.repeat(np.arange(6), 12)]
    eta = eta + post["r_units"].to_numpy().reshape(-1, 72)
    assert parts(f).distribution == pytest.approx(np.log1p(1 / np.exp(eta).mean(axis=1)))


def test_a_latent_threshold_has_a_constant():
    for link, expected in {"logit": LOGIT, "probit": 1.0, "cloglog": np.pi**2 / 6}.items():
        f = synthetic_fit(hl.Model("s ~ x + (1 | g)", frame(), family="bernoulli", link=link))
        assert parts(f).distribution == pytest.approx(np.full(200, expected))


def test_other_parameters_do_not_enter_the_mean():
    f = fit("sigma")
    sd = f.posterior["sd_g"].sel(effect_g="Intercept").to_numpy().ravel()
    assert parts(f).groups["g"] == pytest.approx(sd**2)


def test_each_response_has_its_own_parts():
    f = fit("several")
    sd = f.posterior["sd_g"].sel(effect_g="y:Intercept").to_numpy().ravel()
    sigma = f.posterior["sigma"].sel(response_sigma="y").to_numpy().ravel()
    assert parts(f, 0).groups["g"] == pytest.approx(sd**2)
    assert parts(f, 0).distribution == pytest.approx(sigma**2)
    assert not np.allclose(parts(f, 1).groups["g"], sd**2)


# ------------------------------------------------------------------------------------------------- icc, r2
@pytest.mark.parametrize("name", sorted(set(MODELS) - {"cauchit"}))
def test_shares_are_shares(name: str):
    f = fit(name)
    for response in f.model.responses:
        p = variance_parts(f, response)
        found = icc_draws(p)
        assert all(((v >= 0) & (v <= 1)).all() for v in found.values())
        explained = r2_draws(p)
        assert (explained["marginal"] <= explained["conditional"] + 1e-12).all()
        if found:
            # conditional R² = marginal R² + (1 − marginal R²) · adjusted ICC, by their definitions
            adjusted = found["(all groups)", "adjusted"]
            marginal = explained["marginal"]
            assert explained["conditional"] == pytest.approx(marginal + (1 - marginal) * adjusted)
            assert found["(all groups)", "unadjusted"] == pytest.approx((1 - marginal) * adjusted)


def test_random_intercept_closed_form():
    f = synthetic_fit(model("one"), chains=1, draws=3, values={"sd_g": [3.0], "sigma": 4.0})
    found = hl.icc(f)
    assert found.query("group == 'g'")["mean"].tolist() == pytest.approx([9 / 25, 9 / 25])
    assert hl.r2(f).set_index("r2")["mean"].to_dict() == pytest.approx({"marginal": 0.0, "conditional": 9 / 25})


def test_crossed_and_cells_add_up():
    found = icc_draws(parts(fit("cells")))
    total = sum(found[g, "adjusted"] for g in ("g", "h", "g:h"))
    assert found["(all groups)", "adjusted"] == pytest.approx(total)


def test_overdispersion_is_no_grouping():
    f = fit("units")
    p = parts(f)
    assert list(p.units) == ["units"]
    assert list(p.groups) == ["g"]
    found = icc_draws(p)
    assert found["(all groups)", "adjusted"] == pytest.approx(found["g", "adjusted"])
    denominator = p.groups["g"] + p.units["units"] + p.distribution
    assert found["units", "adjusted"] == pytest.approx(p.units["units"] / denominator)
    assert r2_draws(p)["conditional"] == pytest.approx((p.fixed + p.groups["g"]) / (p.fixed + denominator))


def test_uncorrelated_terms_are_the_same_model_however_they_are_written():
    f = fit("idh")
    other = hl.Fit(hl.Model("y ~ x + (1 | g) + (0 + x | g)", frame()), f.draws)
    pd.testing.assert_frame_equal(hl.icc(f), hl.icc(other))


def test_response_scale_where_the_mean_is_linear():
    f = fit("us")
    assert hl.icc(f, scale="response")["mean"].tolist() == hl.icc(f)["mean"].tolist()
    for name in ("units", "bernoulli", "gamma"):
        with pytest.raises(hl.PosteriorError, match="not linear"):
            hl.icc(fit(name), scale="response")
    with pytest.raises(hl.PosteriorError, match="scale"):
        hl.icc(f, scale="link")


def test_no_latent_variance_is_said():
    f = fit("cauchit")
    for question in (hl.icc, hl.r2):
        with pytest.raises(hl.PosteriorError, match="cauchit"):
            question(f)
    found = hl.varcorr(f)
    assert found.frame["quantity"].tolist() == ["sd", "var"]
    assert "cauchit" in repr(found)


def test_infinite_variance_is_said_and_not_averaged():
    f = synthetic_fit(model("student"), values={"nu": 1.5})
    assert hl.icc(f)["mean"].tolist() == [0.0] * 4
    found = hl.varcorr(f)
    assert "infinite in 200 of 200 draws" in repr(found)
    assert np.isfinite(found.frame[["mean", "sd", "lower", "upper"]].to_numpy()).all()


# ------------------------------------------------------------------------------------------------- varcorr
def test_names_carry_the_unit():
    f = fit("us")
    sd = f.posterior["sd_g"].sel(effect_g="x").to_numpy()
    assert quantity(f, "sd_g[x]")["mean"] == pytest.approx(sd.mean())
    assert quantity(f, "var_g[x]")["mean"] == pytest.approx((sd**2).mean())
    assert quantity(f, "cor_g[Intercept, x]")["mean"] == pytest.approx(
        f.posterior["cor_g"].sel(effect_g="x", effect2_g="Intercept").to_numpy().mean()
    )
    assert quantity(f, "var_residual")["mean"] == pytest.approx((f.posterior["sigma"].to_numpy() ** 2).mean())
    assert quantity(f, "sd_residual")["mean"] == pytest.approx(f.posterior["sigma"].to_numpy().mean())
    assert quantity(f, "sd_g[x]")["structure"] == "us"
    assert quantity(f, "sd_g[x]")["levels"] == 6


@pytest.mark.parametrize("name", sorted(set(MODELS) - {"cauchit", "student"}))
def test_shares_of_a_response_add_up_to_one(name: str):
    f = fit(name)
    found = hl.varcorr(f).frame
    shares = found[found["quantity"] == "share"].groupby("response")["mean"].sum()
    assert shares.tolist() == pytest.approx([1.0] * len(f.model.responses))
    assert (found[found["quantity"] == "share"]["parameter"] == "mu").all()
    assert found["name"].is_unique


@pytest.mark.parametrize(("name", "sds", "correlations"), [("us3", 3, 3), ("idh", 2, 0), ("cor", 3, 3), ("corh", 3, 3)])
def test_components_of_structures(name: str, sds: int, correlations: int):
    counts = hl.varcorr(fit(name)).frame.query("group == 'g'")["quantity"].value_counts().to_dict()
    assert counts["sd"] == counts["var"] == sds
    assert counts.get("cor", 0) == correlations


def test_unit_variances_of_cor():
    found = hl.varcorr(fit("cor")).frame.query("group == 'g' and quantity == 'sd'")
    assert found["mean"].tolist() == [1.0] * 3


def test_other_parameters_stand_apart():
    text = repr(hl.varcorr(fit("sigma")))
    head, tail = text.split("Variance components of other parameters")
    assert "sigma:Intercept" not in head
    assert "sigma:Intercept" in tail


# ------------------------------------------------------------------------------------------------- performance
TABLES = {
    "sleepstudy_slope": "sleepstudy",
    "sleepstudy_int": "sleepstudy",
    "penicillin": "Penicillin",
    "oats": "Oats",
    "cbpp": "cbpp",
    "contraception": "Contraception",
    "contraception_probit": "Contraception",
    "contraception_cloglog": "Contraception",
    "epilepsy": "epilepsy",
    "epilepsy_olre": "epilepsy",
    "orthodont_gamma": "Orthodont",
}
SAME_DISTRIBUTION = set(TABLES) - {"epilepsy", "epilepsy_olre", "orthodont_gamma"}


def at_estimates(entry: dict, table: pd.DataFrame) -> hl.Fit:
    """A fit of two equal draws, lme4's estimates; group effects are zero."""
    if "use" in table:
        table = table.assign(use01=(table["use"] == "Y").astype(int), age10=table["age"] / 10)
    if "age" in table and "distance" in table:
        table = table.assign(age8=table["age"] - 8.0)
    family = "bernoulli" if "use01" in entry["formula"] else entry["family"].lower()
    m = hl.Model(entry["formula"], table, family=family, link=entry["link"])
    renamed = {label.replace("[", "").replace("]", ""): label for label in m.predictors[0].labels}
    given = {renamed[k.replace("(", "").replace(")", "")]: v for k, v in entry["fixef"].items()}
    values = {"b": [given[label] for label in m.predictors[0].labels]}
    for group in m.groups:
        [V] = [np.array(v) for k, v in entry["vcov"].items() if set(k.split(":")) == set(group.split(":"))]
        sd = np.sqrt(np.diag(V))
        values |= {f"sd_{group}": sd, f"r_{group}": 0.0}
        if len(sd) > 1:
            values[f"cor_{group}"] = V / np.outer(sd, sd)
    if "sigma" in m.responses[0].free:
        values["sigma"] = entry["sigma"]
    return synthetic_fit(m, chains=1, draws=2, values=values)


@pytest.mark.reference
@pytest.mark.parametrize("name", TABLES)
def test_variance_parts_agree_with_performance(name, reference, data):
    entry = reference("performance_emmeans")["variance"][name]
    f = at_estimates(entry, data(TABLES[name]))
    p = parts(f)
    assert p.fixed[0] == pytest.approx(entry["var_fixed"], rel=1e-6, abs=1e-9)
    assert p.random[0] == pytest.approx(entry["var_random"], rel=1e-6)
    assert sum(v[0] for v in p.units.values()) == pytest.approx(entry["var_dispersion"], rel=1e-6)
    if name not in SAME_DISTRIBUTION:
        return  # log links: performance takes the mean from an intercept-only model, see distribution_variance
    assert p.distribution[0] == pytest.approx(entry["var_distribution"], rel=1e-6)
    found = {k: v[0] for k, v in icc_draws(p).items()}
    assert found["(all groups)", "adjusted"] == pytest.approx(entry["icc_adjusted"], rel=1e-6)
    assert found["(all groups)", "unadjusted"] == pytest.approx(entry["icc_unadjusted"], rel=1e-6)
    assert r2_draws(p)["marginal"][0] == pytest.approx(entry["r2_marginal"], rel=1e-6, abs=1e-9)
    assert r2_draws(p)["conditional"][0] == pytest.approx(entry["r2_conditional"], rel=1e-6)
    if name != "sleepstudy_slope":  # by group, performance counts the intercept's variance alone
        for row in entry["icc_by_group"]:
            [own] = [g for g in f.model.groups if set(g.split(":")) == set(row["Group"].split(":"))]
            assert found[own, "adjusted"] == pytest.approx(row["ICC"], rel=1e-6)
