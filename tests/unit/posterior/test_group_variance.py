"""V = Z G Zᵀ + R of one group against matrices made by hand from the same draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import hierlm as hl
from hierlm.errors import PosteriorError
from hierlm.fit.value import Fit


def table() -> pd.DataFrame:
    rng = np.random.default_rng(6)
    n = 36
    frame = pd.DataFrame({"g": np.repeat(list("abcdef"), 6), "t": np.tile(np.arange(6), 6)})
    frame["h"] = rng.permuted(np.resize(list("uvw"), n))
    frame["g2"] = np.where(frame.t == 0, np.roll(frame.g, 7), frame.g)
    frame["w1"], frame["w2"] = rng.uniform(0.5, 1, n), rng.uniform(0.5, 1, n)
    frame["z"] = frame.g.map({k: i / 5 for i, k in enumerate("abcdef")})
    frame["x"], frame["y"] = rng.normal(size=n), rng.normal(size=n)
    frame["n"] = rng.poisson(3, n)
    return frame.sample(frac=1, random_state=2).reset_index(drop=True)


def fit_of(formula: Any, **options: Any) -> Fit:
    """A fit whose draws are those of the prior."""
    model = hl.Model(formula, table(), **options)
    prior = model.prior_predictive(4, seed=1)["prior"].to_dataset()
    return Fit(model, xr.DataTree.from_dict({"posterior": prior}), {"seed": 1})


def V_of(fit: Fit, *options: Any) -> np.ndarray:
    return fit.group_variance(*options).draws.to_numpy()[0]


def draw(fit: Fit, name: str, s: int) -> np.ndarray:
    return fit.posterior[name].isel(chain=0, draw=s).to_numpy()


def ordered(level: str, by: str | None = "t") -> pd.DataFrame:
    own = table()[lambda d: d.g == level]
    return own if by is None else own.sort_values(by)


def test_residuals_alone() -> None:
    fit = fit_of(["y ~ x", "sigma ~ varExp(x)"], residual="ar1(t | g)")
    found, rows = fit.group_variance("g", "c"), ordered("c")
    assert found.rows == tuple(str(t) for t in rows.t)
    assert list(found.parts) == ["(residual)"]
    for s in range(4):
        sd = np.exp(draw(fit, "b_sigma", s)[0] + draw(fit, "varfun", s)[0] * rows.x.to_numpy())
        R = draw(fit, "rescor", s)[0] ** np.abs(np.subtract.outer(rows.t.to_numpy(), rows.t.to_numpy()))
        np.testing.assert_allclose(V_of(fit, "g", "c")[s], sd[:, None] * R * sd, rtol=1e-10)
    cor = found.frame.query("quantity == 'cor' and row == '0' and row2 == '1'")
    assert cor["mean"].item() == pytest.approx(fit.posterior["rescor"].to_numpy().mean(), rel=1e-10)
    assert found.matrix("cor").to_numpy()[0, 1] == pytest.approx(cor["mean"].item())


def test_slopes_crossed_groups_and_residuals() -> None:
    fit, rows = fit_of("y ~ x + (x | g) + (1 | h)", residual="cs(1 | g:h)"), ordered("b", None)
    found = V_of(fit, "g", "b")
    for s in range(4):
        sd, r = draw(fit, "sd_g", s), draw(fit, "cor_g", s)
        Z = np.column_stack([np.ones(6), rows.x])
        V = Z @ (sd[:, None] * r * sd) @ Z.T
        same = rows.h.to_numpy()[:, None] == rows.h.to_numpy()
        V += same * draw(fit, "sd_h", s)[0] ** 2
        R = np.where(np.eye(6), 1.0, np.where(same, draw(fit, "rescor", s)[0], 0.0))
        V += draw(fit, "sigma", s) ** 2 * R
        # rows of a group are sorted by their block
        order = np.argsort(rows.h.to_numpy(), kind="stable")
        np.testing.assert_allclose(found[s], V[np.ix_(order, order)], rtol=1e-10)


def test_levels_that_are_related_or_several() -> None:
    rng = np.random.default_rng(1)
    A = rng.normal(size=(6, 6))
    K = A @ A.T + np.eye(6)
    frame = pd.DataFrame(K, index=list("abcdef"), columns=list("abcdef"))
    fit = fit_of("y ~ 1 + known(1 | g, K)", matrices={"K": frame})
    for s in range(4):
        expected = draw(fit, "sd_g", s)[0] ** 2 * K[3, 3] + draw(fit, "sigma", s) ** 2 * np.eye(6)
        np.testing.assert_allclose(V_of(fit, "g", "d")[s], expected, rtol=1e-8)
    fit = fit_of("y ~ 1 + (1 | mm(g, g2, weights=cbind(w1, w2)))")
    data = table()
    at = np.flatnonzero((data.g == "e") | (data.g2 == "e"))
    share = data.w1 / (data.w1 + data.w2)
    W = np.zeros((36, 6))
    for column, weight in (("g", share), ("g2", 1 - share)):
        W[np.arange(36), ["abcdef".index(v) for v in data[column]]] += weight
    for s in range(4):
        expected = draw(fit, "sd_mm(g,g2)", s)[0] ** 2 * (W @ W.T)[np.ix_(at, at)]
        expected = expected + draw(fit, "sigma", s) ** 2 * np.eye(len(at))
        np.testing.assert_allclose(V_of(fit, "mm(g,g2)", "e")[s], expected, rtol=1e-10)


def test_scales_of_levels_and_other_families() -> None:
    fit = fit_of(["y ~ 1 + (1 | g)", "sd(g) ~ z"])
    for s in range(4):
        sd = draw(fit, "sd_g", s)[0] * np.exp(draw(fit, "b_sd_g", s)[0] * 0.8)
        np.testing.assert_allclose(V_of(fit, "g", "e")[s], sd**2 + draw(fit, "sigma", s) ** 2 * np.eye(6), rtol=1e-10)
    fit = fit_of("n ~ 1 + (1 | g)", family="poisson")
    j = 2
    for s in range(4):
        mean = np.exp(draw(fit, "b", s)[0] + draw(fit, "r_g", s)[j, 0])
        expected = draw(fit, "sd_g", s)[0] ** 2 + np.log1p(1 / mean) * np.eye(6)
        np.testing.assert_allclose(V_of(fit, "g", "c")[s], expected, rtol=1e-8)


def test_refused() -> None:
    with pytest.raises(PosteriorError, match="neither groupings"):
        fit_of("y ~ 1").group_variance()
    with pytest.raises(PosteriorError, match="several groupings"):
        fit_of("y ~ 1 + (1 | g) + (1 | h)").group_variance()
    fit = fit_of("y ~ 1", residual="ar1(t | g)")
    with pytest.raises(PosteriorError, match="no grouping 'q'"):
        fit.group_variance("q")
    with pytest.raises(PosteriorError, match="no level 'q'"):
        fit.group_variance("g", "q")
    with pytest.raises(PosteriorError, match="'cov' or 'cor'"):
        fit.group_variance("g").matrix("sd")


def test_display_and_picture() -> None:
    fit = fit_of("y ~ 1 + (1 | g)", residual="ar1(t | g)")
    shown = str(fit.group_variance(member="a"))
    assert shown.startswith("V of the rows of g a")
    assert "(residual)" in shown
    assert "<table" in fit.group_variance()._repr_html_()
    assert len(fit.plot.group_variance("g").axes) == 2
