"""Answers about structures with coefficients, related levels, sub-populations and multi-membership, from made-up draws."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.fit import Fit
from hierlm.posterior.draws import covariance_draws
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws
from hierlm.posterior.variance import block_variance
from tests.unit.graph.test_structured import (
    K_LEVELS,
    K_TIMES,
    LEVELS,
    PEDIGREE,
    TIMES,
    ante_covariance,
    loadings,
    table,
)
from tests.unit.graph.test_structures import random_point
from tests.unit.posterior.random_points import fit_of_points

S = 6
GIVEN = {"": None, "times": {"K": K_TIMES}, "levels": {"K": K_LEVELS}, "pedigree": {"A": hl.pedigree(PEDIGREE)}}
MODELS = {
    "ar1": ("y ~ x + ar1(0 + t | g)", ""),
    "ante": ("y ~ x + ante(0 + t | g)", ""),
    "exp": ("y ~ x + exp(lat + lon | g)", ""),
    "rr": ("y ~ x + rr(0 + t | g, d=2)", ""),
    "propto": ("y ~ x + propto(0 + t | g, K)", "times"),
    "known": ("y ~ x + known(1 + x | g, K)", "levels"),
    "pedigree": ("y ~ x + (1 | gr(g, cov=A))", "pedigree"),
    "by": ("y ~ x + (1 + x | gr(g, by=trt))", ""),
    "mm": ("y ~ x + (1 | mm(g, h, weights=cbind(w1, w2)))", ""),
    "beside": ("y ~ x + ante(0 + t | g) + (1 + x | g)", ""),
}


@cache
def made_up(name: str) -> Fit:
    """A fit whose draws are random points of the model: what is asked of them is arithmetic."""
    formula, given = MODELS[name]
    model = hl.Model(formula, table(), matrices=GIVEN[given])
    return fit_of_points(model, 2, S // 2)


def draw(fit: Fit, variable: str) -> np.ndarray:
    values = fit.posterior[variable].to_numpy()
    return values.reshape(S, *values.shape[2:])


def values_at(fit: Fit, s: int) -> dict[str, np.ndarray]:
    return {str(v): draw(fit, str(v))[s] for v in fit.posterior.data_vars}


@pytest.mark.parametrize("name", MODELS)
def test_fitted_values_are_those_of_the_graph(name):
    """η = Xb + Zr with the draws of r_g, and the same for new data that are the old."""
    fit = made_up(name)
    data, predictor = table(), fit.model.predictors[0]
    expected = draw(fit, "b") @ predictor.X.T
    for block in fit.model.blocks:
        r = draw(fit, f"r_{block.group}")[:, :, block.columns]
        for piece in block.pieces:
            if block.members is None:
                expected += np.einsum("snk,nk->sn", r[:, block.codes][:, :, piece.effects], piece.Z)
            else:
                w, codes = block.members.weights, block.members.codes
                expected += np.einsum("snmk,nm,nk->sn", r[:, codes][..., piece.effects], w, piece.Z)
    for new in (None, data, data.sample(frac=1.0, random_state=1)):
        found = fit.predict(new, kind="linear").draws.to_numpy().reshape(S, -1)
        at = slice(None) if new is None else new.index.to_numpy()
        np.testing.assert_allclose(found, expected[:, at], atol=1e-12)


def test_covariances_are_the_structures_own():
    fit = made_up("ante")
    V = covariance_draws(fit, fit.model.blocks[0])
    for s in range(S):
        values = values_at(fit, s)
        np.testing.assert_allclose(V[s], ante_covariance(values, values["sd_g"], 4), atol=1e-12)
    fit = made_up("rr")
    V = covariance_draws(fit, fit.model.blocks[0])
    for s in range(S):
        L = loadings(values_at(fit, s), 4, 2)
        np.testing.assert_allclose(V[s], L @ L.T, atol=1e-12)
    fit = made_up("propto")
    V = covariance_draws(fit, fit.model.blocks[0])
    K = K_TIMES.loc[list(TIMES), list(TIMES)].to_numpy()
    np.testing.assert_allclose(V, draw(fit, "scale_g")[:, None, None] ** 2 * K, atol=1e-12)


def test_varcorr_says_sds_correlations_and_coefficients():
    frame = made_up("rr").varcorr().frame.set_index("name")
    V = covariance_draws(made_up("rr"), made_up("rr").model.blocks[0])
    assert frame.loc["sd_g[t[t2]]", "mean"] == pytest.approx(np.sqrt(V[:, 1, 1]).mean())
    r = V[:, 0, 2] / np.sqrt(V[:, 0, 0] * V[:, 2, 2])
    assert frame.loc["cor_g[t[t1], t[t3]]", "mean"] == pytest.approx(r.mean())
    assert "loading_g[t[t1], 1]" in frame.index
    frame = made_up("exp").varcorr().frame.set_index("name")
    assert frame.loc["sd_g[exp(lat:lon)]", "mean"] == pytest.approx(draw(made_up("exp"), "sd_g").mean())
    assert frame.loc["range_g", "quantity"] == "coefficient"
    assert frame.loc["range_g", "mean"] == pytest.approx(draw(made_up("exp"), "range_g").mean())
    assert "cor" not in set(frame["quantity"])


@pytest.mark.parametrize("name", MODELS)
def test_every_table_and_display_is_made(name):
    fit = made_up(name)
    summary = fit.summary(groups=True)
    assert summary.frame[["mean", "sd"]].notna().all().all()
    for answer in (summary, fit.varcorr(), fit.ranef(), fit.coef(), fit.icc(), fit.r2()):
        assert "nan" not in repr(answer).lower()
        answer._repr_html_()
    text = repr(fit.model)
    assert "Sampled by" in text
    assert fit.model.equations("latex").startswith(r"\begin{aligned}")
    fit.model._repr_html_()


def test_rows_of_other_sub_populations_are_left_out():
    frame = made_up("by").ranef()
    assert set(frame.loc[frame["level"] == "g0", "effect"]) == {"Intercept:trt[a]", "x:trt[a]"}
    assert set(frame.loc[frame["level"] == "g4", "effect"]) == {"Intercept:trt[b]", "x:trt[b]"}
    names = made_up("by").summary(groups=True).frame.index
    assert "r_g[g0, Intercept:trt[a]]" in names
    assert "r_g[g0, Intercept:trt[b]]" not in names


def test_shares_count_the_relation_and_the_weights():
    """The mean over rows of Var(Z r): σ² K_jj, and V Σ w² where the levels differ, V (Σ w)² where they are the same."""
    fit = made_up("pedigree")
    K = fit.model.blocks[0].relation.dense(LEVELS)
    codes = fit.model.blocks[0].codes
    expected = draw(fit, "sd_g")[:, 0] ** 2 * np.diag(K)[codes].mean()
    np.testing.assert_allclose(block_variance(fit, fit.model.blocks[0], "y"), expected)
    fit, data = made_up("mm"), table()
    w = data[["w1", "w2"]].to_numpy()
    w = w / w.sum(axis=1, keepdims=True)
    f = np.where(data["g"] == data["h"], 1.0, (w**2).sum(axis=1))
    np.testing.assert_allclose(
        block_variance(fit, fit.model.blocks[0], "y"), draw(fit, "sd_mm(g,h)")[:, 0] ** 2 * f.mean()
    )
    fit = made_up("exp")
    np.testing.assert_allclose(block_variance(fit, fit.model.blocks[0], "y"), draw(fit, "sd_g")[:, 0] ** 2)


@pytest.mark.parametrize("name", ["ar1", "exp", "rr", "propto", "by", "mm", "beside"])
def test_new_levels_have_the_structures_covariance(name, monkeypatch):
    """r_new = Λ z with Λ Λᵀ = V, whether Λ is kept or made anew for each level; the blocks are independent."""
    fit = made_up(name)
    group = fit.model.blocks[0].group
    new = NewLevels(fit.model, Draws(fit.model, fit.posterior), 1, zero=False)
    V = np.zeros_like(root := new.root(group))
    for block in fit.model.blocks:
        at = np.array(block.columns)
        V[:, at[:, None], at] = covariance_draws(fit, block)
    np.testing.assert_allclose(root @ root.swapaxes(1, 2), V, atol=1e-10)
    kept = new.one(group, "new")
    monkeypatch.setattr("hierlm.posterior.levels.MOST", 0)
    np.testing.assert_allclose(new.one(group, "new"), kept, atol=1e-12)
    assert not np.allclose(new.one(group, "another"), kept)


def test_new_data_with_levels_of_every_kind():
    data = table()
    new = data.head(3).copy()
    new.loc[0, "g"] = "somebody"
    for name in ("ar1", "exp", "rr", "by", "mm"):
        drawn = made_up(name).predict(new, kind="linear", seed=1).draws.to_numpy()
        again = made_up(name).predict(new.iloc[::-1], kind="linear", seed=1).draws.to_numpy()
        assert np.isfinite(drawn).all()
        np.testing.assert_array_equal(drawn, again[..., ::-1])
        zero = made_up(name).predict(new, kind="linear", new_levels="zero").draws.to_numpy()
        assert not np.allclose(drawn[..., 0], zero[..., 0])
    with pytest.raises(hl.PredictionError, match=r"does not say how 'somebody' is related(.|\n)*Fit with"):
        made_up("known").predict(new)
    unseen = new.assign(g=["unseen", *new["g"][1:]])  # in K, without rows
    r = draw(made_up("known"), "r_g")
    levels = made_up("known").model.blocks[0].levels
    b = draw(made_up("known"), "b")
    at = levels.index("unseen")
    expected = b[:, 0] + r[:, at, 0] + new["x"][0] * (b[:, 1] + r[:, at, 1])
    found = made_up("known").predict(unseen, kind="linear").draws.to_numpy().reshape(S, -1)[:, 0]
    np.testing.assert_allclose(found, expected)


def test_what_is_refused_of_new_data():
    data = table()
    moved = data.head(2).assign(trt=["b" if v == "a" else "a" for v in data["trt"].head(2)])
    with pytest.raises(hl.PredictionError, match="in another level of 'trt' than when the model was fitted"):
        made_up("by").predict(moved)


@pytest.mark.parametrize("name", ["ante", "known", "mm", "by"])
def test_shrinkage_is_refused_where_levels_are_not_alone(name):
    fit = made_up(name)
    group = fit.model.blocks[0].group
    with pytest.raises(hl.PosteriorError, match="not pooled one by one"):
        fit.shrinkage(group)
    assert f"Without {group}" in repr(fit.shrinkage())


@pytest.mark.parametrize("name", ["ante", "exp", "rr", "propto", "known", "pedigree", "by", "mm", "beside"])
def test_saved_and_loaded_it_answers_the_same(name, tmp_path):
    fit = made_up(name)
    fit.save(tmp_path / "fit.zarr")
    back = hl.load(tmp_path / "fit.zarr")
    pd.testing.assert_frame_equal(back.varcorr().frame, fit.varcorr().frame)
    pd.testing.assert_frame_equal(back.predict(seed=1).frame, fit.predict(seed=1).frame)
    new = table().head(2)
    pd.testing.assert_frame_equal(back.predict(new, seed=1).frame, fit.predict(new, seed=1).frame)
    point = random_point(fit.model.pymc, 3)
    assert back.model.pymc.compile_logp(mode="FAST_COMPILE")(point) == fit.model.pymc.compile_logp(mode="FAST_COMPILE")(
        point
    )
