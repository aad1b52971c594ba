"""loo, reloo, kfold and compare: targets, agreement with refits, refusals, and what they print."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import arviz as az
import numpy as np
import pytest

import hierlm as hl
from hierlm.model.subset import subset
from hierlm.posterior.comparison.kfold import folds_of
from hierlm.posterior.comparison.psis import good_k, weights_of

loo_module = sys.modules["hierlm.posterior.comparison.loo"]  # the package has a function of this name
Fitted = Callable[[str], hl.Fit]


def small(
    formula: str = "y ~ x + (1 | g)", *, seed: int = 3, levels: int = 6, draws: int = 500, **options: object
) -> hl.Fit:
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(levels), 4)
    x = rng.standard_normal(len(g))
    y = 1 + x + rng.standard_normal(levels)[g] + 0.7 * rng.standard_normal(len(g))
    data = {"y": y, "x": x, "g": [f"g{i}" for i in g], "f": np.where(np.arange(len(g)) % 2, "a", "b")}
    return hl.Model(formula, data, **options).fit(draws=draws, chains=2, tune=300, seed=1, progress=False)


def test_row_is_arviz_own(fitted: Fitted):
    fit = fitted("sleepstudy_us")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of k̂
        theirs = az.loo(fit.tree(posterior_predictive=False), pointwise=True, reff=1.0)
    ours = fit.loo()
    assert ours.elpd == pytest.approx(theirs.elpd, abs=0.5)  # the efficiencies differ, and so the smoothed tails
    good = theirs.pareto_k.to_numpy() < 0.5
    np.testing.assert_allclose(ours.units["elpd"][good], theirs.elpd_i.to_numpy()[good], atol=0.03)
    assert len(ours.units) == 180 and ours.draws == 1000 and ours.target == "row"


def test_rows_are_taken_some_at_a_time(fitted: Fitted, monkeypatch: pytest.MonkeyPatch):
    """What is kept of the draws of the densities is a part; the answers are the same."""
    fit = fitted("cbpp")
    whole, moved, rows = fit.loo(), fit.influence(), fit.augment()
    largest = []
    kept = loo_module.psis
    monkeypatch.setattr(loo_module, "psis", lambda log_p, *a: largest.append(log_p.shape[1]) or kept(log_p, *a))
    monkeypatch.setattr("hierlm.posterior.linear.CHUNK", 7 * fit.posterior.sizes["draw"] * fit.posterior.sizes["chain"])
    np.testing.assert_allclose(fit.loo().units["elpd"], whole.units["elpd"], rtol=1e-12)
    assert largest == [7] * 8
    again = fit.influence()
    assert again["unit"].tolist() == moved["unit"].tolist()
    np.testing.assert_allclose(again.iloc[:, 6:], moved.iloc[:, 6:], rtol=1e-10)
    np.testing.assert_allclose(fit.augment()[[".fitted", ".lower"]], rows[[".fitted", ".lower"]], rtol=1e-12)
    np.testing.assert_allclose(rows[".upper"], fit.predict().frame["upper"], rtol=1e-12)


def test_same_quantity_with_smaller_khat(fitted: Fitted):
    """Both targets of a row are leave-one-row-out; integrating makes k̂ smaller."""
    fit = fitted("sleepstudy_us")
    row, known = fit.loo(), fit.loo("row_in_known_group")
    assert known.units["khat"].max() < row.units["khat"].max()
    fine = (row.units["khat"] < 0.5).to_numpy()
    np.testing.assert_allclose(row.units["elpd"][fine], known.units["elpd"][fine], atol=0.15)
    assert known.p < row.p


def test_new_group_is_a_density_of_all_rows(fitted: Fitted):
    fit = fitted("cbpp")
    new = fit.loo("new_group")
    assert new.units["unit"].tolist() == list(fit.model.blocks[0].levels) and new.units["rows"].sum() == 56
    assert new.group == "herd" and "Gauss–Hermite" in new.method and new.error < 0.01
    assert "a new level of herd" in repr(new) and "Pareto k̂" in repr(new)


def test_refits_agree_with_importance_sampling():
    """Leave-one-group-out by PSIS beside real refits without each group in turn, within Monte-Carlo error."""
    fit = small(draws=1000)
    approximate = fit.loo("new_group")
    exact = fit.reloo(approximate, threshold=-1.0, seed=2)
    assert set(exact.units["verdict"]) == {"refitted"}
    fine = (approximate.units["khat"] < 0.7).to_numpy()
    assert fine.sum() >= 4
    np.testing.assert_allclose(approximate.units["elpd"][fine], exact.units["elpd"][fine], atol=0.25)
    assert exact.elpd + exact.p == pytest.approx(approximate.elpd + approximate.p)


def test_kfold_of_single_groups_is_leave_one_group_out():
    fit = small(draws=1000)
    parts = fit.kfold(6, group="g", seed=1)
    exact = fit.reloo(fit.loo("new_group"), threshold=-1.0, seed=2)
    # the mean of a density over draws has a heavy tail for a group far from others: 0.15 to 0.2 of Monte-Carlo error
    np.testing.assert_allclose(parts.units["elpd"], exact.units["elpd"], rtol=0.04)
    assert parts.target == "new_group" and sorted(parts.units["fold"]) == list(range(6)) and np.isnan(parts.p)


def test_kfold_through_an_executor():
    fit = small(draws=100)
    with ThreadPoolExecutor(2) as executor:
        there = fit.kfold(2, seed=1, executor=executor)
    here = fit.kfold(2, seed=1)
    np.testing.assert_allclose(there.units["elpd"], here.units["elpd"])
    assert there.units["fold"].value_counts().tolist() == [12, 12]


def test_folds_are_balanced(fitted: Fitted):
    fit = small(draws=50)
    by_group = folds_of(fit, 3, "g", None, 1)
    codes = fit.model.groups["g"][0].codes
    assert all(len(set(by_group[codes == j])) == 1 for j in range(6)) and np.bincount(by_group).tolist() == [8, 8, 8]
    spread = folds_of(fit, 2, None, "g", 1)
    assert all(np.bincount(spread[codes == j], minlength=2).tolist() == [2, 2] for j in range(6))
    assert not np.array_equal(folds_of(fit, 3, None, None, 1), folds_of(fit, 3, None, None, 2))


def test_subset_is_the_same_model_of_fewer_rows():
    fit = small("y ~ scale(x) + (1 | g)", draws=50)
    part = subset(fit.model, np.arange(4, 24))
    assert part.design.n == 20 and part.responses[0].y.tolist() == fit.model.responses[0].y[4:].tolist()
    np.testing.assert_array_equal(part.predictors[0].X, fit.model.predictors[0].X[4:])  # scaled as it was
    assert part.priors().equals(fit.model.priors()) and part.blocks[0].levels == fit.model.blocks[0].levels
    with pytest.raises(hl.ModelError, match="needs some of its rows"):
        subset(fit.model, np.array([], dtype=int))
    with pytest.raises(hl.ModelError, match="Positions lie between 0 and 23"):
        subset(fit.model, np.array([24]))


def test_level_without_rows_is_the_population():
    """Effects of a level whose rows are left out: N(0, sd²) over the draws."""
    fit = small(draws=1000)
    part = subset(fit.model, np.arange(4, 24)).fit(draws=2000, chains=2, seed=3, progress=False)
    gone = part.posterior["r_g"].sel(level_g="g0").to_numpy().ravel() / part.posterior["sd_g"].to_numpy().ravel()
    assert abs(gone.mean()) < 0.08 and abs(gone.std() - 1) < 0.06  # four standard errors of independent draws, and more


def test_compare_ranks_and_warns(fitted: Fitted):
    slopes = fitted("sleepstudy_us")
    flat = hl.Model("Reaction ~ Days + (1 | Subject)", hl.load_data("sleepstudy")).fit(
        draws=500, chains=2, seed=1, progress=False
    )
    found = hl.compare({"slopes": slopes, "intercepts": flat}, target="row_in_known_group")
    assert found.frame.index.tolist() == ["slopes", "intercepts"]
    d = flat.loo("row_in_known_group").units["elpd"] - slopes.loo("row_in_known_group").units["elpd"]
    assert found.frame.loc["intercepts", "elpd_diff"] == pytest.approx(d.sum())
    assert found.frame.loc["intercepts", "se_diff"] == pytest.approx(np.sqrt(180 * d.var(ddof=0)), rel=0.01)
    assert found.frame["weight"].sum() == pytest.approx(1) and found.frame.loc["slopes", "weight"] > 0.5
    by_group = hl.compare([slopes, flat], target="new_group")
    assert any("fewer than 100 units (18)" in n for n in by_group.notes) and "Reaction ~ Days" in repr(by_group)
    same = hl.compare(
        {
            "a": slopes.loo(),
            "b": replace(slopes.loo(), units=slopes.loo().units.assign(elpd=lambda u: u["elpd"] - 0.01)),
        }
    )
    assert any("below 4 is small" in n for n in same.notes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "groups"}, "There is no target 'groups'"),
        ({"target": "new_group", "group": "h"}, "no grouping 'h'"),
        ({"target": "row", "group": "Subject"}, "target='row' has no group"),
    ],
)
def test_targets_that_are_refused(fitted: Fitted, options: dict, message: str):
    with pytest.raises(hl.PosteriorError, match=message):
        fitted("sleepstudy_us").loo(**options)


def test_group_target_without_groups_and_with_several(fitted: Fitted):
    with pytest.raises(hl.PosteriorError, match="several groupings.*\n.*plate, sample"):
        fitted("penicillin").loo("new_group")
    plain = small("y ~ x", draws=50)
    with pytest.raises(hl.PosteriorError, match='no group terms.*\n.*target="row"'):
        plain.loo("new_group")
    with pytest.raises(hl.PosteriorError, match="group='g' asks about groups.*\n.*without group="):
        plain.kfold(3, group="g")
    with pytest.raises(hl.PosteriorError, match="update_group asks about groups"):
        plain.update_group({"y": [1.0], "x": [0.0]})
    with pytest.raises(hl.PosteriorError, match="'plain': target='new_group' asks about groups"):
        hl.compare({"groups": small(draws=50), "plain": plain}, target="new_group")


def test_compare_refuses_other_data(fitted: Fitted):
    one = small(draws=50)
    other_rows = small(levels=5, draws=50)
    with pytest.raises(hl.PosteriorError, match="different rows: 24 and 20"):
        hl.compare([one, other_rows])
    with pytest.raises(hl.PosteriorError, match="different values of 'y' \\(row 0 first"):
        hl.compare([one, small(seed=4, draws=50)])
    with pytest.raises(hl.PosteriorError, match="is a model of y.*exp"):
        hl.compare([one, small("exp(y) ~ x + (1 | g)", draws=50)])
    with pytest.raises(hl.PosteriorError, match="for the target row.*new_group of g"):
        hl.compare([one.loo(), one.loo("new_group")])
    with pytest.raises(hl.PosteriorError, match="two models at least"):
        hl.compare([one])
    with pytest.raises(hl.PosteriorError, match="several models"):
        hl.compare(one)
    with pytest.raises(hl.PosteriorError, match="neither a fit"):
        hl.compare([one, "other"])


def test_compare_refuses_probabilities_beside_densities():
    y = np.array([1, 2, 3, 4, 2, 1, 5, 3])
    fits = [
        hl.Model("y ~ 1", {"y": y}, f).fit(draws=50, chains=1, seed=1, progress=False) for f in ("poisson", "gaussian")
    ]
    with pytest.raises(hl.PosteriorError, match="probabilities in one"):
        hl.compare(fits)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": 1}, "from 2 to 24, the number of rows"),
        ({"k": 7, "group": "g"}, "from 2 to 6, the number of levels of g"),
        ({"group": "h"}, "no grouping 'h'"),
        ({"stratify": "z"}, "no column of this model"),
        ({"stratify": "x"}, "stratified by a factor"),
        ({"k": 2, "drwas": 10}, "no option 'drwas'"),
        ({"k": 2, "group": "g", "stratify": "f"}, "varies within levels"),
    ],
)
def test_folds_that_are_refused(arguments: dict, message: str):
    fit = small("y ~ x + f + (1 | g)", draws=50)
    with pytest.raises(hl.PosteriorError, match=message):
        fit.kfold(**arguments)


def test_reloo_refuses_too_many_and_other_fits(fitted: Fitted):
    fit = small(draws=50)
    with pytest.raises(hl.PosteriorError, match="more than most=2 refits"):
        fit.reloo(threshold=-1.0, most=2)
    with pytest.raises(hl.PosteriorError, match="not leave-one-out of this fit"):
        fit.reloo(fitted("cbpp").loo())


def test_weights():
    weights, khat = weights_of(np.zeros(100))
    assert khat == -np.inf and weights.sum() == pytest.approx(1)
    x = np.random.default_rng(1).standard_normal(4000)
    weights, khat = weights_of(0.5 * x)  # from N(0, 1) to N(½, 1)
    assert weights @ x == pytest.approx(0.5, abs=0.08) and khat < good_k(4000)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "group"), [("sleepstudy_us", "Subject"), ("cbpp", "herd")])
def test_every_group_left_out_in_turn(fitted: Fitted, name: str, group: str):
    """All groups of real data: importance sampling against refits, where k̂ is good."""
    fit = fitted(name).model.fit(seed=1, progress=False)
    psis = fit.loo("new_group", group=group)
    exact = fit.reloo(psis, threshold=-np.inf, seed=2)
    fine = (psis.units["khat"] < 0.6).to_numpy()
    assert fine.sum() > 0.6 * len(fine)
    difference = (psis.units["elpd"] - exact.units["elpd"])[fine]
    assert np.abs(difference).max() < 0.25 and abs(difference.mean()) < 0.05
