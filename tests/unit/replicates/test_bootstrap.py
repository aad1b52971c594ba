"""The parametric bootstrap against closed forms, and what it says about its replicates."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hierlm as hl
from hierlm.errors import FormulaError, PosteriorError, SamplingError, StorageError


@pytest.fixture(scope="module")
def fit() -> hl.Fit:
    """30 groups of 4, balanced."""
    rng = np.random.default_rng(3)
    g = np.repeat(np.arange(30), 4)
    y = 2 + rng.normal(0, 1.5, 30)[g] + rng.normal(size=120)
    return hl.Model("y ~ 1 + (1 | g)", {"y": y, "g": g.astype(str)}).fit(draws=500, seed=1, progress=False)


def test_a_row_a_parameter(fit: hl.Fit, tmp_path: Path):
    found = fit.bootstrap(6, seed=2, draws=100)
    table = found.frame.set_index("statistic")
    assert list(table.index) == ["b[Intercept]", "sd_g[Intercept]", "sigma"]
    for name in table.index:
        assert table.loc[name, "estimate"] == pytest.approx(float(fit.summary().frame.loc[name, "mean"]), rel=1e-9)
        own = found.replicates[name]
        assert table.loc[name, "mean"] == pytest.approx(own.mean())
        assert table.loc[name, "bias"] == pytest.approx(own.mean() - table.loc[name, "estimate"])
        assert table.loc[name, "sd"] == pytest.approx(own.std())
    with ThreadPoolExecutor(2) as pool:
        again = fit.bootstrap(6, seed=2, draws=100, executor=pool, store=tmp_path / "b.jsonl")
    pd.testing.assert_frame_equal(again.table, found.table)
    with pytest.raises(StorageError, match="other at"):
        fit.bootstrap(6, seed=2, draws=100, at="median", store=tmp_path / "b.jsonl")
    assert "6 data sets were drawn at the posterior means" in repr(found)
    assert "<table" in found._repr_html_()


def test_quantities_and_functions(fit: hl.Fit):
    ratio = fit.bootstrap(3, "sd_g[Intercept] / sigma", seed=2, draws=100, at="median")
    draws = fit.posterior["sd_g"].to_numpy()[..., 0] / fit.posterior["sigma"].to_numpy()
    assert ratio.table["estimate"].item() == pytest.approx(np.median(draws))
    own = fit.bootstrap(
        3, lambda f: {"n": f.model.design.n, "top": float(f.model.responses[0].y.max())}, seed=2, draws=100
    )
    assert own.replicates["n"].tolist() == [120, 120, 120]
    assert own.replicates["top"].nunique() == 3
    assert own.table["bias"].isna().all()
    assert fit.bootstrap(3, lambda f: 1.5, seed=2, draws=100).table["statistic"].tolist() == ["statistic"]


J, N, MEAN, BETWEEN, WITHIN = 30, 4, 2.0, 1.5, 1.0


def equations(data_sets: int, at: dict[str, float]) -> dict[str, np.ndarray]:
    """P(parameter < what data were drawn at | data) of balanced data sets, by sums over a grid of both sds.

    Sums of squares are drawn in place of data; cells of the grid have edges where data were drawn.
    """
    rng = np.random.default_rng(8)
    true = at["sigma"] ** 2 + N * at["sd_g[Intercept]"] ** 2
    within = at["sigma"] ** 2 * rng.chisquare(J * (N - 1), data_sets)
    between = true * rng.chisquare(J - 1, data_sets)
    mean = rng.normal(at["b[Intercept]"], np.sqrt(true / (J * N)), data_sets)
    edge = [np.concatenate([v * np.linspace(0.005, 1, 61), v * np.linspace(1, 3, 61)[1:]]) for v in
            (at["sd_g[Intercept]"], at["sigma"])]  # fmt: skip
    tau, sigma = np.meshgrid(*((e[1:] + e[:-1]) / 2 for e in edge), indexing="ij")
    cell = np.log(np.outer(*(np.diff(e) for e in edge))) + stats.halfnorm(scale=4).logpdf(tau)
    cell += stats.halfnorm(scale=4).logpdf(sigma)
    variance = sigma**2 + N * tau**2
    prior, own = 100.0, variance / (J * N)
    below = {name: np.empty(data_sets) for name in at}
    for d in range(data_sets):
        log = cell - J * (N - 1) * np.log(sigma) - within[d] / (2 * sigma**2)
        log += -0.5 * (J - 1) * np.log(variance) - between[d] / (2 * variance)
        log += stats.norm.logpdf(mean[d], MEAN, np.sqrt(prior + own))
        w = np.exp(log - log.max())
        w /= w.sum()
        centre = (mean[d] * prior + MEAN * own) / (prior + own)
        spread = np.sqrt(prior * own / (prior + own))
        below["b[Intercept]"][d] = (w * stats.norm.cdf((at["b[Intercept]"] - centre) / spread)).sum()
        below["sd_g[Intercept]"][d] = w[tau < at["sd_g[Intercept]"]].sum()
        below["sigma"][d] = w[sigma < at["sigma"]].sum()
    return below


@pytest.mark.slow
@pytest.mark.statistical
def test_standard_errors_and_coverage_are_those_of_the_equations():
    """sd and bias of a mean, and how often 80% intervals hold the value drawn at, that of exact posteriors.

    Of 200 replicates an sd is known to 5% and a coverage to 3%, so 4 of those fail once in 10⁴.
    """
    rng = np.random.default_rng(3)
    g = np.repeat(np.arange(J), N)
    y = MEAN + rng.normal(0, BETWEEN, J)[g] + rng.normal(0, WITHIN, size=J * N)
    priors = {
        "b[Intercept]": hl.Prior("Normal", mu=MEAN, sigma=10),
        "sd_g": hl.Prior("HalfNormal", sigma=4),
        "sigma": hl.Prior("HalfNormal", sigma=4),
    }
    fit = hl.Model("y ~ 1 + (1 | g)", {"y": y, "g": g.astype(str)}, priors=priors).fit(seed=1, progress=False)
    n, level = 200, 0.8
    found = fit.bootstrap(n, seed=5, level=level, draws=400).table.set_index("statistic")
    at = {name: float(fit.summary().frame.loc[name, "mean"]) for name in found.index}
    expected = np.sqrt((at["sd_g[Intercept]"] ** 2 + at["sigma"] ** 2 / N) / J)
    assert abs(found.loc["b[Intercept]", "sd"] / expected - 1) < 4 / np.sqrt(2 * n)
    assert abs(found.loc["b[Intercept]", "bias"]) < 4 * expected / np.sqrt(n)
    for name, below in equations(1000, at).items():
        exact = np.mean(np.abs(below - 0.5) < level / 2)
        error = np.sqrt(exact * (1 - exact) * (1 / n + 1 / len(below)))
        assert abs(found.loc[name, "coverage"] - exact) < 4 * error, name
        assert found.loc[name, "coverage_error"] == pytest.approx(np.sqrt(exact * (1 - exact) / n), rel=0.3)


def test_what_is_no_bootstrap_is_refused(fit: hl.Fit):
    with pytest.raises(PosteriorError, match="kind='cases' is no kind of bootstrap"):
        fit.bootstrap(10, kind="cases")
    with pytest.raises(PosteriorError, match="compares"):
        fit.bootstrap(10, "sigma > 1")
    with pytest.raises(FormulaError, match="sgima"):
        fit.bootstrap(10, "sgima")
    with pytest.raises(PosteriorError, match="at='mode'"):
        fit.bootstrap(10, at="mode")
    with pytest.raises(SamplingError, match="n=1 is not"):
        fit.bootstrap(1)
    with pytest.raises(SamplingError, match="All 2 replicates failed, the first with PosteriorError: The statistic is"):
        fit.bootstrap(2, lambda f: "high", seed=1, draws=50)
