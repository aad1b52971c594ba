"""Answers about correlated residuals against multivariate normal and t distributions conditioned by dense algebra."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import hierlm as hl
from hierlm import names
from hierlm.errors import HierlmError, PredictionError
from hierlm.fit.value import Fit
from hierlm.posterior.comparison.loo import conditional
from hierlm.posterior.linear import Draws
from hierlm.posterior.priors.likelihood import total_likelihood
from hierlm.posterior.rowwise import left_out_densities

SIZES = (5, 3, 1, 4)
CASES = ["car1(t | g)", "ar1(k | g)", "exp(t + u | g, nugget=True)", "cs(1 | g)", "ar1(1 | g)"]
FAMILIES = ["gaussian", "student_t", "lognormal"]


def table() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"g": np.repeat(list("abcd"), SIZES)})
    frame["k"] = np.concatenate([np.sort(rng.choice(8, m, replace=False)) for m in SIZES])
    frame["t"], frame["u"] = frame["k"] + rng.uniform(0, 0.4, len(frame)), rng.uniform(0, 2, len(frame))
    frame["x"] = rng.normal(size=len(frame))
    frame["y"] = np.exp(rng.normal(0.4, 0.5, len(frame)))
    return frame.sample(frac=1, random_state=1).reset_index(drop=True)


def new_rows() -> pd.DataFrame:
    """Later, earlier and in between of known blocks, and two rows of an unknown one."""
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"g": list("aabbdzz"), "k": [20, -3, 30, 31, 9, 1, 2]})
    frame["t"], frame["u"] = frame["k"] + 0.05, rng.uniform(0, 2, 7)
    frame.loc[2, "t"] = 2.51
    frame["x"], frame["y"] = rng.normal(size=7), np.exp(rng.normal(0.4, 0.5, 7))
    return frame


def fit_of(typed: str, family: str, S: int = 6) -> Fit:
    """A fit whose draws are made up."""
    rng = np.random.default_rng(4)
    model = hl.Model(["y ~ x", "sigma ~ x"], table(), family, residual=typed)
    assert model.residual is not None
    k = len(model.residual.labels)
    arrays = {
        "b": (("coef",), rng.normal(0.3, 0.1, (1, S, 2))),
        "b_sigma": (("coef_sigma",), rng.normal(-0.3, 0.1, (1, S, 2))),
        names.RESIDUAL: ((names.RESIDUAL_DIM,), rng.uniform(0.2, 0.8, (1, S, k))),
    }
    if family == "student_t":
        arrays["nu"] = ((), rng.uniform(3, 6, (1, S)))
    data = xr.Dataset(
        {name: (("chain", "draw", *dims), values) for name, (dims, values) in arrays.items()},
        coords={
            "chain": [0],
            "draw": np.arange(S),
            "coef": ["Intercept", "x"],
            "coef_sigma": ["Intercept", "x"],
            names.RESIDUAL_DIM: list(model.residual.labels),
        },
    )
    return Fit(model, xr.DataTree.from_dict({"posterior": data}), {"seed": 1})


def R_of(typed: str, frame: pd.DataFrame, v: np.ndarray) -> np.ndarray:
    """R of all rows of a frame."""
    same = frame.g.to_numpy()[:, None] == frame.g.to_numpy()
    if typed.startswith("cs"):
        R = np.where(np.eye(len(frame)), 1.0, v[0])
    elif typed.startswith("exp"):
        p = frame[["t", "u"]].to_numpy()
        d = np.sqrt(((p[:, None] - p) ** 2).sum(-1))
        R = np.where(np.eye(len(frame)), 1.0, (1 - v[1]) * np.exp(-d / v[0]))
    else:
        column = "t" if typed.startswith("car1") else "k" if "k" in typed else "order"
        p = frame[column].to_numpy()
        R = v[0] ** np.abs(p[:, None] - p)
    return np.where(same, R, 0.0)


class Dense:
    """The distribution of all rows of a frame at one draw."""

    def __init__(self, fit: Fit, typed: str, frame: pd.DataFrame, s: int) -> None:
        draw = fit.posterior.isel(chain=0, draw=s)
        b, c = draw["b"].to_numpy(), draw["b_sigma"].to_numpy()
        self.family = fit.model.responses[0].family.name
        self.mu = b[0] + b[1] * frame.x.to_numpy()
        sd = np.exp(c[0] + c[1] * frame.x.to_numpy())
        order = frame.assign(order=frame.groupby("g").cumcount())
        self.V = sd[:, None] * R_of(typed, order, draw[names.RESIDUAL].to_numpy()) * sd
        self.nu = float(draw["nu"]) if self.family == "student_t" else np.inf
        self.y = np.log(frame.y.to_numpy()) if self.family == "lognormal" else frame.y.to_numpy()
        self.slope = -self.y if self.family == "lognormal" else np.zeros(len(frame))
        self.block = frame.g.to_numpy()

    def given(self, i: int, known: np.ndarray) -> Any:
        """Row i given some others of its block."""
        o = np.array([j for j in known if self.block[j] == self.block[i] and j != i], dtype=int)
        W = self.V[i, o] @ np.linalg.inv(self.V[np.ix_(o, o)]) if len(o) else np.zeros(0)
        mean = self.mu[i] + W @ (self.y[o] - self.mu[o])
        variance = self.V[i, i] - W @ self.V[o, i]
        if not np.isfinite(self.nu):
            return stats.norm(mean, np.sqrt(variance))
        e = self.y[o] - self.mu[o]
        q = e @ np.linalg.solve(self.V[np.ix_(o, o)], e) if len(o) else 0.0
        df = self.nu + len(o)
        return stats.t(df, mean, np.sqrt(variance * (self.nu + q) / df))

    def density(self, i: int, known: np.ndarray) -> float:
        return float(self.given(i, known).logpdf(self.y[i]) + self.slope[i])

    def joint(self) -> float:
        total = self.slope.sum()
        for g in np.unique(self.block):
            at = np.flatnonzero(self.block == g)
            e, V = self.y[at] - self.mu[at], self.V[np.ix_(at, at)]
            law = stats.multivariate_normal(cov=V) if np.isinf(self.nu) else stats.multivariate_t(shape=V, df=self.nu)
            total += law.logpdf(e)
        return float(total)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("typed", CASES)
def test_rows_given_the_others(typed: str, family: str) -> None:
    fit, frame = fit_of(typed, family), table()
    every = np.arange(len(frame))
    found = fit.log_likelihood()["y"].to_numpy()[0]
    for s in (0, 5):
        dense = Dense(fit, typed, frame, s)
        np.testing.assert_allclose(found[s], [dense.density(i, every) for i in every], rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(conditional(fit.model, Draws(fit.model, fit.posterior)), found, atol=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("typed", CASES)
def test_rows_given_the_earlier_ones_multiply_to_the_joint_density(typed: str, family: str) -> None:
    fit, frame = fit_of(typed, family), table()
    found = fit.log_likelihood(given="earlier")["y"].to_numpy()[0].sum(axis=1)
    expected = [Dense(fit, typed, frame, s).joint() for s in range(6)]
    np.testing.assert_allclose(found, expected, rtol=1e-8)
    np.testing.assert_allclose(total_likelihood(fit, "auto")[0][0], expected, rtol=1e-8)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("typed", CASES)
def test_new_rows_given_the_data(typed: str, family: str) -> None:
    fit, frame, new = fit_of(typed, family), table(), new_rows()
    both = pd.concat([frame, new], ignore_index=True)
    known, fresh = np.arange(len(frame)), len(frame) + np.arange(len(new))
    found = fit.log_likelihood(new)["y"].to_numpy()[0]
    means = fit.predict(new, conditional=True).draws.to_numpy()[0]
    for s in (1, 4):
        dense = Dense(fit, typed, both, s)
        np.testing.assert_allclose(found[s], [dense.density(i, known) for i in fresh], rtol=1e-8, atol=1e-8)
        laws = [dense.given(i, known) for i in fresh]
        wanted = [np.exp(law.mean() + law.var() / 2) if family == "lognormal" else law.mean() for law in laws]
        np.testing.assert_allclose(means[s], wanted, rtol=1e-8)


@pytest.mark.parametrize("typed", ["car1(t | g)", "exp(t + u | g, nugget=True)"])
def test_rows_left_out(typed: str) -> None:
    fit, frame = fit_of(typed, "student_t"), table()
    out = np.array([0, 3, 7, 8])
    keep = np.setdiff1d(np.arange(len(frame)), out)
    found = left_out_densities(fit.model, keep, out, Draws(fit.model, fit.posterior))
    for s in (0, 5):
        dense = Dense(fit, typed, frame, s)
        np.testing.assert_allclose(found[s], [dense.density(i, keep) for i in out], rtol=1e-8)


@pytest.mark.parametrize("family", ["gaussian", "student_t"])
def test_draws_of_new_rows(family: str) -> None:
    """Moments of many draws at the same parameters: the mean, and the covariance of rows drawn together."""
    typed = "car1(t | g)"
    fit = fit_of(typed, family, S=1)
    many = fit.posterior.isel(draw=np.zeros(60_000, dtype=int)).assign_coords(draw=np.arange(60_000))
    fit = Fit(fit.model, xr.DataTree.from_dict({"posterior": many}), {"seed": 1})
    frame, new = table(), new_rows()
    both = pd.concat([frame, new], ignore_index=True)
    dense, n = Dense(fit, typed, both, 0), len(frame)
    drawn = fit.predict(new, kind="response", seed=3).draws.to_numpy()[0]
    o, f = np.arange(n), n + np.arange(len(new))
    W = dense.V[np.ix_(f, o)] @ np.linalg.inv(dense.V[np.ix_(o, o)])
    V = dense.V[np.ix_(f, f)] - W @ dense.V[np.ix_(o, f)]
    sd = np.sqrt(np.diag(V))
    np.testing.assert_allclose((drawn.mean(axis=0) - dense.mu[f] - W @ (dense.y[o] - dense.mu[o])) / sd, 0, atol=0.05)
    R = V / np.outer(sd, sd)
    np.testing.assert_allclose(np.corrcoef(drawn.T), R, atol=0.03)
    if family == "gaussian":
        np.testing.assert_allclose(drawn.std(axis=0), sd, rtol=0.02)
    anew = fit.predict(new, kind="response", seed=3, conditional=False).draws.to_numpy()[0]
    whole = dense.V[np.ix_(f, f)]
    expected = whole / np.sqrt(np.outer(np.diag(whole), np.diag(whole)))
    np.testing.assert_allclose(np.corrcoef(anew.T), expected, atol=0.03)
    np.testing.assert_allclose((anew.mean(axis=0) - dense.mu[f]) / np.sqrt(np.diag(whole)), 0, atol=0.05)


def test_replicates_are_correlated() -> None:
    fit = fit_of("cs(1 | g)", "gaussian", S=1)
    many = fit.posterior.isel(draw=np.zeros(20_000, dtype=int)).assign_coords(draw=np.arange(20_000))
    fit = Fit(fit.model, xr.DataTree.from_dict({"posterior": many}), {"seed": 1})
    drawn = fit.posterior_predictive(seed=1)["y"].to_numpy()[0]
    rho = float(fit.posterior["rescor"][0, 0, 0])
    same = table().g.to_numpy()[:, None] == table().g.to_numpy()
    np.testing.assert_allclose(np.corrcoef(drawn.T), np.where(same, rho, 0.0) + (1 - rho) * np.eye(13), atol=0.04)


@pytest.mark.parametrize("typed", CASES)
def test_normalised_residuals(typed: str) -> None:
    fit, frame = fit_of(typed, "gaussian", S=1), table()
    found = fit.residuals("normalised")["residual"].to_numpy()
    dense = Dense(fit, typed, frame, 0)
    order = frame.assign(order=frame.groupby("g").cumcount())
    by = ["t", "u"] if typed.startswith("exp") else ["order"] if "1 |" in typed else ["t"]
    for g in "abcd":
        at = order[order.g == g].sort_values(by).index.to_numpy()
        L = np.linalg.cholesky(dense.V[np.ix_(at, at)])
        np.testing.assert_allclose(found[at], np.linalg.solve(L, dense.y[at] - dense.mu[at]), rtol=1e-8, atol=1e-10)
    pearson = fit.residuals("pearson")["residual"].to_numpy()
    np.testing.assert_allclose(pearson, (dense.y - dense.mu) / np.sqrt(np.diag(dense.V)), rtol=1e-10)


REFUSED: list[tuple[Any, type[HierlmError], str]] = [
    (lambda f: f.predict(table().head(3), kind="response"), PredictionError, "where the data have a row"),
    (lambda f: f.predict(conditional=True), PredictionError, "were observed"),
    (lambda f: f.predict(new_rows(), kind="linear", conditional=True), PredictionError, "no residual"),
    (lambda f: f.predict(new_rows(), conditional="yes"), PredictionError, "neither True nor False"),
    (lambda f: f.predict(new_rows().drop(columns="t"), kind="response"), PredictionError, "lack the column 't'"),
    (lambda f: f.log_likelihood(given="all"), PredictionError, "no choice"),
]


@pytest.mark.parametrize(("question", "error", "message"), REFUSED)
def test_refused(question: Any, error: type[HierlmError], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        question(fit_of("car1(t | g)", "gaussian"))
    assert caught.value.hint


def test_means_need_no_positions() -> None:
    fit = fit_of("car1(t | g)", "gaussian")
    found = fit.predict(pd.DataFrame({"x": [0.0, 1.0]})).draws.to_numpy()[0]
    b = fit.posterior["b"].to_numpy()[0]
    np.testing.assert_allclose(found, np.stack([b[:, 0], b.sum(axis=1)], axis=1), atol=1e-12)


def test_lags_that_the_data_lack() -> None:
    frame = table()
    model = hl.Model("y ~ x", frame, residual="toep(k | g)")
    prior = model.prior_predictive(5, seed=1)["prior"].to_dataset()
    fit = Fit(model, xr.DataTree.from_dict({"posterior": prior}), {"seed": 1})
    with pytest.raises(PredictionError, match="as far apart"):
        fit.predict(new_rows(), kind="response")
