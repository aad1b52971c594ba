"""Calibration: right models pass, planted errors are found, and the answer says what it is about."""

from __future__ import annotations

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import hierlm as hl
from hierlm.errors import ModelError, PosteriorError, PriorError, SamplingError, StorageError
from hierlm.replicates.calibration import Calibration, judged, noticed
from hierlm.replicates.runner import Records

FEW = {"draws": 60, "tune": 100}


def counts(**priors: Any) -> hl.Model:
    rng = np.random.default_rng(1)
    g = np.repeat(np.arange(10), 6)
    data = {"y": rng.poisson(3, 60), "x": rng.normal(size=60), "g": g.astype(str)}
    known = {
        "b[Intercept]": hl.Prior("Normal", mu=1, sigma=0.7),
        "b": hl.Prior("Normal", mu=0, sigma=0.5),
        "sd_g": hl.Prior("HalfNormal", sigma=0.7),
    }
    return hl.Model("y ~ x + (1 | g)", data, "poisson", priors=known | priors)


def means() -> hl.Model:
    """Normal with closed-form posteriors, for those that tests make themselves."""
    data = {"y": np.arange(8.0)}
    return hl.Model("y ~ 1", data, priors={"b[Intercept]": hl.Prior("Normal", mu=0, sigma=2), "sigma": 1.0})


