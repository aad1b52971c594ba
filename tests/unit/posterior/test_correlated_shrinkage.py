"""Shrinkage and deviance residuals with correlated residuals, against dense algebra and numerical optimisation."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

import hierlm as hl
from hierlm.fit import Fit
from hierlm.posterior.draws import covariance_draws
from tests.unit.posterior.random_points import fit_of_points

CASES = ["ar1(k | g)", "car1(t | g)", "cs(1 | v)", "exp(t + u | g, nugget=True)", "arma(k | g, p=1, q=1)", "ar1(k | v)"]
FAMILIES = ["gaussian", "student_t", "lognormal"]


def table() -> pd.DataFrame:
    """Levels of 3 to 9 rows, in visits of 2 to 4."""
    rng = np.random.default_rng(5)
    sizes = (9, 6, 3, 7, 8)
    frame = pd.DataFrame({"g": np.repeat(list("abcde"), sizes)})
    frame["k"] = np.concatenate([np.sort(rng.choice(12, m, replace=False)) for m in sizes])
    frame["v"] = frame["g"] + (frame["k"] // 4).astype(str)
    frame["t"], frame["u"] = frame["k"] / 3 + 0.1, rng.uniform(0, 2, len(frame))
    frame["x"] = rng.normal(size=len(frame))
    frame["y"] = np.exp(rng.normal(0.3, 0.6, len(frame)))
    return frame.sample(frac=1, random_state=1).reset_index(drop=True)


@cache
def made_up(typed: str, family: str = "gaussian", terms: str = "(1 + x | g)", sigma: str = "sigma ~ x") -> Fit:
    model = hl.Model([f"y ~ x + {terms}", sigma], table(), family, residual=typed)
    return fit_of_points(model, 2, 3)


def means(fit: Fit, variable: str) -> np.ndarray:
    return fit.posterior[variable].to_numpy().mean(axis=(0, 1))


class Dense:
    """All rows with everything but the mean at posterior means."""

    def __init__(self, fit: Fit, typed: str) -> None:
        frame, c = table(), means(fit, "b_sigma")
        self.frame, self.sd = frame, np.exp(c[0] + c[1] * frame["x"].to_numpy())
        self.R = self.correlations(typed, np.atleast_1d(means(fit, "rescor")))
        self.block = frame["v" if typed.endswith("v)") else "g"].to_numpy()
        self.R = np.where(self.block[:, None] == self.block, self.R, 0.0)
        self.V = self.sd[:, None] * self.R * self.sd
        self.nu = float(means(fit, "nu")) if "nu" in fit.posterior else np.inf
        lognormal = fit.model.responses[0].family.name == "lognormal"
        self.y = np.log(frame["y"].to_numpy()) if lognormal else frame["y"].to_numpy()

    def correlations(self, typed: str, v: np.ndarray) -> np.ndarray:
        columns = ["t", "u"] if typed.startswith("exp") else ["t"] if typed.startswith("car1") else ["k"]
        p = self.frame[columns].to_numpy(float)
        d = np.linalg.norm(p[:, None] - p[None], axis=-1)
        if typed.startswith("cs"):
            return np.where(d == 0, 1.0, v[0])
        if typed.startswith("exp"):
            return np.where(d == 0, 1.0, (1 - v[1]) * np.exp(-d / v[0]))
        if typed.startswith("arma"):
            phi, theta = v
            first = (1 + phi * theta) * (phi + theta) / (1 + 2 * phi * theta + theta**2)
            return np.where(d == 0, 1.0, first * phi ** np.maximum(d - 1, 0))
        return v[0] ** d

    def density(self, rows: np.ndarray, mean: np.ndarray) -> float:
        """Of some rows, whole blocks of them."""
        total = 0.0
        for block in np.unique(self.block[rows]):
            own = rows[self.block[rows] == block]
            e = self.y[own] - mean[np.isin(rows, own)]
            law = stats.multivariate_normal if np.isinf(self.nu) else stats.multivariate_t
            shape = (
                {"cov": self.V[np.ix_(own, own)]}
                if np.isinf(self.nu)
                else {"shape": self.V[np.ix_(own, own)], "df": self.nu}
            )
            total += law(**shape).logpdf(e) if len(own) > 1 else self._one(e[0], own[0])
        return float(total)

    def _one(self, e: float, row: int) -> float:
        return float(
            (stats.norm if np.isinf(self.nu) else stats.t(self.nu)).logpdf(e / self.sd[row]) - np.log(self.sd[row])
        )


@pytest.mark.parametrize("typed", CASES)
@pytest.mark.parametrize("family", FAMILIES)
def test_no_pooling_is_the_largest_likelihood_of_the_levels_blocks(typed: str, family: str) -> None:
    """By a search of SciPy's, for each level, of its whole blocks with all else at posterior means."""
    fit = made_up(typed, family)
    dense, found = Dense(fit, typed), fit.shrinkage("g").levels
    assert (found["note"] == "").all()
    b = means(fit, "b")
    for j, level in enumerate("abcde"):
        rows = np.flatnonzero(dense.frame["g"] == level)
        X = np.column_stack([np.ones(len(rows)), dense.frame["x"].to_numpy()[rows]])
        V = dense.V[np.ix_(rows, rows)]
        start = np.linalg.solve(X.T @ np.linalg.solve(V, X), X.T @ np.linalg.solve(V, dense.y[rows]))
        own = found[found["level"] == level]
        estimate = own["no_pooling"].to_numpy(float)
        if family == "student_t":
            best = optimize.minimize(lambda c, rows=rows, X=X: -dense.density(rows, X @ c), start, tol=1e-10)
            assert dense.density(rows, X @ estimate) >= -best.fun - 1e-7
        else:
            np.testing.assert_allclose(estimate, start, rtol=1e-7)
        np.testing.assert_allclose(own["complete_pooling"].to_numpy(float), b)
        np.testing.assert_allclose(own["partial_pooling"].to_numpy(float), b + means(fit, "r_g")[j])


