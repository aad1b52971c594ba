"""The parametric bootstrap against closed forms, and what it says about its replicates."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

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


@pytest.mark.slow
@pytest.mark.statistical
def test_standard_errors_are_those_of_the_equations(fit: hl.Fit):
    """sd of a mean of 30 groups of 4; of 100 replicates it is known to 7%, so 4 of those fail once in 10⁴."""
    found = fit.bootstrap(100, seed=5).table.set_index("statistic")
    point = fit.posterior.mean()
    expected = float(np.sqrt((point["sd_g"] ** 2 + point["sigma"] ** 2 / 4) / 30))
    assert abs(found.loc["b[Intercept]", "sd"] / expected - 1) < 4 * 0.071
    assert abs(found.loc["b[Intercept]", "bias"]) < 4 * expected / 10
    assert (found["coverage"] > 0.85).all()


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
