"""Groups whose residuals are correlated: densities of whole levels, their effects, new rows, against dense algebra."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import hierlm as hl
from hierlm import names
from hierlm.errors import PosteriorError, PredictionError
from hierlm.fit import Fit
from hierlm.model.subset import subset
from hierlm.posterior.comparison.loo import foreseen
from hierlm.posterior.comparison.refit import left_out
from hierlm.posterior.draws import covariance_draws
from hierlm.posterior.priors.likelihood import total_likelihood
from tests.unit.posterior.random_points import fit_of_points

S = 4
CASES = ["ar1(k | g)", "car1(t | s)", "exp(t + u | g, nugget=True)", "cs(1 | s)", "arma(k | g, p=1, q=1)"]


def table() -> pd.DataFrame:
    """Five levels of g, with two of s in each; rows in no order."""
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"g": np.repeat(list("abcde"), [6, 4, 1, 5, 6])})
    frame["k"] = np.concatenate([np.sort(rng.choice(9, n, replace=False)) for n in (6, 4, 1, 5, 6)])
    frame["s"] = frame["g"] + np.where(frame["k"] % 2, "1", "2")
    frame["t"], frame["u"] = frame["k"] + rng.uniform(0, 0.4, len(frame)), rng.uniform(0, 2, len(frame))
    frame["x"], frame["y"] = rng.normal(size=len(frame)), np.exp(rng.normal(0.4, 0.5, len(frame)))
    return frame.sample(frac=1, random_state=1).reset_index(drop=True)


@cache
def made_up(
    typed: str,
    family: str = "gaussian",
    formulas: tuple[str, ...] = ("y ~ x + (1 + x | g)", "sigma ~ x"),
    link: str | None = None,
) -> Fit:
    """A fit whose draws are random points of the model."""
    model = hl.Model([*formulas], table(), family, residual=typed, link=link)
    return fit_of_points(model, 1, S)


def draw(fit: Fit, variable: str) -> np.ndarray:
    values = fit.posterior[variable].to_numpy()
    return values.reshape(-1, *values.shape[2:])


def R_of(typed: str, frame: pd.DataFrame, v: np.ndarray) -> np.ndarray:
    """Of all rows of a frame."""
    column = frame["s" if "| s" in typed else "g"].to_numpy()
    if typed.startswith("cs"):
        R = np.full((len(frame),) * 2, v[0])
    elif typed.startswith("exp"):
        p = frame[["t", "u"]].to_numpy()
        R = (1 - (v[1] if "nugget" in typed else 0.0)) * np.exp(-np.sqrt(((p[:, None] - p) ** 2).sum(-1)) / v[0])
    else:
        p = frame["t" if typed.startswith("car1") else "k"].to_numpy()
        d = np.abs(p[:, None] - p)
        if typed.startswith("arma"):
            first = (1 + v[0] * v[1]) * (v[0] + v[1]) / (1 + 2 * v[0] * v[1] + v[1] ** 2)
            R = first * v[0] ** np.maximum(d - 1, 0)
        else:
            R = v[0] ** d
    np.fill_diagonal(R, 1.0)
    return np.where(column[:, None] == column, R, 0.0)


def normal(fit: Fit, typed: str, frame: pd.DataFrame, s: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mean and covariance of rows given θ, effects out; the covariance of the residuals; V of the effects."""
    b, c, Z = draw(fit, "b")[s], draw(fit, "b_sigma")[s], np.column_stack([np.ones(len(frame)), frame.x])
    G, sd = covariance_draws(fit, fit.model.blocks[0])[s], np.exp(Z @ c)
    R = sd[:, None] * R_of(typed, frame, draw(fit, names.RESIDUAL)[s]) * sd
    same = frame.g.to_numpy()[:, None] == frame.g.to_numpy()
    return Z @ b, np.where(same, Z @ G @ Z.T, 0.0) + R, R, G


@pytest.mark.parametrize("family", ["gaussian", "lognormal"])
@pytest.mark.parametrize("typed", CASES)
def test_a_level_is_multivariate_normal(typed: str, family: str) -> None:
    """Its rows together, and each given the others."""
    fit, frame = made_up(typed, family), table()
    whole, rows = foreseen(fit, "new_group", "g", None), foreseen(fit, "row_in_known_group", "g", None)
    assert "closed form" in whole.method
    y = np.log(frame.y.to_numpy()) if family == "lognormal" else frame.y.to_numpy()
    slope = -y if family == "lognormal" else np.zeros(len(y))
    for s in range(S):
        mean, V, *_ = normal(fit, typed, frame, s)
        for u, level in enumerate("abcde"):
            at = np.flatnonzero(frame.g == level)
            wanted = stats.multivariate_normal(mean[at], V[np.ix_(at, at)]).logpdf(y[at]) + slope[at].sum()
            assert whole.values[s, u] == pytest.approx(wanted, abs=1e-8)
            for i in at:
                o = at[at != i]
                rest = stats.multivariate_normal(mean[o], V[np.ix_(o, o)]).logpdf(y[o]) if len(o) else 0.0
                assert rows.values[s, i] == pytest.approx(wanted - rest - slope[o].sum(), abs=1e-8)