@pytest.mark.parametrize("typed", CASES)
@pytest.mark.parametrize("family", FAMILIES)
def test_weights_count_correlated_rows_together(typed: str, family: str) -> None:
    """1 − posterior over prior variance, Z'(DRD)⁻¹Z being the information; of a t block (ν+m)/(ν+m+2) times that."""
    fit = made_up(typed, family)
    dense, found = Dense(fit, typed), fit.shrinkage("g").levels
    G = covariance_draws(fit, fit.model.groups["g"][0]).mean(axis=0)
    for level in "abcde":
        rows = np.flatnonzero(dense.frame["g"] == level)
        information = np.zeros((2, 2))
        for block in np.unique(dense.block[rows]):
            own = np.flatnonzero(dense.block == block)
            X = np.column_stack([np.ones(len(own)), dense.frame["x"].to_numpy()[own]])
            share = 1.0 if np.isinf(dense.nu) else (dense.nu + len(own)) / (dense.nu + len(own) + 2)
            information += share * X.T @ np.linalg.solve(dense.V[np.ix_(own, own)], X)
        posterior = np.linalg.inv(np.linalg.inv(G) + information)
        expected = 1 - np.diag(posterior) / np.diag(G)
        np.testing.assert_allclose(found.loc[found["level"] == level, "weight"].to_numpy(float), expected, rtol=1e-8)


@pytest.mark.parametrize("typed", ["ar1(k | g)", "exp(t + u | g, nugget=True)"])
def test_groupings_inside_are_noise_beside_the_correlation(typed: str) -> None:
    """Visits within g, smaller than the blocks: M = DRD + F D F' of the level's rows, by dense algebra."""
    fit = made_up(typed, terms="(1 | g) + (1 | v)")
    dense, found = Dense(fit, typed), fit.shrinkage("g").levels.set_index("level")
    tau, inner = ((fit.posterior[f"sd_{g}"].to_numpy() ** 2).mean() for g in "gv")
    visit = dense.frame["v"].to_numpy()
    for level in "abcde":
        rows = np.flatnonzero(dense.frame["g"] == level)
        M = dense.V[np.ix_(rows, rows)] + inner * (visit[rows][:, None] == visit[rows])
        information = np.linalg.inv(M).sum()
        assert found.loc[level, "weight"] == pytest.approx(1 - 1 / (1 + tau * information), rel=1e-8)


def test_levels_that_have_residuals_in_common_are_refused() -> None:
    """Blocks that hold several visits: no visit's rows are alone."""
    fit = made_up("ar1(k | g)", terms="(1 | g) + (1 | v)")
    with pytest.raises(
        hl.PosteriorError, match=r"'v' are not pooled one by one: residuals of different levels(.|\n)*ranef"
    ):
        fit.shrinkage("v")
    every = fit.shrinkage()
    assert set(every.terms["group"]) == {"g"}
    assert "Without v: residuals of different levels are correlated by ar1(k | g)." in repr(every)


