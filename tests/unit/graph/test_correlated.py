"""Correlated residuals: coloured draws, models of some rows, archives, and MCMCglmm's texts beside them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pymc as pm
import pytest
import xarray as xr

import hierlm as hl
from hierlm import names
from hierlm.errors import PosteriorError
from hierlm.graph.colouring import Colouring
from hierlm.graph.evaluate import PYTHON
from hierlm.model.subset import subset
from hierlm.storage.fingerprint import fingerprint
from hierlm.storage.spec import columns_of, model_of, spec_of


def table() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    sizes = [5, 3, 4, 5, 1]
    frame = pd.DataFrame(
        {"g": np.repeat(list("abcde"), sizes), "t": np.concatenate([np.arange(m) * 1.3 for m in sizes])}
    )
    frame["x"], frame["y"] = rng.normal(size=len(frame)), rng.normal(size=len(frame))
    return frame.sample(frac=1, random_state=1).reset_index(drop=True)


def R_of(model: hl.Model, rescor: list[float]) -> np.ndarray:
    assert model.residual is not None
    n = model.design.n
    L = Colouring(model.residual)(np.tile(rescor, (n, 1)), np.eye(n))
    return L.T @ L


@pytest.mark.parametrize("typed", ["car1(t | g)", "exp(t | g)"])
def test_coloured_draws(typed: str) -> None:
    frame = table()
    value = 0.6 if typed.startswith("car1") else -1 / np.log(0.6)
    gap, same = (
        np.abs(frame.t.to_numpy()[:, None] - frame.t.to_numpy()),
        frame.g.to_numpy()[:, None] == frame.g.to_numpy(),
    )
    expected = np.where(same, 0.6**gap, 0.0)
    np.testing.assert_allclose(R_of(hl.Model("y ~ x", frame, residual=typed), [value]), expected, atol=1e-12)


def test_each_draw_has_its_own_coefficients() -> None:
    model = hl.Model("y ~ x", table(), residual="exp(t + x | g, nugget=True)")
    rng = np.random.default_rng(0)
    rescor, z = rng.uniform(0.2, 0.9, (5, 2)), rng.normal(size=(5, model.design.n))
    assert model.residual is not None
    colouring = Colouring(model.residual)
    each = [colouring(rescor[i : i + 1], z[i : i + 1])[0] for i in range(5)]
    np.testing.assert_allclose(colouring(rescor, z), each, atol=1e-14)


@pytest.mark.parametrize("family", ["gaussian", "student_t", "lognormal"])
def test_prior_predictive_draws_are_correlated(family: str) -> None:
    frame = pd.DataFrame({"g": np.repeat(np.arange(400).astype(str), 2), "t": np.tile([0, 1], 400)})
    frame["y"] = np.exp(np.random.default_rng(1).normal(size=800))
    fixed = {"b[Intercept]": 1.0, "sigma": 0.5, "rescor[phi]": 0.8} | ({"nu": 9.0} if family == "student_t" else {})
    model = hl.Model("y ~ 1", frame, family, residual="ar1(t | g)", priors=fixed)
    y = model.prior_predictive(5, seed=3)["prior_predictive/y"].to_numpy().reshape(5, 400, 2)
    e = ((np.log(y) if family == "lognormal" else y) - 1.0) / 0.5
    r = np.mean([np.corrcoef(each.T)[0, 1] for each in e])
    assert r == pytest.approx(0.8, abs=0.04)
    assert e.var() == pytest.approx(9 / 7 if family == "student_t" else 1.0, rel=0.1)


def test_some_of_the_rows() -> None:
    """The density of fewer rows is that of a model made of them, its priors aside."""
    frame = table()
    keep = np.flatnonzero(np.arange(len(frame)) % 4 != 1)
    for typed, value in (("car1(t | g)", 0.4), ("exp(t | g)", 0.7)):
        whole = hl.Model("y ~ x", frame, residual=typed)
        alone = hl.Model("y ~ x", frame.iloc[keep].reset_index(drop=True), residual=typed)
        given = {"b": np.array([0.1, 0.2]), "sigma": np.array(0.9), "rescor": np.array([value])}
        densities = []
        for model in (subset(whole, keep), alone):
            graph = model.pymc
            total = pm.logp(graph["y"], graph.rvs_to_values[graph["y"]])
            densities.append(float(total.eval({graph[k]: v for k, v in given.items()}, mode=PYTHON)))
        assert densities[0] == pytest.approx(densities[1], abs=1e-10)


def test_archive() -> None:
    model = hl.Model("y ~ x", table(), residual="exp(t | g, nugget=True)")
    again = model_of(spec_of(model), xr.DataTree.from_dict({"data": columns_of(model)}), {})
    assert again.residual is not None
    assert model.residual is not None
    assert again.residual.correlation == model.residual.correlation
    np.testing.assert_array_equal(again.residual.codes, model.residual.codes)
    assert fingerprint(again, {}) == fingerprint(model, {})
    assert fingerprint(hl.Model("y ~ x", table(), residual="exp(t | g)"), {}) != fingerprint(model, {})


def test_what_the_model_says() -> None:
    model = hl.Model("y ~ x", table(), residual="car1(t | g)")
    assert "residuals correlated within g (5 of 1–5 rows)" in str(model)
    assert "multivariate normal" in model.equations()
    assert model.residual is not None
    assert model.residual.labels == ("phi",)
    assert names.element(names.RESIDUAL, "phi") in model.priors()["parameter"].to_list()
    assert "residuals are correlated, car1(t | g)" in str(model.plan())


def test_order_of_rows() -> None:
    frame = table().sort_values(["g", "t"])
    frame["k"] = frame.groupby("g").cumcount()
    frame = frame.sample(frac=1, random_state=4).sort_values("k")
    pair = [hl.Model("y ~ x", frame, residual=typed).residual for typed in ("ar1(1 | g)", "ar1(k | g)")]
    assert pair[0] is not None
    assert pair[1] is not None
    np.testing.assert_array_equal(pair[0].positions, pair[1].positions)
    assert pair[0].ordered_by_rows
    assert not pair[1].ordered_by_rows


def test_dialects_stay_as_they_were() -> None:
    assert hl.Model("y ~ x", table(), residual="units").residual is None
    assert hl.Model("y ~ x", table(), residual="idh(g):units").residual is None


@pytest.mark.slow
def test_fit_finds_the_correlation() -> None:
    rng = np.random.default_rng(5)
    G, T, phi = 80, 6, 0.7
    e = np.zeros((G, T))
    e[:, 0] = rng.normal(size=G)
    for t in range(1, T):
        e[:, t] = phi * e[:, t - 1] + np.sqrt(1 - phi**2) * rng.normal(size=G)
    frame = pd.DataFrame({"g": np.repeat(np.arange(G).astype(str), T), "t": np.tile(np.arange(T), G)})
    frame["y"] = 2.0 + 0.5 * e.ravel()
    fit = hl.Model("y ~ 1", frame, residual="ar1(t | g)").fit(500, chains=2, seed=1, progress=False)
    found = fit.posterior["rescor"].to_numpy()
    assert abs(found.mean() - phi) < 4 * found.std()
    assert found.std() < 0.06
    assert "rescor[phi]" in fit.summary().frame.index


def test_answers_about_single_rows_are_refused() -> None:
    model = hl.Model("y ~ x", table(), residual="car1(t | g)")
    prior = model.prior_predictive(4, seed=1)["prior"].to_dataset()
    from hierlm.posterior.levels import NewLevels
    from hierlm.posterior.linear import Draws, at_rows
    from hierlm.posterior.response import log_density

    draws, rows = Draws(model, prior), at_rows(model)
    with pytest.raises(PosteriorError, match="residuals"):
        log_density(
            rows,
            draws,
            model.responses[0],
            model.responses[0].y,
            slice(0, 3),
            (),
            NewLevels(model, draws, 1, zero=True),
        )