def by_grid(fit: Fit, typed: str, level: str, s: int, *, scale: bool, link: str = "identity") -> float:
    """log ∫ p(y_g | b) p(b) db of one effect by 4,001 points, every block a multivariate t or normal."""
    frame = table()[lambda f: f.g == level]
    b, c, sd = draw(fit, "b")[s], draw(fit, "b_sigma")[s], draw(fit, "sd_g")[s, 0]
    R, x, y = R_of(typed, frame, draw(fit, names.RESIDUAL)[s]), frame.x.to_numpy(), frame.y.to_numpy()
    block, grid = frame["s" if "| s" in typed else "g"].to_numpy(), np.linspace(-9, 9, 4001)
    mean = np.broadcast_to((b[0] + b[1] * x)[:, None], (len(x), len(grid))).copy()
    spread = np.broadcast_to((c[0] + c[1] * x)[:, None], mean.shape).copy()
    (spread if scale else mean)[...] += sd * grid
    e = (y[:, None] - (np.exp(mean) if link == "log" else mean)) / np.exp(spread)
    total = -spread.sum(axis=0)
    for label in np.unique(block):
        at = np.flatnonzero(block == label)
        part = R[np.ix_(at, at)]
        law: Any = stats.multivariate_normal(cov=part)
        if fit.model.responses[0].family.name == "student_t":
            law = stats.multivariate_t(shape=part, df=draw(fit, "nu")[s])
        total = total + law.logpdf(e[at].T)
    return float(np.log(np.trapezoid(np.exp(total - total.max()) * stats.norm.pdf(grid), grid)) + total.max())


@pytest.mark.parametrize(
    ("typed", "family", "formulas", "link"),
    [
        ("car1(t | s)", "student_t", ("y ~ x + (1 | g)", "sigma ~ x"), None),
        ("ar1(k | g)", "student_t", ("y ~ x + (1 | g)", "sigma ~ x"), None),
        ("ar1(k | g)", "gaussian", ("y ~ x", "sigma ~ x + (1 | g)"), None),
        ("exp(t + u | g)", "gaussian", ("y ~ x + (1 | g)", "sigma ~ x"), "log"),
        ("cs(1 | s)", "student_t", ("y ~ x", "sigma ~ x + (1 | g)"), None),
    ],
)
def test_integrals_that_are_not_normal(typed: str, family: str, formulas: tuple[str, ...], link: str | None) -> None:
    """By quadrature around the mode, which Newton's method finds with the second derivatives of blocks."""
    fit = made_up(typed, family, formulas, link)
    found = foreseen(fit, "new_group", "g", None)
    assert "Gauss" in found.method
    for s in range(S):
        for u, level in enumerate("abcde"):
            wanted = by_grid(fit, typed, level, s, scale="(1 | g)" in formulas[1], link=link or "identity")
            assert found.values[s, u] == pytest.approx(wanted, abs=2e-4 + 2 * found.error), (s, level)
    assert found.error < (0.05 if link else 1e-4)  # exp(b) has a shoulder


def test_models_without_group_effects() -> None:
    """Of gls: the level is a block."""
    fit = made_up("cs(1 | g)", formulas=("y ~ x", "sigma ~ x"))
    found, frame = foreseen(fit, "new_group", "g", None), table()
    earlier = fit.log_likelihood(given="earlier")["y"].to_numpy()[0]
    for u, level in enumerate("abcde"):
        wanted = earlier[:, np.flatnonzero(frame.g == level)].sum(axis=1)
        np.testing.assert_allclose(found.values[:, u], wanted, atol=1e-9)
    others = fit.log_likelihood()["y"].to_numpy()[0]
    rows = foreseen(fit, "row_in_known_group", "g", None)
    np.testing.assert_allclose(rows.values, others, atol=1e-9)
    with pytest.raises(PosteriorError, match="no group effects of 'g'") as caught:
        fit.update_group({"g": ["z"], "x": [0.0], "y": [1.0]})
    assert caught.value.hint


def test_sensitivity_integrates_too() -> None:
    fit = made_up("car1(t | s)")
    values, words = total_likelihood(fit, "integrated")
    np.testing.assert_allclose(values[0], foreseen(fit, "new_group", "g", None).values.sum(axis=1), atol=1e-9)
    assert "closed form" in words


def test_blocks_across_levels_are_refused() -> None:
    """A level's rows depend on those of others: no answer is that of a new level."""
    fit = made_up("car1(t | g)", formulas=("y ~ x + (1 | s)", "sigma ~ x"))
    for question in (lambda: fit.loo("new_group", group="s"), lambda: fit.kfold(2, group="s", seed=1)):
        with pytest.raises(PosteriorError, match="not inside levels of 's'") as caught:
            question()
        assert "kfold" in str(caught.value.hint)
    old = pd.DataFrame({"s": ["z", "z"], "g": ["a", "a"], "t": [20.0, 21.0], "x": 0.0, "y": 1.0})
    with pytest.raises(PosteriorError, match="not inside levels of 's'"):
        fit.update_group(old)
    inside = made_up("car1(t | s)")
    with pytest.raises(PosteriorError, match="not inside levels of 'g'"):  # a known block in a new level
        inside.update_group(old.assign(s="a1", g="z"))