def test_variance_functions_are_part_of_what_rows_say() -> None:
    """They were left out of it: sd_i = σ |t_i|^δ, with correlation and without."""
    for residual in (None, "ar1(k | g)"):
        model = hl.Model(["y ~ x + (1 | g)", "sigma ~ 1 + varPower(t)"], table(), residual=residual)
        fit = fit_of_points(model, 2, 3)
        frame = table()
        log_sd = fit.predict(kind="linear", parameter="sigma").draws.to_numpy().mean(axis=(0, 1))
        assert np.ptp(log_sd) > 0.1
        tau, found = (fit.posterior["sd_g"].to_numpy() ** 2).mean(), fit.shrinkage("g").levels.set_index("level")
        phi = 0.0 if residual is None else float(means(fit, "rescor").item())
        for level in "abcde":
            rows = np.flatnonzero(frame["g"] == level)
            k, sd = frame["k"].to_numpy()[rows], np.exp(log_sd[rows])
            V = sd[:, None] * phi ** abs(k[:, None] - k) * sd
            assert found.loc[level, "weight"] == pytest.approx(1 - 1 / (1 + tau * np.linalg.inv(V).sum()), rel=1e-8)


def test_a_link_bends_the_mean() -> None:
    """Of a log link the information is (μ/σ)' R⁻¹ (μ/σ), and the estimate is the largest likelihood."""
    model = hl.Model(["y ~ 1 + (1 | g)", "sigma ~ 1"], table(), "gaussian('log')", residual="ar1(k | g)")
    fit = fit_of_points(model, 2, 3)
    frame, found = table(), fit.shrinkage("g").levels.set_index("level")
    phi, sd = float(means(fit, "rescor").item()), float(np.exp(means(fit, "b_sigma")).item())
    tau = (fit.posterior["sd_g"].to_numpy() ** 2).mean()
    eta = float(means(fit, "b").item()) + means(fit, "r_g")[:, 0]
    for j, level in enumerate("abcde"):
        rows = np.flatnonzero(frame["g"] == level)
        k, y = frame["k"].to_numpy()[rows], frame["y"].to_numpy()[rows]
        P = np.linalg.inv(sd**2 * phi ** abs(k[:, None] - k))
        expected = 1 - 1 / (1 + tau * np.exp(2 * eta[j]) * P.sum())
        assert found.loc[level, "weight"] == pytest.approx(expected, rel=1e-8)
        m = P.sum(axis=0) @ y / P.sum()
        assert found.loc[level, "no_pooling"] == pytest.approx(np.log(m), rel=1e-5)


@pytest.mark.parametrize("typed", CASES)
@pytest.mark.parametrize("family", FAMILIES)
def test_deviance_residuals_are_of_rows_given_those_before(typed: str, family: str) -> None:
    """sign √(2 (sup − here)) of the conditional density, by dense conditioning; normal ones add up to e'V⁻¹e."""
    fit = made_up(typed, family)
    dense, found = Dense(fit, typed), fit.residuals("deviance")["residual"].to_numpy()
    frame = dense.frame
    mu = fit.predict(kind="linear").draws.to_numpy().mean(axis=(0, 1))
    e = dense.y - mu
    order = frame[["t", "u"]].to_numpy() if typed.startswith("exp") else frame[["k", "u"]].to_numpy()
    before = {tuple(p): i for i, p in enumerate(sorted(map(tuple, order)))}
    rank = np.arange(len(frame)) if typed.startswith("cs") else np.array([before[tuple(p)] for p in order])
    for i in range(len(frame)):
        o = np.flatnonzero((dense.block == dense.block[i]) & (rank < rank[i]))
        W = np.linalg.solve(dense.V[np.ix_(o, o)], dense.V[o, i]) if len(o) else np.zeros(0)
        d = (e[i] - W @ e[o]) / np.sqrt(dense.V[i, i] - W @ dense.V[o, i])
        if np.isinf(dense.nu):
            expected = d
        else:
            q = e[o] @ np.linalg.solve(dense.V[np.ix_(o, o)], e[o]) if len(o) else 0.0
            df = dense.nu + len(o)
            law = stats.t(df, scale=np.sqrt((dense.nu + q) / df))
            expected = np.sign(d) * np.sqrt(2 * (law.logpdf(0) - law.logpdf(d)))
        np.testing.assert_allclose(found[i], expected, rtol=1e-7, atol=1e-9)
    if np.isinf(dense.nu):
        assert (found**2).sum() == pytest.approx(e @ np.linalg.solve(dense.V, e))
