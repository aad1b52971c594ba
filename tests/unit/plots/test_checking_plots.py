"""Pictures of checks: what is drawn is what was asked, bands hold what they say, titles say it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from scipy import stats

import hierlm as hl
from hierlm.posterior.checking.bands import order_bands

pytest.importorskip("arviz_plots")
plt = pytest.importorskip("matplotlib.pyplot")
Fitted = Callable[[str], hl.Fit]


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def words(picture) -> str:
    return " ".join(t.get_text() for t in picture.figure.texts)


@pytest.mark.parametrize("n", [8, 60])
def test_bands_hold_whole_samples(n: int):
    """2,000 samples: a share of 95% inside throughout, up to four standard errors of both simulations."""
    lower, upper = order_bands(n)
    u = np.sort(np.random.default_rng(1).uniform(size=(2000, n)), axis=1)
    inside = ((u >= lower) & (u <= upper)).all(axis=1).mean()
    assert inside == pytest.approx(0.95, abs=0.035)


@pytest.mark.parametrize("kind", ["overlay", "ecdf", "stat", "pit", "intervals"])
def test_every_kind_names_what_it_shows(fitted: Fitted, kind: str):
    made = fitted("sleepstudy_us").plot.ppc(kind, draws=40, seed=1, new_groups=True)
    figure = made.figure if hasattr(made, "figure") else plt.gcf()
    text = " ".join(" ".join(t.get_text() for t in figure.texts).split())
    assert "Reaction" in text and ("new levels of Subject" in text or "new groups" in text)


def test_statistic_is_the_datas(fitted: Fitted):
    fit = fitted("sleepstudy_us")
    (axes,) = fit.plot.ppc("stat", stat="max", draws=50, seed=1).axes
    assert axes.lines[0].get_xdata()[0] == fit.model.responses[0].y.max() and axes.get_xlabel() == "max of Reaction"
    rows = fit.plot.ppc("stat", stat="sd", by="Subject", draws=50, seed=1).axes[0]
    assert sum(len(line.get_xdata()) for line in rows.lines) == 18


def test_panels_by_level(fitted: Fitted):
    picture = fitted("sleepstudy_us").plot.ppc("ecdf", by="Subject", draws=20, seed=1)
    assert [a.get_title() for a in picture.axes][:2] == ["308", "309"] and "by Subject" in words(picture)


def test_calibration_of_zeros_and_ones(fitted: Fitted):
    rng = np.random.default_rng(1)
    x = rng.standard_normal(200)
    fit = hl.Model("y ~ x", {"y": (rng.uniform(size=200) < 1 / (1 + np.exp(-x))).astype(int), "x": x}, "bernoulli").fit(
        draws=100, chains=2, seed=1, progress=False
    )
    (axes,) = fit.plot.ppc("calibration", seed=1).axes
    shares = axes.lines[-1].get_ydata()
    assert (np.diff(shares) >= 0).all() and axes.get_ylabel() == "Share of ones (isotonic)"
    with pytest.raises(hl.PosteriorError, match="'Reaction' is not 0 or 1"):
        fitted("sleepstudy_us").plot.ppc("calibration")


def test_residuals_against(fitted: Fitted):
    fit = fitted("sleepstudy_us")
    picture = fit.plot.residuals("Days", kind="response")
    points = picture.axes[0].lines[1]
    np.testing.assert_allclose(points.get_ydata(), fit.residuals("response")["residual"])
    np.testing.assert_allclose(points.get_xdata(), np.tile(np.arange(10), 18))
    assert fit.plot.residuals("order", seed=1).axes[0].get_xlabel() == "Order of rows"
    assert len(fit.plot.residuals("Subject", seed=1).axes[0].get_xticklabels()) == 18
    with pytest.raises(hl.PosteriorError, match="'days' is no column.*\n.*Days"):
        fit.plot.residuals("days")


def test_qq_of_effects_and_residuals(fitted: Fitted):
    fit = fitted("sleepstudy_us")
    picture = fit.plot.qq("Subject")
    assert [a.get_title() for a in picture.axes] == ["Intercept", "Days"] and "Effects of Subject" in words(picture)
    (axes,) = fit.plot.qq(seed=1).axes
    points = sorted(v for line in axes.lines[1:] for v in line.get_ydata())
    np.testing.assert_allclose(points, np.sort(fit.residuals(seed=1)["residual"]))
    with pytest.raises(hl.PosteriorError, match="no effect 'Dys'"):
        fit.plot.qq("Subject", "Dys")


def test_qq_of_normal_effects_stays_inside():
    """Effects that the data determine, 30 of them: normal ones inside the band, those of two camps outside."""
    rng = np.random.default_rng(2)
    g = np.repeat(np.arange(30), 30)
    for effects, inside in ((stats.norm.ppf((np.arange(30) + 0.5) / 30), True), (np.repeat([-2.0, 2.0], 15), False)):
        data = {"y": effects[g] + 0.3 * rng.standard_normal(900), "g": [f"g{i:02d}" for i in g]}
        fit = hl.Model("y ~ 1 + (1 | g)", data).fit(draws=200, chains=2, seed=1, progress=False)
        (axes,) = fit.plot.qq("g").axes
        assert (len(axes.lines[2].get_xdata()) == 0) == inside


def test_ranks(fitted: Fitted):
    fit = fitted("sleepstudy_us")
    picture = fit.plot.ranks("Subject", "Days")
    shown = picture.axes[0].lines[0].get_xdata()
    np.testing.assert_allclose(np.sort(shown), np.sort(fit.ranks("Subject", "Days").frame["rank"]))
    assert "95% intervals of the rank" in words(picture) and "largest Days" in picture.axes[0].get_xlabel()


def test_kinds_that_are_refused(fitted: Fitted):
    fit = fitted("sleepstudy_us")
    with pytest.raises(hl.PosteriorError, match="no posterior predictive check 'ecdff'.*\n.*ecdf"):
        fit.plot.ppc("ecdff")
    with pytest.raises(hl.PosteriorError, match="not drawn by level"):
        fit.plot.ppc("density", by="Subject")
