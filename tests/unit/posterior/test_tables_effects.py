"""summary, fixef, ranef, coef: names belong to their values, and the identities between them."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, strategies as st

import hierlm as hl
from hierlm.posterior import draws as draws_module
from hierlm.posterior.draws import effect_draws
from hierlm.posterior.intervals import describe, interval
from tests.synthetic import synthetic_fit
from tests.unit.posterior.tables import MODELS, fit, frame, model

ESTIMATES = ["mean", "sd", "lower", "upper"]


def estimates(values: np.ndarray, level: float = 0.95) -> list[float]:
    """Mean, sd and equal-tailed interval of draws, by another route than the package."""
    sample = pd.Series(np.asarray(values).ravel())
    return [sample.mean(), sample.std(), sample.quantile((1 - level) / 2), sample.quantile((1 + level) / 2)]


# ------------------------------------------------------------------------------------------------- intervals
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60),
    st.floats(0.01, 0.99),
)
def test_the_shortest_interval_is_the_shortest(values: list[float], level: float):
    x = np.sort(np.array(values))
    lower, upper = interval(np.array(values), level, "hdi")
    need = int(np.ceil(level * len(x)))
    assert np.sum((x >= lower) & (x <= upper)) >= need
    widths = [x[i + need - 1] - x[i] for i in range(len(x) - need + 1)]
    assert upper - lower == pytest.approx(min(widths))


def test_intervals_are_elementwise():
    x = np.random.default_rng(0).normal(size=(40, 3, 2))
    for kind in ("eti", "hdi"):
        lower, upper = interval(x, 0.8, kind)
        for i in range(3):
            for j in range(2):
                one = interval(x[:, i, j], 0.8, kind)
                assert (lower[i, j], upper[i, j]) == one


def test_a_single_draw_has_no_spread():
    found = describe(np.array([[3.0]]))
    assert {k: v.item() for k, v in found.items()} == {"mean": 3, "sd": 0, "lower": 3, "upper": 3}


@pytest.mark.parametrize("level", [0, 1, 95, -0.1, float("nan"), True, "0.9"])
def test_a_level_is_a_probability(level: object):
    for question in (hl.summary, hl.fixef, hl.ranef, hl.coef, hl.varcorr, hl.icc, hl.r2):
        with pytest.raises(hl.PosteriorError, match="level"):
            question(fit("us"), level=level)


def test_kinds_of_intervals_are_known():
    with pytest.raises(hl.PosteriorError, match="hdi"):
        hl.fixef(fit("us"), kind="hpd")


# ------------------------------------------------------------------------------------------------- summary
def test_summary_rows_and_values():
    f = fit("us")
    s = hl.summary(f, level=0.9).frame
    post = f.posterior
    expected = {
        "b[Intercept]": post["b"].sel(coef="Intercept"),
        "b[x]": post["b"].sel(coef="x"),
        "sd_g[Intercept]": post["sd_g"].sel(effect_g="Intercept"),
        "sd_g[x]": post["sd_g"].sel(effect_g="x"),
        "cor_g[Intercept, x]": post["cor_g"].sel(effect_g="Intercept", effect2_g="x"),
        "sigma": post["sigma"],
    }
    assert list(s.index) == list(expected)
    for name, values in expected.items():
        assert s.loc[name, ESTIMATES].tolist() == pytest.approx(estimates(values, 0.9))
    assert s.attrs == {"level": 0.9, "kind": "eti"}


def test_summary_agrees_with_arviz():
    import arviz_stats as azs

    f = fit("us", draws=200)
    ours = hl.summary(f, level=0.9).frame
    theirs = azs.summary(f.posterior[["b", "sd_g", "sigma"]], ci_prob=0.9, ci_kind="eti", round_to="none")
    same = ["mean", "sd", "ess_bulk", "r_hat", "mcse_mean"]
    for name in ("b[Intercept]", "b[x]", "sd_g[x]", "sigma"):
        assert ours.loc[name, same].tolist() == pytest.approx(theirs.loc[name, same].astype(float).tolist())
        assert ours.loc[name, ["lower", "upper"]].tolist() == pytest.approx(
            theirs.filter(like="eti").loc[name].tolist()
        )
    tail = azs.ess(f.posterior["sigma"], method="tail", prob=(0.05, 0.95))
    assert ours.loc["sigma", "ess_tail"] == pytest.approx(float(tail))


@pytest.mark.parametrize("name", MODELS)
def test_every_model_has_its_tables(name: str):
    f = fit(name)
    rows = hl.summary(f, groups=True).frame
    assert rows.index.is_unique
    fixed = {a.name for a in f.model.assignments if type(a.prior).__name__ == "Fixed"}
    free = rows[~rows.index.isin([*fixed, *(k for a in f.model.assignments if a.name in fixed for k in a.keys)])]
    assert np.isfinite(free.to_numpy()).all()
    assert np.isfinite(rows[ESTIMATES].to_numpy()).all()
    for question in (hl.fixef, hl.ranef, hl.coef):
        found = question(f)
        assert np.isfinite(found[ESTIMATES].to_numpy()).all()
        assert found.attrs["level"] == 0.95
    levels = sum(len(b.levels) * len(b.effects) for b in f.model.blocks)
    assert len(hl.ranef(f)) == len(hl.coef(f)) == levels


@pytest.mark.parametrize(("name", "pairs"), [("us", 1), ("idh", 0), ("us3", 3), ("cor", 3), ("corh", 3), ("idv", 0)])
def test_each_correlation_is_there_once(name: str, pairs: int):
    rows = hl.summary(fit(name)).frame.index
    assert sum(r.startswith("cor_g[") for r in rows) == pairs
    assert sum(r.startswith("sd_g[") for r in rows) == {"cor": 0, "us": 2, "idh": 2}.get(name, 3)


def test_group_effects_on_request():
    f = fit("us")
    assert not any(r.startswith("r_") for r in hl.summary(f).frame.index)
    row = hl.summary(f, groups=True).frame.loc["r_g[s3, x]"]
    assert row[ESTIMATES].tolist() == pytest.approx(estimates(f.posterior["r_g"].sel(level_g="s3", effect_g="x")))


def test_variables_by_name_and_by_row():
    f = fit("us")
    assert list(hl.summary(f, parameters=["b"]).frame.index) == ["b[Intercept]", "b[x]"]
    assert list(hl.summary(f, parameters=["sd_g[x]", "sigma"]).frame.index) == ["sd_g[x]", "sigma"]
    assert list(hl.summary(f, parameters="sigma").frame.index) == ["sigma"]
    assert len(hl.summary(f, parameters=["r_g"]).frame) == 12
    assert list(hl.summary(f, parameters=["r_g[s1, x]"]).frame.index) == ["r_g[s1, x]"]
    assert len(hl.summary(f, parameters=[]).frame) == 0
    with pytest.raises(hl.PosteriorError, match=r"sd_g\[x\]"):
        hl.summary(f, parameters=["sd_g[z]"])


def test_patterns_are_looked_for_in_rows():
    f = fit("us")
    assert list(hl.summary(f, parameters=re.compile("^sd_")).frame.index) == ["sd_g[Intercept]", "sd_g[x]"]
    found = hl.summary(f, parameters=[re.compile(r"s[12], x\]$"), "sigma"]).frame
    assert list(found.index) == ["sigma", "r_g[s1, x]", "r_g[s2, x]"]
    with pytest.raises(hl.PosteriorError, match="The pattern 'sd_h' is in no name"):
        hl.summary(f, parameters=re.compile("sd_h"))


def test_effects_are_not_read_where_nobody_asks(monkeypatch):
    """Draws of effects may be made on demand, and are large."""
    f = fit("us")
    seen = []
    monkeypatch.setattr(draws_module, "effect_draws", lambda fit, group: seen.append(group) or effect_draws(fit, group))
    hl.summary(f, parameters=["sigma", re.compile("^b")])
    f.hypothesis("b[x] > 0")
    assert not seen
    hl.summary(f, parameters=["r_g[s1, x]"])
    assert seen == ["g"]


def test_a_fixed_parameter_that_the_sampler_left_out_is_still_shown():
    f = fit("fixed")
    bare = hl.Fit(f.model, xr.DataTree.from_dict({"posterior": f.posterior.drop_vars(["sigma", "sd_g"])}))
    for question in (lambda q: hl.summary(q).frame, lambda q: hl.varcorr(q).frame, hl.icc):
        pd.testing.assert_frame_equal(question(bare), question(f))
    row = hl.summary(bare).frame.loc["sigma"]
    assert (row["mean"], row["sd"]) == (2.0, 0.0)


# ------------------------------------------------------------------------------------------------- names and values
def permuted(f: hl.Fit, seed: int) -> hl.Fit:
    """The same draws with every labelled dimension in another order."""
    rng = np.random.default_rng(seed)
    post = f.posterior
    order = {d: rng.permutation(n) for d, n in post.sizes.items() if d not in ("chain", "draw")}
    return hl.Fit(f.model, xr.DataTree.from_dict({"posterior": post.isel(order).transpose(..., "draw", "chain")}))


@pytest.mark.parametrize("name", ["us", "us3", "cells", "sigma", "several", "units", "cor"])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_order_of_labels_does_not_matter(name: str, seed: int):
    f = fit(name)
    other = permuted(f, seed)
    one, two = hl.summary(f, groups=True).frame, hl.summary(other, groups=True).frame
    assert set(one.index) == set(two.index)
    pd.testing.assert_frame_equal(one[ESTIMATES], two.loc[one.index, ESTIMATES])
    keys = ["group", "level", "effect"]
    for question in (hl.ranef, hl.coef):
        a, b = (question(q).set_index(keys) for q in (f, other))
        pd.testing.assert_frame_equal(a, b.loc[a.index])
    for question in (hl.icc, hl.r2, lambda q: hl.varcorr(q).frame):
        pd.testing.assert_frame_equal(question(f), question(other))
    a, b = hl.shrinkage(f).levels, hl.shrinkage(other).levels
    a, b = a.set_index(keys), b.set_index(keys)
    pd.testing.assert_frame_equal(a, b.loc[a.index])


# ------------------------------------------------------------------------------------------------- coef
@pytest.mark.parametrize("name", ["us", "reversed", "idh", "cells", "sigma", "several", "alone"])
def test_coef_is_fixef_plus_ranef(name: str):
    f = fit(name)
    common = {(p, e): v for p, e, v in hl.fixef(f)[["parameter", "effect", "mean"]].itertuples(index=False)}
    both = hl.coef(f).merge(hl.ranef(f), on=["group", "level", "effect"], suffixes=("", "_r"))
    for row in both.itertuples():
        parameter, effect = ("sigma", row.effect[6:]) if row.effect.startswith("sigma:") else ("mu", row.effect)
        assert row.mean == pytest.approx(common.get((parameter, effect), 0.0) + row.mean_r)


def test_coef_adds_draw_by_draw():
    f = fit("us")
    total = f.posterior["b"].sel(coef="x") + f.posterior["r_g"].sel(level_g="s2", effect_g="x")
    row = hl.coef(f, "g", level=0.5).query("level == 's2' and effect == 'x'")
    assert row[ESTIMATES].to_numpy()[0].tolist() == pytest.approx(estimates(total, 0.5))


def test_effects_in_another_order_meet_their_own_common_effect():
    a, b = model("us"), model("reversed")
    assert [e for x in a.blocks for e in x.effects] != [e for x in b.blocks for e in x.effects]
    f = synthetic_fit(b, values={"b": [100.0, 1.0], "r_g": 0.0})
    means = hl.coef(f, "g").groupby("effect")["mean"].first()
    assert means.to_dict() == pytest.approx({"Intercept": 100.0, "x": 1.0})


def test_no_groups():
    f = fit("none")
    assert hl.ranef(f).empty
    assert hl.coef(f).empty
    assert hl.icc(f).empty
    assert hl.shrinkage(f).levels.empty
    assert list(hl.ranef(f).columns) == ["group", "level", "effect", *ESTIMATES]


def test_an_unknown_grouping_is_named():
    for question in (hl.ranef, hl.coef, hl.shrinkage):
        with pytest.raises(hl.PosteriorError, match="'gg'.*\n.*'g'"):
            question(fit("us"), "gg")
        with pytest.raises(hl.PosteriorError, match="no group terms"):
            question(fit("none"), "g")


def test_methods_are_the_functions():
    f = fit("us")
    pd.testing.assert_frame_equal(f.fixef(), hl.fixef(f))
    pd.testing.assert_frame_equal(f.coef("g"), hl.coef(f, "g"))
    pd.testing.assert_frame_equal(f.summary(level=0.5).frame, hl.summary(f, level=0.5).frame)


def test_awkward_names_are_only_labels():
    table = frame().rename(columns={"x": "sigma", "g": "chain"})
    f = synthetic_fit(hl.Model("y ~ sigma + (sigma | chain)", table))
    assert {"b[sigma]", "sd_chain[sigma]", "sigma"} <= set(hl.summary(f).frame.index)
    assert len(hl.coef(f, "chain")) == 12