@pytest.fixture
def posterior(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Replace the sampler by a function of (mean, sd) of the exact posterior of ``means()``."""

    def install(wrong: Any) -> None:
        def refit(model: hl.Model, settings: Any, seed: int, base: hl.Model) -> hl.Fit:
            y = model.responses[0].y
            precision = len(y) + 1 / 4
            mean, sd = wrong(y.sum() / precision, precision**-0.5)
            b = mean + sd * np.random.default_rng(seed).normal(size=(2, 200, 1))
            draws = xr.Dataset({"b": (("chain", "draw", "coef"), b)}, coords={"coef": ["Intercept"]})
            stats = xr.Dataset({"diverging": (("chain", "draw"), np.zeros((2, 200), dtype=bool))})
            return hl.Fit(model, xr.DataTree.from_dict({"posterior": draws, "sample_stats": stats}))

        monkeypatch.setattr(sys.modules["hierlm.replicates.calibrate"], "refit", refit)

    return install


WRONG = {
    "nothing": (lambda m, s: (m, s), None),
    "too narrow": (lambda m, s: (m, 0.5 * s), "too narrow"),
    "too wide": (lambda m, s: (m, 2.2 * s), "too wide"),
    "shifted up": (lambda m, s: (m + 1.0 * s, s), "too high"),
    "shifted down": (lambda m, s: (m - 1.0 * s, s), "too low"),
}


QUICK = ("nothing", "too narrow")


@pytest.mark.parametrize("case", [c if c in QUICK else pytest.param(c, marks=pytest.mark.slow) for c in WRONG])
def test_planted_errors_are_found_and_named(case: str, posterior: Any):
    wrong, finding = WRONG[case]
    posterior(wrong)
    found = means().calibrate(50, seed=3)
    row = found.table.set_index("quantity").loc["b[Intercept]"]
    if finding is None:
        assert found.ok, found
        assert found.verdict.startswith("Calibrated, as far as 50 replicates can tell")
    else:
        assert not found.ok
        assert finding in row["finding"]
        assert found.verdict.startswith("Not calibrated: b[Intercept]: posteriors are " + finding)


def test_a_posterior_that_ignores_the_data_is_noticed_by_the_likelihood(posterior: Any):
    posterior(lambda m, s: (0.0, 2.0))  # the prior: ranks of the parameter itself are uniform
    found = means().calibrate(50, seed=3).table.set_index("quantity")["finding"]
    assert found["b[Intercept]"] == "ok"
    assert found["log-likelihood"] != "ok"


def test_ranks_do_not_depend_on_who_computes_them(tmp_path: Any):
    model = counts()
    here = model.calibrate(20, seed=5, **FEW)
    with ThreadPoolExecutor(2) as pool:
        there = model.calibrate(20, seed=5, executor=pool, store=tmp_path / "c.jsonl", **FEW)
    pd.testing.assert_frame_equal(here.ranks, there.ranks)
    again = model.calibrate(20, store=tmp_path / "c.jsonl", **FEW)  # the seed of the store
    pd.testing.assert_frame_equal(here.ranks, again.ranks)
    assert list(here.frame["quantity"]) == [
        "b[Intercept]", "b[x]", "sd_g[Intercept]", "r_g[0, Intercept]", "r_g[a new level, Intercept]", "log-likelihood",
    ]  # fmt: skip
    with pytest.raises(StorageError, match="another model or data"):
        counts(b=hl.Prior("Normal", mu=0, sigma=1)).calibrate(20, store=tmp_path / "c.jsonl", **FEW)
    assert "mean z" in repr(here)
    assert "<table" in here._repr_html_()


@pytest.mark.slow
def test_processes_give_the_same_ranks():
    model = counts()
    here = model.calibrate(20, seed=5, **FEW)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        pd.testing.assert_frame_equal(model.calibrate(20, seed=5, executor=pool, **FEW).ranks, here.ranks)


@pytest.mark.slow
@pytest.mark.statistical
def test_a_right_model_is_calibrated():
    """Fails by chance once in a hundred seeds, and its seed is fixed."""
    found = counts().calibrate(100, seed=11)
    assert found.ok, found


def test_what_cannot_be_calibrated_is_refused():
    with pytest.raises(PriorError, match="improper"):
        counts(b=hl.Prior("Flat")).calibrate(20)
    with pytest.raises(ModelError, match="weights"):
        hl.Model("y | weights(w) ~ 1", {"y": [1.0, 2.0], "w": [1.0, 2.0]}).calibrate(20)
    with pytest.raises(SamplingError, match="at least 20"):
        counts().calibrate(5)
    with pytest.raises(SamplingError, match="no option 'drawz'"):
        counts().calibrate(20, drawz=100)
    with pytest.raises(SamplingError, match="ranked among 99 draws"):
        counts().calibrate(20, draws=40)


def test_data_beyond_what_can_be_computed_are_told_from_failed_sampling():
    """Probabilities of a beta response that round to 0 or 1."""
    rng = np.random.default_rng(1)
    data = {"p": rng.uniform(0.1, 0.9, 40), "g": np.repeat(list("abcd"), 10)}
    wide = {"b[Intercept]": hl.Prior("Normal", mu=30, sigma=1), "phi": 2.0}
    model = hl.Model("p ~ 1 + (1 | g)", data, "beta", priors=wide)
    with pytest.raises(PriorError, match="beyond what can be computed"):
        model.recover(seed=1, draws=50)
    with pytest.raises(SamplingError, match="All 20 replicates failed, the first with P.*Error: .* beyond"):
        model.calibrate(20, seed=1)


def answer(n: int = 100, failed: int = 0, ess: float = 150.0) -> Calibration:
    rng = np.random.default_rng(0)
    ranks = pd.DataFrame({"b[x]": rng.integers(0, 100, n), "$\\sigma$": rng.integers(0, 30, n)})
    good = tuple({"number": i, "ess": ess, "divergences": 0} for i in range(n))
    bad = tuple({"number": n + i, "error": "SamplingError: no"} for i in range(failed))
    return Calibration(means(), judged(ranks), ranks, Records(n + failed, good, bad), 1)


def test_failures_and_few_effective_draws_are_said():
    found = answer(failed=3, ess=50.0)
    assert not found.ok
    assert "3 of 103 replicates failed and are not in the numbers: 3 × SamplingError: no." in repr(found)
    assert "100 of 100 fits have fewer than 99 effective draws" in repr(found)
    assert "effective draws" not in repr(answer())


@pytest.mark.slow
def test_what_is_noticed_shrinks_with_replicates():
    assert noticed(100, 10) > noticed(1000, 10) > 0
    # a check by simulation: z of a posterior whose sd is too small by that much
    n, q = 200, 5
    factor = 1 + noticed(n, q)
    rng = np.random.default_rng(2)
    from scipy.stats import norm

    caught = 0
    for _ in range(60):
        ranks = np.floor(100 * norm.cdf(factor * rng.normal(size=n))).astype(int).clip(0, 99)
        table = judged(pd.DataFrame({str(i): ranks for i in range(q)}))
        caught += table["finding"].iloc[0] != "ok"
    assert caught > 45


def test_the_plot_has_a_panel_a_quantity_and_refuses_others():
    mpl.use("Agg")
    found = answer()
    picture = found.plot()
    assert len(picture.axes) == 2
    assert "too high" in picture.axes[1].get_title()
    assert len(found.plot("b[x]").axes) == 1
    picture.figure.canvas.draw()
    with pytest.raises(PosteriorError, match=r"'b\[y\]' was not ranked"):
        found.plot("b[y]")
    import matplotlib.pyplot as plt

    plt.close("all")


def test_recovery_compares_truth_and_posterior():
    model = hl.Model("Reaction ~ Days + (1 | Subject)", hl.load_data("sleepstudy"))
    known = {"b[Intercept]": 250, "b[Days]": 10, "sd_Subject[Intercept]": 40, "sigma": 30}
    found = model.recover(values=known, seed=1, draws=200)
    table = found.frame.set_index("parameter")
    assert table.loc[list(known), "true"].tolist() == list(map(float, known.values()))
    assert (abs(table["z"]) < 5).all()
    assert len(table) == 4 + 18
    assert abs(table.loc["b[Days]", "mean"] - 10) < 3
    assert "of 4 parameters are inside their 95% intervals" in found.verdict
    assert "of 18 group effects" in repr(found)
    assert "Subject" not in found._repr_html_().replace("sd_Subject", "")
    same = model.recover(values=known, seed=1, draws=200)
    pd.testing.assert_frame_equal(same.table, found.table)
    assert not np.array_equal(found.fit.model.responses[0].y, model.responses[0].y)


def test_frames_are_of_the_kind_that_was_given():
    pl = pytest.importorskip("polars")
    data = pl.DataFrame({"y": [1.0, 2.0, 4.0, 3.0, 5.0, 2.0], "g": list("aabbcc")})
    model = hl.Model("y ~ 1 + (1 | g)", data)
    found = model.recover(seed=1, draws=50, chains=2)
    assert isinstance(found.frame, pl.DataFrame)
    assert isinstance(found.fit.bootstrap(2, seed=1, draws=50).frame, pl.DataFrame)
    known = {"b[Intercept]": 3.0, "sd_g[Intercept]": 1.0, "sigma": 1.0}
    assert isinstance(model.power("sigma > 0", values=known, n=2, seed=1, draws=50).frame, pl.DataFrame)


def test_recovery_draws_values_from_the_prior_and_refuses_impossible_ones():
    model = counts()
    found = model.recover(seed=2, draws=100, chains=2)
    assert (found.table["true"] != 0).all()
    with pytest.raises(PosteriorError, match="lacks"):
        model.recover(values={"b[x]": 1})
    with pytest.raises(PosteriorError, match="level=2"):
        model.recover(level=2)
    with pytest.raises(SamplingError, match="no option 'seeds'"):
        model.recover(seeds=3)
