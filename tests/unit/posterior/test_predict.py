"""predict: by hand, invariant to order and to what else is asked, new levels from N(0, V)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import expit

import hierlm as hl
from hierlm.posterior import predict
from tests.synthetic import synthetic_fit

N = 60


def table(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=N),
            "t": rng.integers(0, 4, N).astype(float),
            "f": rng.permuted(np.resize(["low", "mid", "top"], N)),
            "g": rng.permuted(np.resize(list("abcdef"), N)),
            "h": rng.permuted(np.resize([3, 10, 2, 31], N)),
            "n": rng.integers(5, 20, N),
            "w": rng.uniform(0.5, 2, N),
            "e": rng.uniform(1, 3, N),
        }
    )
    frame["y"] = rng.normal(size=N) + frame["x"]
    frame["z"] = rng.normal(size=N) - frame["x"]
    frame["s"] = rng.binomial(frame["n"].to_numpy(), 0.4)
    frame["c"] = rng.poisson(3, N)
    return frame


MODELS: dict[str, tuple[Any, dict[str, Any]]] = {
    "no groups": ("y ~ x + f", {}),
    "correlated": ("y ~ x + (x | g)", {}),
    "uncorrelated": ("y ~ x + f + (x + f || g)", {}),
    "factor slopes": ("y ~ 0 + f + (0 + f | g)", {}),
    "nested": ("y ~ poly(x, 2) + (1 | g/h)", {}),
    "crossed": ("y ~ scale(x) * f + (x | g) + (1 | h)", {}),
    "cells": ("y ~ 1 + (x | g:h)", {}),
    "corh": ("y ~ x + corh(0 + f | g)", {}),
    "unit variances": ("y ~ x + cor(0 + f | g)", {}),
    "mixed sds": ("y ~ x + cor(0 + f | g) + (0 + x | g)", {}),
    "units": ("c ~ x + (1 | g) + (1 | units)", {"family": "poisson"}),
    "binomial": ("s | trials(n) ~ x + (1 | g)", {"family": "binomial"}),
    "offset and weights": ("c | weights(w) ~ x + offset(log(e)) + (1 | h)", {"family": "poisson"}),
    "known errors": ("y | se(e) ~ x + (1 | g)", {}),
    "distributional": (["y ~ x + (1 | g)", "sigma ~ f + (1 | h)"], {}),
    "shared id": (["y ~ x + (1 | p | g)", "sigma ~ 1 + (x | p | g)"], {}),
    "two responses": (["y ~ x + (1 | p | g)", "z ~ f + (1 | p | g) + (1 | h)"], {}),
    "fixed": ("y ~ x + (x | g)", {"priors": {"b[x]": 2.0, "sigma": 1.0, "sd_g[x]": 0.5}}),
    "no intercept at all": ("y ~ 0 + (1 | g)", {}),
}


@pytest.fixture(scope="module", params=MODELS)
def fit(request: pytest.FixtureRequest) -> hl.Fit:
    formula, arguments = MODELS[request.param]
    return synthetic_fit(hl.Model(formula, table(), **arguments), seed=3, chains=2, draws=20)


def asks(fit: hl.Fit) -> list[dict[str, Any]]:
    """Every deterministic question about every response and parameter."""
    found: list[dict[str, Any]] = []
    for response in fit.model.responses:
        found.append({"kind": "mean", "response": response.name})
        found += [{"kind": "linear", "response": response.name, "parameter": p} for p in response.links]
    return found


def test_training_data_give_the_fitted_values(fit: hl.Fit):
    for ask in asks(fit):
        np.testing.assert_array_equal(predict(fit, **ask).draws, predict(fit, table(), **ask).draws)


def test_rows_do_not_depend_on_each_other(fit: hl.Fit):
    data = table()
    some = np.random.default_rng(1).permutation(N)[:17]
    groups = [g for g in fit.model.groups if g != "units"]
    for ask in asks(fit):
        whole = predict(fit, data, groups=groups, **ask).draws.to_numpy()
        part = predict(fit, data.iloc[some, ::-1], groups=groups, **ask).draws.to_numpy()
        one = predict(fit, data.iloc[[some[0]]], groups=groups, **ask).draws.to_numpy()
        np.testing.assert_array_equal(part, whole[..., some])
        np.testing.assert_array_equal(one[..., 0], whole[..., some[0]])


def test_draws_are_joined_by_label(fit: hl.Fit):
    """Shuffling every labelled dimension of the draws changes no number."""
    rng = np.random.default_rng(5)
    posterior = fit.posterior
    dims = [d for d in posterior.dims if d not in ("chain", "draw")]
    shuffled = posterior.isel({d: rng.permutation(posterior.sizes[d]) for d in dims})
    other = replace(fit, draws=xr.DataTree.from_dict({"posterior": shuffled}))
    for ask in asks(fit):
        np.testing.assert_array_equal(predict(fit, **ask).draws, predict(other, **ask).draws)


def test_chunks_do_not_matter(fit: hl.Fit, monkeypatch: pytest.MonkeyPatch):
    new = table().assign(g=["unseen" if i % 3 else "a" for i in range(N)])
    whole = [predict(fit, new, seed=1, **ask) for ask in asks(fit)]
    monkeypatch.setattr("hierlm.posterior.linear.CHUNK", 40 * 7)
    for ask, expected in zip(asks(fit), whole, strict=True):
        got = predict(fit, new, seed=1, **ask)
        np.testing.assert_array_equal(got.draws, expected.draws)
        pd.testing.assert_frame_equal(got.frame, expected.frame)


def by_name(fit: hl.Fit, variable: str, **labels: str) -> np.ndarray:
    return fit.posterior[variable].sel(labels).transpose("chain", "draw").to_numpy()


def test_linear_by_hand():
    data = table()
    fit = synthetic_fit(hl.Model("y ~ x + f + (x | g) + (1 | g:h)", data), chains=2, draws=15)
    eta = predict(fit, data.iloc[:9], kind="linear").draws.to_numpy()
    for i in range(9):
        row = data.iloc[i]
        expected = by_name(fit, "b", coef="Intercept") + by_name(fit, "b", coef="x") * row.x
        if row.f != "low":
            expected = expected + by_name(fit, "b", coef=f"f[{row.f}]")
        expected = expected + by_name(fit, "r_g", level_g=row.g, effect_g="Intercept")
        expected = expected + by_name(fit, "r_g", level_g=row.g, effect_g="x") * row.x
        cell = {"level_g:h": f"{row.g}:{row.h}", "effect_g:h": "Intercept"}
        expected = expected + by_name(fit, "r_g:h", **cell)
        np.testing.assert_allclose(eta[..., i], expected, rtol=1e-12)


def test_parameters_and_responses_by_hand():
    data = table()
    fit = synthetic_fit(hl.Model(["y ~ x + (1 | p | g)", "sigma ~ f + (1 | p | g)"], data), chains=1, draws=10)
    eta = predict(fit, kind="linear", parameter="sigma").draws.to_numpy()
    row = data.iloc[0]
    expected = by_name(fit, "b_sigma", coef_sigma="Intercept")
    if row.f != "low":
        expected = expected + by_name(fit, "b_sigma", coef_sigma=f"f[{row.f}]")
    expected = expected + by_name(fit, "r_g", level_g=row.g, effect_g="sigma:Intercept")
    np.testing.assert_allclose(eta[..., 0], expected, rtol=1e-12)
    two = synthetic_fit(hl.Model(["y ~ x", "z ~ x + (1 | h)"], data), chains=1, draws=10)
    eta = predict(two, response="z").draws.to_numpy()
    expected = by_name(two, "b", coef="z:Intercept") + by_name(two, "b", coef="z:x") * row.x
    expected = expected + by_name(two, "r_h", level_h=str(row.h), effect_h="z:Intercept")
    np.testing.assert_allclose(eta[..., 0], expected, rtol=1e-12)


def test_mean_is_on_the_response_scale():
    data = table()
    fit = synthetic_fit(hl.Model("s | trials(n) ~ x + (1 | g)", data, "binomial"))
    eta = predict(fit, kind="linear").draws
    np.testing.assert_allclose(predict(fit).draws, data["n"].to_numpy() * expit(eta), rtol=1e-12)
    counts = synthetic_fit(hl.Model("c ~ x + offset(log(e)) + (1 | g)", data, "poisson"))
    new = data.assign(e=7.0)
    ratio = predict(counts, new).draws / predict(counts, data).draws
    np.testing.assert_allclose(ratio, np.broadcast_to(7.0 / data["e"].to_numpy(), ratio.shape), rtol=1e-12)


def test_frame_describes_the_draws():
    fit = synthetic_fit(hl.Model("y ~ x + (x | g)", table().set_index(np.arange(N) + 100)))
    got = predict(fit, level=0.8)
    values = got.draws.to_numpy().reshape(-1, N)
    np.testing.assert_allclose(got.frame["mean"], values.mean(0))
    np.testing.assert_allclose(got.frame["sd"], values.std(0, ddof=1))
    np.testing.assert_allclose(got.frame[["lower", "upper"]].T, np.quantile(values, [0.1, 0.9], axis=0))
    assert got.frame.attrs["level"] == 0.8 == got.level
    assert got.frame.index.tolist() == list(range(N))
    assert got.draws.dims == ("chain", "draw", "obs")
    assert "80% equal-tailed interval" in repr(got)
    assert "<table" in got._repr_html_()


def test_dropped_rows_keep_their_places():
    data = table()
    data.loc[[3, 7], "x"] = np.nan
    with pytest.warns(hl.DataWarning):
        model = hl.Model("y ~ x + (1 | g)", data, missing="drop")
    kept = [i for i in range(N) if i not in (3, 7)]
    assert predict(synthetic_fit(model)).frame.index.tolist() == kept


def test_groups_leave_effects_out():
    data = table()
    fit = synthetic_fit(hl.Model("y ~ x + (1 | g) + (x | h)", data))
    whole, none = predict(fit).draws, predict(fit, groups="none").draws
    only_g, only_h = predict(fit, groups=["g"]).draws, predict(fit, groups="h").draws
    np.testing.assert_allclose(whole - none, (only_g - none) + (only_h - none), atol=1e-12)
    np.testing.assert_array_equal(predict(fit, groups=[]).draws, none)
    without = predict(fit, data.drop(columns=["g", "h"]), groups="none").draws  # those columns are not needed then
    np.testing.assert_array_equal(without, none)


def test_thinning_takes_evenly_spaced_draws():
    fit = synthetic_fit(hl.Model("y ~ x + (1 | g)", table()), draws=50)
    thin = predict(fit, draws=5).draws
    assert thin["draw"].to_numpy().tolist() == [0, 12, 24, 37, 49]
    np.testing.assert_array_equal(thin, predict(fit).draws.sel(draw=thin["draw"]))


# ------------------------------------------------------------------------------------------------ new levels
def new_level_effects(fit: hl.Fit, levels: list[str], seed: int = 1, **ask: Any) -> np.ndarray:
    """Intercept effects of new levels, (levels, S)."""
    new = pd.DataFrame({"x": 0.0, "g": levels})
    drawn = predict(fit, new, kind="linear", seed=seed, **ask).draws
    zero = predict(fit, new, kind="linear", new_levels="zero", **ask).draws
    return (drawn - zero).to_numpy().reshape(-1, len(levels)).T


def test_new_levels_have_the_covariance_of_each_draw():
    """Var = E[V] and independence; each bound is 5 Monte-Carlo standard errors."""
    fit = synthetic_fit(hl.Model("y ~ x + (x | g)", table()), chains=4, draws=2500)
    sd = fit.posterior["sd_g"].to_numpy().reshape(-1, 2)
    rho = fit.posterior["cor_g"].to_numpy().reshape(-1, 2, 2)[:, 0, 1]
    at_zero, at_one = pd.DataFrame({"x": [0.0], "g": ["new"]}), pd.DataFrame({"x": [1.0], "g": ["new"]})
    parts = []
    for new in (at_zero, at_one):
        drawn, zero = (predict(fit, new, kind="linear", new_levels=how, seed=2).draws for how in ("draw", "zero"))
        parts.append((drawn - zero).to_numpy().ravel())
    intercept, slope = parts[0], parts[1] - parts[0]
    z = np.stack([intercept / sd[:, 0], slope / sd[:, 1]])
    S = z.shape[1]
    assert np.abs(z.mean(axis=1)).max() < 5 / np.sqrt(S)
    assert np.abs((z**2).mean(axis=1) - 1).max() < 5 * np.sqrt(2 / S)
    assert abs((z[0] * z[1]).mean() - rho.mean()) < 5 * np.sqrt(2 / S)
    residual = (z[1] - rho * z[0]) / np.sqrt(1 - rho**2)  # the correlation of each draw, not of their mean
    assert abs((residual * z[0]).mean()) < 5 / np.sqrt(S)
    assert abs((residual**2).mean() - 1) < 5 * np.sqrt(2 / S)


def test_new_levels_are_independent_and_constant_within():
    fit = synthetic_fit(hl.Model("y ~ x + (1 | g)", table()), chains=4, draws=2500)
    effects = new_level_effects(fit, ["new", "other", "new", "third"])
    np.testing.assert_array_equal(effects[0], effects[2])
    scaled = effects[[0, 1, 3]] / fit.posterior["sd_g"].to_numpy().ravel()
    off_diagonal = np.corrcoef(scaled)[np.triu_indices(3, 1)]
    assert np.abs(off_diagonal).max() < 5 / np.sqrt(10_000)


def test_new_levels_are_reproducible_and_do_not_depend_on_the_others():
    fit = synthetic_fit(hl.Model("y ~ x + (1 | g)", table()))
    some, all_ = new_level_effects(fit, ["u"]), new_level_effects(fit, ["z", "u", "a", "v"])
    np.testing.assert_array_equal(some[0], all_[1])
    assert not np.array_equal(some, new_level_effects(fit, ["u"], seed=2))
    known = new_level_effects(fit, ["a"])
    np.testing.assert_array_equal(known, np.zeros_like(known))
    first, second = (predict(fit, pd.DataFrame({"x": [0.0], "g": ["u"]})).draws for _ in range(2))
    assert not np.array_equal(first, second)  # no seed, no repetition


def test_new_levels_are_shared_by_the_predictors_of_one_block():
    data = table()
    fit = synthetic_fit(hl.Model(["y ~ x + (1 | p | g)", "sigma ~ 1 + (1 | p | g)"], data), chains=4, draws=2500)
    mu = new_level_effects(fit, ["new"])[0]
    sigma = new_level_effects(fit, ["new"], parameter="sigma")[0]
    sd, rho = fit.posterior["sd_g"].to_numpy().reshape(-1, 2), fit.posterior["cor_g"].to_numpy().reshape(-1, 2, 2)
    residual = (sigma / sd[:, 1] - rho[:, 0, 1] * mu / sd[:, 0]) / np.sqrt(1 - rho[:, 0, 1] ** 2)
    assert abs((residual * mu / sd[:, 0]).mean()) < 5 / np.sqrt(10_000)
    assert abs((residual**2).mean() - 1) < 5 * np.sqrt(2 / 10_000)


def test_new_levels_with_a_singular_covariance():
    fit = synthetic_fit(hl.Model("y ~ x + (x | g)", table()))
    posterior = fit.posterior.copy(deep=True)
    posterior["cor_g"][:] = 1.0
    posterior["sd_g"][:] = [0.5, 0.0]
    other = replace(fit, draws=xr.DataTree.from_dict({"posterior": posterior}))
    effects = new_level_effects(other, ["new", "other"])
    assert np.isfinite(effects).all()
    assert effects.std() == pytest.approx(0.5, rel=0.3)


def test_unit_variances_of_new_levels():
    fit = synthetic_fit(hl.Model("y ~ 0 + x + cor(0 + f | g)", table()), chains=4, draws=2500)
    new = pd.DataFrame({"x": 0.0, "f": ["low", "mid", "top"], "g": "new"})
    effects = predict(fit, new, kind="linear", seed=1).draws.to_numpy().reshape(-1, 3)
    assert np.abs(effects.var(axis=0) - 1).max() < 5 * np.sqrt(2 / 10_000)


def test_every_new_row_is_a_new_unit():
    data = table()
    fit = synthetic_fit(hl.Model("c ~ x + (1 | units)", data, "poisson"), chains=4, draws=1000)
    new = pd.DataFrame({"x": [0.0, 0.0]})
    effects = predict(fit, new, kind="linear", seed=1).draws - predict(fit, new, kind="linear", groups="none").draws
    z = effects.to_numpy().reshape(-1, 2) / fit.posterior["sd_units"].to_numpy().reshape(-1, 1)
    assert np.abs((z**2).mean(axis=0) - 1).max() < 5 * np.sqrt(2 / 4000)
    assert abs((z[:, 0] * z[:, 1]).mean()) < 5 / np.sqrt(4000)
    assert "2 new levels of units" in repr(predict(fit, new, seed=1))


def test_new_cells_of_known_factors():
    data = table().iloc[:30]
    fit = synthetic_fit(hl.Model("y ~ x + (1 | g) + (1 | g:h)", data))
    new = pd.DataFrame({"x": [0.0], "g": ["a"], "h": [999]})
    got = predict(fit, new, seed=1)
    assert got.new == {"g:h": ("a:999",)}
    np.testing.assert_array_equal(
        predict(fit, new, new_levels="zero").draws, predict(fit, new.drop(columns="h"), groups=["g"]).draws
    )


# ------------------------------------------------------------------------------------------------ responses
def test_drawn_responses_have_the_distribution_of_the_family():
    fit = synthetic_fit(hl.Model("y ~ x + (1 | g)", table()), chains=4, draws=1000)
    got, mean = predict(fit, kind="response", seed=1).draws, predict(fit).draws
    z = ((got - mean) / fit.posterior["sigma"]).to_numpy()
    assert abs(z.mean()) < 5 / np.sqrt(z.size)
    assert abs((z**2).mean() - 1) < 5 * np.sqrt(2 / z.size)
    np.testing.assert_array_equal(got, predict(fit, kind="response", seed=1).draws)
    assert not np.array_equal(got, predict(fit, kind="response", seed=2).draws)


def test_drawn_counts_are_counts():
    data = table()
    fit = synthetic_fit(hl.Model("s | trials(n) ~ x + (1 | g)", data, "binomial"), chains=4, draws=1000)
    got, mean = predict(fit, data, kind="response", seed=1).draws.to_numpy(), predict(fit).draws.to_numpy()
    assert np.array_equal(got, np.round(got))
    assert got.min() >= 0
    assert (got <= data["n"].to_numpy()).all()
    n = data["n"].to_numpy()
    z = (got - mean) / np.sqrt(mean * (1 - mean / n))
    assert abs(z.mean()) < 5 / np.sqrt(z.size)


@pytest.mark.parametrize("kind", ["mean", "linear", "response"])
def test_new_data_need_no_response(kind: str):
    data = table()
    fit = synthetic_fit(hl.Model("y ~ x + (1 | g)", data))
    got = predict(fit, data.drop(columns="y"), kind=kind, seed=1).draws
    np.testing.assert_array_equal(got, predict(fit, kind=kind, seed=1).draws)


def test_the_method_is_the_function():
    fit = synthetic_fit(hl.Model("y ~ x + (1 | g)", table()))
    pd.testing.assert_frame_equal(fit.predict().frame, hl.predict(fit).frame)
