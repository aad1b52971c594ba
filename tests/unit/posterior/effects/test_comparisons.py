"""Comparisons, slopes, marginal means and their contrasts: identities, derivatives by hand, bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import expit

import hierlm as hl
from hierlm import names
from hierlm.families.cumulative import Cumulative
from hierlm.posterior import comparisons, contrasts, marginal_means, predictions, slopes
from tests.synthetic import synthetic_fit
from tests.unit.posterior.effects.test_targets import N, eta_and_variance, fit, table


def draws(answer: Any) -> np.ndarray:
    """(sample, row)."""
    return answer.draws.to_numpy().reshape(-1, answer.draws.sizes["effect"])


def test_odds_ratio_of_a_logit_model_without_groups_is_exp_b() -> None:
    made = fit("b ~ x + f", family="bernoulli")
    b = made.posterior["b"]
    found = comparisons(made, {"x": 1.5, "f": "reference"}, grid={"x": [-1.0, 0.3]}, measure="odds_ratio")
    table = found.table
    assert table["contrast"].tolist() == ["+1.5", "+1.5", "b vs a", "b vs a", "c vs a", "c vs a"]
    for row, (label, step) in enumerate([("x", 1.5)] * 2 + [("f[b]", 1.0)] * 2 + [("f[c]", 1.0)] * 2):
        exact = np.exp(step * b.sel(coef=label).to_numpy().reshape(-1))
        np.testing.assert_allclose(draws(found)[:, row], exact, rtol=1e-9)
    assert found.null == 1.0


def test_difference_is_that_of_predictions() -> None:
    made = fit("c ~ x * f + (x | g)", family="poisson")
    for target in ("given", "typical", "population"):
        hi, lo = (predictions(made, table().assign(x=x), by="f", target=target) for x in (2.0, -1.0))
        found = comparisons(made, {"x": (-1, 2)}, by="f", target=target)
        # the integral's rule is chosen for each question, so they agree as far as it is exact
        np.testing.assert_allclose(draws(found), draws(hi) - draws(lo), rtol=2e-5 if target == "population" else 1e-9)
        assert found.table["f"].tolist() == ["a", "b", "c"]


def test_units_of_a_number() -> None:
    made = fit("y ~ x + (1 | g)")
    b, x = made.posterior["b"].sel(coef="x").to_numpy().reshape(-1), table()["x"]
    widths = {
        None: 1.0,
        -2: -2.0,
        "sd": x.std(),
        "2sd": 2 * x.std(),
        "iqr": x.quantile(0.75) - x.quantile(0.25),
        "minmax": x.max() - x.min(),
        (1, 4): 3.0,
    }
    for asked, width in widths.items():
        np.testing.assert_allclose(draws(comparisons(made, {"x": asked}))[:, 0], b * width, rtol=1e-9)
    assert comparisons(made, {"x": [(0, 1), (0, 2)]}).table["contrast"].tolist() == ["1 − 0", "2 − 0"]


def test_functions_and_the_order_of_averaging() -> None:
    made = fit("c ~ x + f + (1 | g)", family="poisson")
    hi, lo = (draws(predictions(made, table().assign(x=v), by=False, target="typical")) for v in (1.0, 0.0))
    of = {
        how: draws(comparisons(made, {"x": (0, 1)}, measure=lambda a, b: a**2 / b, of=how, target="typical"))[:, 0]
        for how in ("averages", "rows")
    }
    np.testing.assert_allclose(of["averages"], hi.mean(axis=1) ** 2 / lo.mean(axis=1), rtol=1e-9)
    np.testing.assert_allclose(of["rows"], (hi**2 / lo).mean(axis=1), rtol=1e-9)
    lift, ratio, log = (draws(comparisons(made, "x", measure=m)) for m in ("lift", "ratio", "log_ratio"))
    np.testing.assert_allclose(lift, ratio - 1, rtol=1e-9)
    np.testing.assert_allclose(log, np.log(ratio), atol=1e-12)
    odd = comparisons(fit("b ~ x", family="bernoulli"), "x", measure="log_odds_ratio")
    assert odd.null == 0.0 and "p_direction" in odd.table


def test_pairs_of_levels() -> None:
    made = fit("y ~ f")
    each = draws(predictions(made, grid={"f": ["a", "b", "c"]}))
    pairwise = draws(comparisons(made, {"f": "pairwise"}))
    np.testing.assert_allclose(pairwise, each[:, [1, 2, 2]] - each[:, [0, 0, 1]], atol=1e-12)
    sequential = draws(comparisons(made, {"f": "sequential"}))
    np.testing.assert_allclose(sequential, each[:, [1, 2]] - each[:, [0, 1]], atol=1e-12)
    one = comparisons(made, {"f": ("c", "a")})
    np.testing.assert_allclose(draws(one)[:, 0], each[:, 0] - each[:, 2], atol=1e-12)


def test_probability_of_direction() -> None:
    found = comparisons(fit("y ~ x + f"), "x")
    b = draws(found)[:, 0]
    assert found.table["p_direction"][0] == max((b > 0).mean(), (b < 0).mean())


@pytest.mark.parametrize("x", [-0.7, 1.3])
def test_slopes_are_derivatives(x: float) -> None:
    """d/dx of a logit curve with a square, and of a population average: exp(η + v/2)(η' + v'/2)."""
    made = fit("b ~ x + I(x**2)", family="bernoulli")
    b = made.posterior["b"].to_numpy().reshape(-1, 3)
    p = expit(b @ [1, x, x**2])
    exact = p * (1 - p) * (b[:, 1] + 2 * b[:, 2] * x)
    np.testing.assert_allclose(draws(slopes(made, "x", grid={"x": [x]}))[:, 0], exact, atol=1e-7)
    made = fit("c ~ x + (x | g)", family="poisson", values={"sd_g": [0.3, 0.2]})
    eta, v = eta_and_variance(made, x)
    sd = made.posterior["sd_g"].to_numpy().reshape(-1, 2)
    rho = made.posterior["cor_g"].to_numpy().reshape(-1, 2, 2)[:, 0, 1]
    steep = made.posterior["b"].to_numpy().reshape(-1, 2)[:, 1]
    exact = np.exp(eta + v / 2) * (steep + rho * sd[:, 0] * sd[:, 1] + x * sd[:, 1] ** 2)
    np.testing.assert_allclose(draws(slopes(made, "x", grid={"x": [x]}))[:, 0], exact, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(draws(slopes(made, "x", scale="link"))[:, 0], steep, rtol=1e-9)


def test_slopes_of_a_spline_at_the_ends_of_the_data() -> None:
    made = fit("y ~ bs(x, df=5)")
    ends = [table()["x"].min(), table()["x"].max()]
    assert np.isfinite(draws(slopes(made, "x", grid={"x": ends}))).all()


def test_slopes_by_group_are_the_groups_own() -> None:
    made = fit("y ~ x + (x | g)")
    own = made.posterior["b"].sel(coef="x") + made.posterior["r_g"].sel(effect_g="x")
    found = slopes(made, "x", by="g")
    np.testing.assert_allclose(found.draws.to_numpy(), own.to_numpy(), rtol=1e-7, atol=1e-9)


def test_marginal_means_by_hand() -> None:
    frame = table().assign(k=np.resize(["u", "u", "v", "u", "v"], len(table())))
    made = synthetic_fit(hl.Model("y ~ f * k + x", frame), chains=2, draws=10)
    b = {str(c): made.posterior["b"].sel(coef=c).to_numpy().reshape(-1) for c in made.posterior["coef"].to_numpy()}

    def cell(f: str, k: str) -> np.ndarray:
        eta = b["Intercept"] + b["x"] * frame["x"].mean()
        eta = eta + (b[f"f[{f}]"] if f != "a" else 0) + (b["k[v]"] if k == "v" else 0)
        return eta + (b[f"f[{f}]:k[v]"] if f != "a" and k == "v" else 0)

    balanced = marginal_means(made, "f")
    share = (frame["k"] == "v").mean()
    weighted = marginal_means(made, "f", weights="data")
    for row, f in enumerate("abc"):
        np.testing.assert_allclose(draws(balanced)[:, row], (cell(f, "u") + cell(f, "v")) / 2, rtol=1e-10)
        np.testing.assert_allclose(
            draws(weighted)[:, row], (1 - share) * cell(f, "u") + share * cell(f, "v"), rtol=1e-10
        )
    assert "Averaged over k with equal weights" in repr(balanced) and "the data" in repr(weighted)
    held = marginal_means(made, ["f", "k"], at={"x": 2.0})
    np.testing.assert_allclose(draws(held)[:, 3], cell("b", "v") + b["x"] * (2.0 - frame["x"].mean()), rtol=1e-10)

    both = marginal_means(made, ["f", "k"])
    inter = contrasts(both, "pairwise", interaction=True)
    assert inter.table["contrast"].tolist() == ["b − a × v − u", "c − a × v − u", "c − b × v − u"]
    np.testing.assert_allclose(draws(inter)[:, 0], b["f[b]:k[v]"], atol=1e-10)
    within = contrasts(both, "reference", of="f")
    assert within.table[["contrast", "k"]].to_numpy().tolist() == [
        ["b − a", "u"], ["c − a", "u"], ["b − a", "v"], ["c − a", "v"],
    ]  # fmt: skip
    np.testing.assert_allclose(draws(within)[:, 3], cell("c", "v") - cell("a", "v"), atol=1e-10)
    own = contrasts(balanced, {"c against the others": {"c": 1, "a": -0.5, "b": -0.5}})
    m = draws(balanced)
    np.testing.assert_allclose(draws(own)[:, 0], m[:, 2] - (m[:, 0] + m[:, 1]) / 2, atol=1e-12)
    poly = contrasts(balanced, "polynomial")
    np.testing.assert_allclose(draws(poly), m @ np.array([[-1, 0, 1], [1, -2, 1]]).T / np.sqrt([2, 6]), atol=1e-12)


def test_ordinal_responses_have_a_row_per_category() -> None:
    frame = table().assign(
        o=pd.Categorical(np.resize(["low", "mid", "high"], 48), ["low", "mid", "high"], ordered=True)
    )
    model = hl.Model("o ~ x + f + (1 | g)", frame, Cumulative())
    rng, size = np.random.default_rng(3), (2, 10)
    arrays = {
        "b": (("coef",), rng.normal(size=(*size, len(model.predictors[0].labels)))),
        "thresholds": ((names.element_dim("thresholds"),), np.sort(rng.normal(size=(*size, 2)))),
        "sd_g": (("effect_g",), rng.uniform(0.2, 1, (*size, 1))),
        "r_g": (("level_g", "effect_g"), rng.normal(size=(*size, 8, 1))),
    }
    coords = {
        "coef": list(model.predictors[0].labels),
        names.element_dim("thresholds"): list(model.responses[0].elements["thresholds"]),
        "level_g": list(model.groups["g"][0].levels),
        "effect_g": ["Intercept"],
    }
    posterior = xr.Dataset({k: (("chain", "draw", *dims), v) for k, (dims, v) in arrays.items()}, coords)
    posterior = posterior.assign_coords(chain=[0, 1], draw=range(10))
    made = hl.Fit(model, xr.DataTree.from_dict({"posterior": posterior}))
    found = predictions(made, by="f")
    assert found.table["category"].tolist() == ["low", "mid", "high"] * 3
    np.testing.assert_allclose(found.table["mean"].to_numpy().reshape(3, 3).sum(axis=1), 1.0, rtol=1e-8)
    change = comparisons(made, {"f": ("a", "b")})
    np.testing.assert_allclose(draws(change).sum(axis=1), 0.0, atol=1e-8)
    steep = slopes(made, "x", grid={"x": [0.0]}, target="typical")
    np.testing.assert_allclose(draws(steep).sum(axis=1), 0.0, atol=1e-8)


def test_levels_of_a_grouping() -> None:
    """Named by a comparison or a grid they are compared with their own effects."""
    made = fit("y ~ x + f + (x | g) + (1 | h)")
    post, at = made.posterior["r_g"], table()["x"].mean()
    own = {g: post.sel(level_g=g, effect_g="Intercept") + at * post.sel(level_g=g, effect_g="x") for g in ("g1", "g2")}
    found = comparisons(made, {"g": ("g1", "g2")}, target={"g": "given", "h": "typical"})
    np.testing.assert_allclose(found.draws.to_numpy()[..., 0], (own["g2"] - own["g1"]).to_numpy(), atol=1e-9)
    assert "Target: given" in repr(comparisons(made, {"g": ("g1", "g2")}))
    assert "Target: given" in repr(predictions(made, grid={"g": ["g1"], "h": ["p"]}))
    nested = fit("y ~ x + f + (1 | h/f)")
    assert "Target: population" in repr(predictions(nested, by="f"))  # a common effect, and part of a grouping
    assert "Target: given" in repr(predictions(nested, by=["h", "f"]))


def test_numbers_that_tell_groups_apart() -> None:
    made = synthetic_fit(hl.Model("y ~ x + (1 | k)", table().assign(k=np.repeat(np.arange(8) + 300, 6))), draws=5)
    with pytest.raises(hl.PredictionError, match="'k' only tells which group.*no steps") as caught:
        comparisons(made, "k")
    assert "'k': (300, 301)" in caught.value.hint
    with pytest.raises(hl.PredictionError, match="nothing is steep"):
        slopes(made, "k", target="given")
    found = comparisons(made, {"k": (300, 303)})
    r = made.posterior["r_k"].to_numpy()[..., 0]
    np.testing.assert_allclose(found.draws.to_numpy()[..., 0], r[..., 3] - r[..., 0], atol=1e-9)


def test_columns_of_other_formulas() -> None:
    """A comparison in a column that cannot matter would be zero, and is refused."""
    made = fit(["y ~ x + (1 | a | g)", "c ~ f + (1 | a | g)"], family=["gaussian", "poisson"])
    for ask in (lambda: comparisons(made, "f", response="y"), lambda: marginal_means(made, "f", response="y")):
        with pytest.raises(hl.PredictionError, match="does not depend on 'f'") as caught:
            ask()
        assert "depends on x, g" in caught.value.hint
    made = fit(["y ~ x", "sigma ~ f"])
    with pytest.raises(hl.PredictionError, match="does not depend on 'f'"):
        comparisons(made, "f")
    found = comparisons(made, {"f": ("a", "b")}, scale="link", parameter="sigma")
    np.testing.assert_allclose(draws(found)[:, 0], made.posterior["b_sigma"].sel(coef_sigma="f[b]").to_numpy().ravel())


def test_booleans_stay_booleans() -> None:
    made = synthetic_fit(hl.Model("y ~ x * ok", table().assign(ok=table()["x"] > 0.2)), draws=5)
    found = predictions(made, by="ok").table
    assert found["ok"].tolist() == [False, True] and found["ok"].dtype == bool
    assert contrasts(marginal_means(made, "ok")).table["contrast"].tolist() == ["True − False"]


def test_means_with_a_cell_missing_are_not_contrasted() -> None:
    frame = table().assign(k=np.resize(["u", "u", "v", "u", "v"], N))
    made = synthetic_fit(hl.Model("y ~ f + k", frame[(frame["f"] != "c") | (frame["k"] != "v")]), draws=5)
    with pytest.raises(hl.PredictionError, match="no rows at f = c, k = v") as caught:
        contrasts(predictions(made, by=["f", "k"]), of="f")
    assert "marginal_means" in caught.value.hint
    assert len(contrasts(marginal_means(made, ["f", "k"]), of="f").table) == 6


def test_a_grid_says_where_the_other_columns_are() -> None:
    found = predictions(fit("y ~ x + f + offset(log(n)) + (1 | g)"), grid={"x": [0, 1]})
    assert f"elsewhere f = a, n = {table()['n'].mean():.4g}" in repr(found)


BAD: dict[str, tuple[Any, str, str]] = {
    "no such column": (lambda f: comparisons(f, "z"), "'z' is no column", "Known: x, f"),
    "levels of a number": (lambda f: comparisons(f, {"x": "pairwise"}), "is a number", "slopes"),
    "step of a factor": (lambda f: comparisons(f, {"f": 1}), "is a factor", "pairwise"),
    "no such level": (lambda f: comparisons(f, {"f": ("a", "z")}), "no level 'z'", "Known"),
    "no change": (lambda f: comparisons(f, {"x": 0}), "with itself", "step"),
    "odd change": (lambda f: comparisons(f, {"x": "sdd"}), "no change of a number", "'sd'"),
    "not a pair": (lambda f: comparisons(f, {"x": [(1, 2, 3)]}), "cannot be compared at", "pair"),
    "measure": (lambda f: comparisons(f, "x", measure="diff"), "measure='diff'", "difference"),
    "odds of counts": (lambda f: comparisons(f, "x", measure="odds_ratio"), "needs probabilities", "difference"),
    "a sum": (lambda f: comparisons(f, "x", measure=lambda hi, lo: hi.sum()), "shape", "every element"),
    "nothing": (lambda f: comparisons(f, []), "No column is named", "comparisons"),
    "order": (lambda f: comparisons(f, "x", of="all"), "of='all'", "averages"),
    "slope of a factor": (lambda f: slopes(f, "f"), "factor, which has no slope", "comparisons"),
    "means of a number": (lambda f: marginal_means(f, "x"), "is a number", "slopes"),
    "means of groups": (lambda f: marginal_means(f, "g"), "which group", "predictions"),
    "means given": (lambda f: marginal_means(f, "f", target="given"), "no levels are given", "population"),
    "contrast of rows": (lambda f: contrasts(predictions(f, by=False)), "means by factors", "marginal_means"),
    "contrast of a fit": (lambda f: contrasts(f), "not of a Fit", "marginal_means"),
    "weights": (lambda f: contrasts(marginal_means(f, "f"), {"odd": {"a": 1}}), "add up to 1", "taken away"),
    "method": (lambda f: contrasts(marginal_means(f, "f"), "tukey"), "method='tukey'", "pairwise"),
    "ratio of polynomials": (
        lambda f: contrasts(marginal_means(f, "f"), "polynomial", measure="ratio"), "Only differences", "difference",
    ),
    "at two values": (lambda f: marginal_means(f, "f", at={"x": [0, 1]}), "at one value", "grid"),
    "a grid of a million": (lambda f: predictions(f, grid={"x": range(10**6)}), "1,000,000 rows", "average over the data"),
    "groups of a population": (
        lambda f: comparisons(f, {"g": ("g1", "g2")}, target="population"), "nothing changes with it", "target='given'",
    ),
    "interaction of one": (lambda f: contrasts(marginal_means(f, "f"), interaction=True), "two factors", "both"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case: str) -> None:
    ask, message, hint = BAD[case]
    with pytest.raises(hl.HierlmError, match=message) as caught:
        ask(fit("c ~ x + f + (x | g)", family="poisson"))
    assert hint in caught.value.hint