def repeated(fit: Fit, n: int) -> Fit:
    """The first draw n times."""
    posterior = fit.posterior.isel(draw=[0] * n).assign_coords(draw=np.arange(n))
    return Fit(fit.model, xr.DataTree.from_dict({"posterior": posterior}), {"complete": True})


NEW = pd.DataFrame({"g": "z", "s": ["z1", "z1", "z2"], "k": [0, 2, 3], "x": [0.5, -1.0, 0.3], "y": [2.5, 2.0, 0.4]})
LATER = pd.DataFrame({"g": ["z", "z", "w"], "s": ["z1", "z3", "w1"], "k": [4, 4, 4], "x": [0.2, -0.4, 1.0]})


@pytest.mark.parametrize("typed", ["ar1(k | s)", "exp(t + u | g)"])
def test_updated_groups(typed: str) -> None:
    """Effects given the rows, and new rows given both: moments of 20,000 draws at one θ."""
    n = 20_000
    fit = repeated(made_up(typed), n)
    new, later = (f.assign(t=f.k + np.array([0, 0.5, 0.2]), u=0.0) for f in (NEW, LATER))
    both = pd.concat([new, later], ignore_index=True)
    mean, V, _, G = normal(fit, typed, both, 0)
    Z = np.column_stack([np.ones(3), new.x])
    found = fit.update_group(new, seed=1)
    assert np.isneginf(found.khat) or found.khat < 0.1
    o, f = np.arange(3), np.arange(3, 6)
    K = np.linalg.inv(V[np.ix_(o, o)])
    effects = found.given["g", "z"]
    wanted, spread = G @ Z.T @ K @ (new.y - mean[o]), G - G @ Z.T @ K @ Z @ G
    np.testing.assert_allclose((effects.mean(axis=0) - wanted) / np.sqrt(np.diag(spread)), 0, atol=0.04)
    np.testing.assert_allclose(np.cov(effects.T), spread, atol=0.04 * np.diag(spread).max())
    drawn = found.predict(later, kind="response", seed=2).draws.to_numpy()[0]
    W = V[np.ix_(f, o)] @ K
    spread = V[np.ix_(f, f)] - W @ V[np.ix_(o, f)]
    sd = np.sqrt(np.diag(spread))
    np.testing.assert_allclose((drawn.mean(axis=0) - mean[f] - W @ (new.y - mean[o])) / sd, 0, atol=0.04)
    np.testing.assert_allclose(np.cov(drawn.T) / np.outer(sd, sd), spread / np.outer(sd, sd), atol=0.05)
    with pytest.raises(PredictionError, match="where the data have a row"):
        found.predict(new, kind="response")
    known = table().head(1)
    with pytest.raises(PredictionError, match="that the fit has seen") as caught:
        found.predict(known, kind="response")
    assert "fit.predict" in str(caught.value.hint)
    assert len(found.predict(known).frame) == 1


def test_updated_groups_in_order_of_rows() -> None:
    """Rows without positions follow those that were observed."""
    fit = repeated(made_up("ar1(1 | g)"), 20_000)
    found = fit.update_group(NEW, seed=1)
    drawn = found.predict(LATER.head(2), kind="response", seed=2).draws.to_numpy()[0]
    both = pd.concat([NEW, LATER.head(2)], ignore_index=True).assign(k=np.arange(5))
    mean, V, *_ = normal(fit, "ar1(k | g)", both, 0)
    W = V[3:, :3] @ np.linalg.inv(V[:3, :3])
    spread = V[3:, 3:] - W @ V[:3, 3:]
    sd = np.sqrt(np.diag(spread))
    np.testing.assert_allclose((drawn.mean(axis=0) - mean[3:] - W @ (NEW.y - mean[:3])) / sd, 0, atol=0.04)
    np.testing.assert_allclose(np.corrcoef(drawn.T)[0, 1], spread[0, 1] / sd.prod(), atol=0.03)


def test_levels_left_out_are_foreseen_by_refits() -> None:
    """One fold: log of the mean over the refit's draws of the multivariate normal density of the level."""
    typed, frame = "ar1(k | g)", table()
    model = hl.Model("y ~ x + (1 | g)", frame, residual=typed)
    out = np.flatnonzero(frame.g == "e")
    settings = {"draws": 100, "tune": 200, "chains": 1, "seed": 3, "progress": False}
    values, _ = left_out((model, out, "g", settings))
    part = subset(model, np.setdiff1d(np.arange(len(frame)), out)).fit(**settings)
    each, held = [], frame.iloc[out]
    for s in range(100):
        b, sd, sigma = draw(part, "b")[s], draw(part, "sd_g")[s, 0], draw(part, "sigma")[s]
        V = sigma**2 * R_of(typed, held, draw(part, names.RESIDUAL)[s]) + sd**2
        each.append(stats.multivariate_normal(b[0] + b[1] * held.x, V).logpdf(held.y))
    np.testing.assert_allclose(values, [np.logaddexp.reduce(each) - np.log(100)], atol=1e-7)
