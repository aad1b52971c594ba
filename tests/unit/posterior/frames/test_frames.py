"""tidy, glance, augment: the numbers of the other tables, in the frames that came in; a table for papers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import hierlm as hl
from hierlm.posterior import augment, glance, predict, predictions, summary, table as paper, tidy
from hierlm.posterior.frames.paper import several_rows, table_rows
from tests.synthetic import synthetic_fit
from tests.unit.posterior.effects.test_targets import fit, table

COLUMNS = ["effect", "component", "group", "term", "estimate", "std.error", "conf.low", "conf.high"]


def test_tidy_is_summary() -> None:
    made = fit(["y ~ x + (x | g)", "sigma ~ f"])
    found, known = tidy(made), summary(made).frame
    assert found.columns.tolist() == COLUMNS
    assert found["term"].tolist()[:5] == ["Intercept", "x", "Intercept", "f[b]", "f[c]"]
    assert found["component"].tolist()[:5] == ["cond", "cond", "sigma", "sigma", "sigma"]
    assert found["term"].tolist()[5:] == ["sd__Intercept", "sd__x", "cor__Intercept.x"]
    np.testing.assert_allclose(found[COLUMNS[4:]].to_numpy(), known[["mean", "sd", "lower", "upper"]].to_numpy())


def test_levels() -> None:
    made = fit("y ~ x + (x | g)")
    found = tidy(made, ["ran_vals", "ran_coefs"])
    assert len(found) == 32 and found.columns.tolist() == [*COLUMNS[:3], "level", *COLUMNS[3:]]
    np.testing.assert_allclose(found["estimate"][:16], made.ranef()["mean"])
    np.testing.assert_allclose(found["estimate"][16:], made.coef()["mean"])
    assert tidy(made, "ran_pars")["term"].tolist()[-1] == "sd__Observation"


def test_standard_deviations_with_a_formula_belong_to_their_group() -> None:
    data = table().assign(z=np.repeat(np.linspace(-1, 1, 8), 6))
    found = tidy(synthetic_fit(hl.Model(["y ~ x + (1 | g)", "sd(g) ~ z"], data)), "ran_pars").set_index("term")
    assert found.loc["log_sd__z", "group"] == "g" and found.loc["sd__Observation", "group"] == "Residual"


def test_glance() -> None:
    row = glance(fit("y ~ x + (1 | g) + (1 | h)")).iloc[0]
    assert (row["nobs"], row["ngroups.g"], row["ngroups.h"], row["pss"]) == (48, 8, 4, 30)
    assert 0 < row["r2.marginal"] < row["r2.conditional"] < 1
    assert np.isnan(glance(fit("b ~ x + (1 | g)", family="bernoulli(cauchit)")).iloc[0]["r2.marginal"])


def test_augment() -> None:
    made = fit("s | trials(n) ~ x + (1 | g)", family="binomial")
    found = augment(made)
    fitted = predict(made).frame["mean"].to_numpy()
    np.testing.assert_allclose(found[".fitted"], fitted)
    np.testing.assert_allclose(found[".resid"], table()["s"] - fitted)
    fixed = predict(made, kind="linear", groups="none").frame["mean"].to_numpy()
    np.testing.assert_allclose(found[".fixed"], fixed)
    whole = augment(made, table())
    assert [*table().columns] == [c for c in whole.columns if not c.startswith(".")]
    np.testing.assert_allclose(whole[".resid"], found[".resid"])
    assert ".resid" not in augment(made, table().drop(columns="s"))


@pytest.mark.parametrize(("make", "kind"), [(pl.from_pandas, pl.DataFrame), (pa.Table.from_pandas, pa.Table)])
def test_frames_come_back_as_they_went_in(make, kind, tmp_path: Path) -> None:
    model = hl.Model("y ~ x + f + (1 | g)", make(table()))
    made = synthetic_fit(model, chains=2, draws=10)
    made.save(tmp_path / "a.zarr")
    for one in (made, hl.load(tmp_path / "a.zarr")):
        answers = [tidy(one), tidy(one, "ran_vals"), glance(one), augment(one), hl.grid(one, x=[0, 1])]
        answers += [predictions(one, by="f").frame, hl.hypothesis(one, "b[x] > 0").frame]
        means = one.marginal_means("f")
        answers += [means.frame, hl.contrasts(means).frame, one.slopes("x").frame, one.comparisons("f").frame]
        answers += [predictions(one, make(table())[:7], by=False).frame, predictions(one, hl.grid(one, "x", "f")).frame]
        assert all(isinstance(a, kind) for a in answers)
    assert isinstance(augment(made, make(table())), kind)
    pandas = tidy(synthetic_fit(hl.Model("y ~ x + f + (1 | g)", table()), chains=2, draws=10))
    back = tidy(made).to_pandas()
    np.testing.assert_allclose(back["estimate"], pandas["estimate"])
    assert back["group"][0] is None or back["group"].isna()[0]


def test_table_for_papers() -> None:
    made = fit("y ~ x + (x | g)")
    rows = table_rows(made, 0.95, "eti")
    assert rows["part"].unique().tolist() == [
        "Common effects", "Group effects: g", "Residual and family", "Fit", "Data",
    ]  # fmt: skip
    assert rows[rows["part"] == "Data"][["term", "estimate"]].to_numpy().tolist() == [["N (g)", "8"], ["Rows", "48"]]
    html = paper(made, title="<b>A & B</b>").as_raw_html()
    assert "Correlation Intercept, x" in html and "R² conditional" in html and "<b>A &amp;" not in html


def test_table_of_several_fits() -> None:
    fits = {"A & B": fit("y ~ x + (1 | g)"), "slopes": fit(["y ~ x + f + (x | g) + (1 | h)", "sigma ~ x"])}
    rows = several_rows(fits, 0.95, "eti")
    assert rows.columns.tolist() == ["part", "term", "A & B", "slopes"]
    parts = list(dict.fromkeys(rows["part"]))
    assert parts == [
        "Common effects", "Common effects of sigma", "Group effects: g", "Group effects: h", "Residual and family",
        "Fit", "Data",
    ]  # fmt: skip
    assert len(rows) == len(rows.drop_duplicates(["part", "term"]))
    for name, one in fits.items():
        own = table_rows(one, 0.95, "eti").set_index(["part", "term"])
        shown = rows.set_index(["part", "term"])[name]
        assert set(shown[shown != ""].index) == set(own.index)
        for key, r in own.iterrows():
            assert shown[key] == f"{r['estimate']} {r['interval']}".strip()
    html = paper(fits, title="Two models").as_raw_html()
    assert "Two models" in html and "A &amp; B" in html and "y ~ x + (1 | g)" in html
    with pytest.raises(hl.PosteriorError, match="no fit"):
        paper({})


def test_table_of_effects() -> None:
    means = fit("c ~ x + f + (1 | g)", family="poisson").marginal_means("f", level=0.9)
    html = paper(means).as_raw_html()
    for text in ("Marginal means of the expected response E[c]", "90% interval", "Target: population", ">a<", ">c<"):
        assert text in html, text
    differences = paper(hl.contrasts(means), title="By pairs").as_raw_html()
    assert "b − a" in differences and "P(direction)" in differences and "By pairs" in differences


def test_bad_input() -> None:
    with pytest.raises(hl.PosteriorError, match="no effects 'random'") as caught:
        tidy(fit("y ~ x"), "random")
    assert "ran_pars" in caught.value.hint
    with pytest.raises(hl.PosteriorError, match="none of these"):
        tidy(fit("y ~ x"), "ran_vals")
    with pytest.raises(hl.PredictionError):
        augment(fit("y ~ x"), {"x": [np.nan]})
